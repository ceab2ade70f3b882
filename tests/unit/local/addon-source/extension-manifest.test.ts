import { describe, expect, test } from "bun:test";
import type { Failure } from "../../../../src/failure.ts";
import { parseManifest } from "../../../../src/local/addon-source/extension-manifest.ts";
import { tomlOf as toml, goodManifest as whole } from "../../../support/extensions.ts";
import { failureOfCall } from "../../../support/failure.ts";

function failure(text: string): Failure {
  return failureOfCall(() => parseManifest(text, "x/blender_manifest.toml"));
}

test("what Blender's documentation shows, with all that may be there", () => {
  const text = `${toml(whole)}
# Optional
website = "https://example.org/"
copyright = [
  "2002-2024 Developer Name",
  "1998 Company Name",
]
tags = ["Animation", "Sequencer"]
platforms = ["windows-x64", "macos-arm64", "linux-x64"]
blender_version_max = "5.1.0"
wheels = [
  "./wheels/jsmin-3.0.1-py3-none-any.whl",
]
something_new = 1979-05-27

[permissions]
network = "Need to sync motion-capture data"

[build]
paths_exclude_pattern = ["__pycache__/", "/.git/", "/*.zip"]
`;
  expect(parseManifest(text, "m")).toMatchObject({
    ...whole,
    platforms: ["windows-x64", "macos-arm64", "linux-x64"],
    wheels: ["./wheels/jsmin-3.0.1-py3-none-any.whl"],
    blender_version_max: "5.1.0",
  } as object);
});

test.each([
  ["id", "class"],
  ["permissions", ["files", "network"]],
  ["blender_version_min", "4"],
  ["blender_version_max", ""],
  ["tagline", "Ends with a dot."],
  ["tags", ["One of its maker's own "]],
])("what Blender installs, although it wouldn't publish it: %s", (field, value) => {
  expect(parseManifest(toml({ ...whole, [field]: value }), "m")).toMatchObject({ [field]: value });
});

test("what 'extension build --split-platforms' adds wins", () => {
  const wheels = ["./a-1-py3-none-any.whl", "./b-1-cp311-cp311-win_amd64.whl"];
  const text = `${toml({ ...whole, wheels, platforms: ["linux-x64", "windows-x64"] })}
# BEGIN GENERATED CONTENT.
# This must not be included in source manifests.
[build.generated]
platforms = ["linux-x64"]
wheels = ["./a-1-py3-none-any.whl"]
# END GENERATED CONTENT.
`;
  expect(parseManifest(text, "m")).toMatchObject({
    platforms: ["linux-x64"],
    wheels: ["./a-1-py3-none-any.whl"],
  });
});

describe("what is wrong is named", () => {
  test.each(Object.keys(whole))("%s is missing", (field) => {
    const { message, code, exitCode } = failure(toml({ ...whole, [field]: undefined }));
    expect(message).toBe(`x/blender_manifest.toml: ${field} is missing`);
    expect([code, exitCode]).toEqual(["bad-manifest", 1]);
  });

  test.each([
    ["id", "my-ext"],
    ["id", "_x"],
    ["id", "a__b"],
    ["id", "../x"],
    ["id", "con"],
    ["id", "Com1"],
    ["version", "1.2"],
    ["version", "1.02.3"],
    ["version", "1.2.3-01"],
    ["version", 1],
    ["schema_version", "1"],
    ["type", "keymap"],
    ["license", "GPL"],
    ["license", []],
    ["name", " "],
    ["name", "a\u001b[31m"],
    ["blender_version_min", "4.2 LTS"],
    ["wheels", ["C:\\x.whl"]],
    ["wheels", ["x.zip"]],
    ["wheels", ["./nul.x-1-py3-none-any.whl"]],
    ["wheels", ["./wheels./a-1-py3-none-any.whl"]],
    ["wheels", ["./a-1-py3-none-any:b.whl"]],
    ["wheels", ["aux/a-1-py3-none-any.whl"]],
    ["wheels", ["./wheels/short-1.0.whl"]],
    ["maintainer", " Me"],
    ["copyright", "2002 Me"],
    ["platforms", []],
  ])("%s is %j", (field, value) => {
    const { message } = failure(toml({ ...whole, [field]: value }));
    expect(message).toStartWith(`x/blender_manifest.toml: ${field}`);
    const seen = Array.isArray(value) && value.length > 0 ? value[0] : value;
    expect(message).toContain(JSON.stringify(seen));
  });

  test("wheels that stand below [permissions], where Blender refuses them", () => {
    const { message, hint } = failure(
      `${toml(whole)}[permissions]\nnetwork = "x"\nwheels = ["./a-1-py3-none-any.whl"]\n`,
    );
    expect(message).toContain("permissions is");
    expect(message).toContain("other fields stand before [permissions]");
    expect(hint).toContain("Manifest");
  });

  test("several at once", () => {
    const { message } = failure(toml({ ...whole, id: "a-b", tagline: undefined }));
    expect(message).toContain('id is "a-b"');
    expect(message).toContain("tagline is missing");
  });

  test.each([
    ["unterminated", 'id = "x'],
    ["the same key twice", 'id = "x"\nid = "y"'],
    ["not TOML", "{}"],
    ["binary", "\0\x01"],
  ])("%s", (_, text) => {
    expect(failure(text)).toMatchObject({ code: "bad-manifest" });
  });
});
