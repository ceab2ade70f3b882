import { describe, expect, test } from "bun:test";
import { dirname, join } from "node:path";
import { wheels } from "../../../../src/cmd/addon/wheels.ts";
import { fileOf, optionsOf, refusalOf } from "../parsing.ts";

const manifest = `schema_version = "1.0.0"
id = "it"
version = "1.0.0"
name = "It"
tagline = "It is"
maintainer = "Me"
type = "add-on"
blender_version_min = "4.2.0"
blender_version_max = "4.4.0"
license = ["SPDX:MIT"]
platforms = ["linux-x64", "linux-arm64"]
`;
const dir = dirname(fileOf("wheels-ext/blender_manifest.toml", manifest));
const project = fileOf(
  "wheels-ext/pyproject.toml",
  '[project]\nname = "it"\nversion = "1"\ndependencies = ["scipy>=1"]\noptional-dependencies.x = ["attrs"]\n',
);
const empty = dirname(fileOf("wheels-empty/blender_manifest.toml", manifest));
fileOf("wheels-empty/pyproject.toml", '[project]\nname = "it"\nversion = "1"\n');
const bare = dirname(fileOf("wheels-bare/blender_manifest.toml", manifest));
const list = fileOf("wheels-needs.txt", "pillow\n--index-url https://a/simple\n--pre\n");

const namesOf = async (...tokens: string[]) => {
  const { request, targets, notes } = await optionsOf(wheels, tokens);
  return {
    needs: request.requirements.map(({ text }) => text),
    targets: targets.map(({ target }) => target.name),
    notes,
  };
};
const official = ["blender-4.2-linux-x64", "blender-4.3-linux-x64"];

describe("what is needed:", () => {
  test("the project's own, for the Blenders of the manifest", async () => {
    expect(await namesOf(dir)).toEqual({
      needs: ["scipy>=1"],
      targets: official,
      notes: ["linux-arm64 gets no wheels: there is no official Blender for it"],
    });
    expect(await optionsOf(wheels, [dir])).toMatchObject({
      own: { dir, path: join(dir, "blender_manifest.toml"), source: manifest },
      request: { prereleases: false, before: null, replaced: [], deps: true, limit: 120_000 },
      lock: null,
      newLock: null,
      check: false,
      dryRun: false,
    });
    expect((await namesOf(dir, "--extra", "x")).needs).toEqual(["scipy>=1", "attrs"]);
    expect((await namesOf(empty)).needs).toEqual([]);
  });

  test("only what is typed, or stands in files, where anything does", async () => {
    expect((await namesOf(dir, "pillow", "attrs")).needs).toEqual(["pillow", "attrs"]);
    expect((await namesOf(dir, "-r", list)).needs).toEqual(["pillow"]);
    expect((await namesOf(bare, "attrs", "-r", project)).needs).toEqual(["attrs", "scipy>=1"]);
    const { request, indexes } = await optionsOf(wheels, [dir, "-r", list]);
    expect(request.prereleases).toBe(true);
    expect(indexes.choices.indexUrl).toBe("https://a/simple");
  });
});

test.each<[string[], object]>([
  [["--replace-bundled"], { request: { replaced: "all" } }],
  [["--timeout", "3"], { request: { limit: 3000 } }],
  [
    ["--pre", "--exclude-newer", "2025-01-31"],
    { request: { prereleases: true, before: Date.parse("2025-02-01") } },
  ],
  [["--check"], { check: true }],
  [["--dry-run"], { dryRun: true }],
  [["--lock", "pylock.toml"], { newLock: "pylock.toml" }],
])("%j", async (tokens, expected) => {
  expect(await optionsOf(wheels, [dir, ...tokens])).toMatchObject(expected);
});

test("which Blenders", async () => {
  expect((await namesOf(dir, "--platform", "macos-arm64", "--macos", "12")).targets).toEqual([
    "blender-4.2-macos-arm64@12",
    "blender-4.3-macos-arm64@12",
  ]);
  expect((await namesOf(dir, "--for", "blender-5.1-linux-x64@2.35")).targets).toEqual([
    "blender-5.1-linux-x64@2.35",
  ]);
});

const lock = fileOf(
  "wheels-lock/pylock.toml",
  'lock-version = "1.0"\ncreated-by = "x"\npackages = []\n',
);

test.each<[string[], string, RegExp]>([
  [["scipy>=1", "attrs"], "no-folder", /addon wheels \. ['"]scipy>=1['"] attrs/],
  [[dirname(dir)], "no-manifest", /can't read .*\n.*name the folder of an extension/],
  [[bare], "no-dependencies", /addon wheels .* ['"]scipy>=1.11['"], or -r/],
  [[dir, "--platform", "amiga"], "bad-platform", /windows-x64, linux-x64/],
  [[dir, "--platform", "linux-x64", "--for", "blender-4.2-linux-x64"], "bad-platform", /leave out/],
  [[dir, "--glibc", "new"], "bad-system", /--glibc is 'new'/],
  [[dir, "--for", "blender-1.0-amiga"], "unknown-target", /pkg targets/],
  [[dir, "bpy"], "bad-requirement", /bpy is Blender itself/],
  [[dir, "-r", lock, "attrs"], "lock-decides", /attrs would change that/],
  [[dir, "-r", lock, "--pre"], "lock-decides", /--pre would/],
  [[dir, "-r", lock, "--exclude-newer", "2025-01-31"], "lock-decides", /--exclude-newer would/],
  [[dir, "--locked"], "no-lock", /neither pylock\.toml nor uv\.lock/],
  [[dir, "--lock", "my.toml"], "bad-lock-name", /pylock\.toml or pylock\.NAME\.toml/],
])("%j is refused", async (tokens, code, says) => {
  const refusal = await refusalOf(wheels, tokens);
  expect([refusal.code, refusal.exitCode]).toEqual([code, 2]);
  expect(refusal.says).toMatch(says);
});

test("a lock that is named is followed, and needs no project", async () => {
  const options = await optionsOf(wheels, [bare, "-r", lock]);
  expect(options.lock?.path).toBe(lock);
});

describe("beside a lock", () => {
  const locked = dirname(fileOf("wheels-locked/blender_manifest.toml", manifest));
  fileOf(
    "wheels-locked/pyproject.toml",
    '[project]\nname = "it"\nversion = "1"\ndependencies = ["a @ https://a/a-1-py3-none-any.whl"]\noptional-dependencies.x = ["b"]\n',
  );
  const empty = 'lock-version = "1.0"\ncreated-by = "x"\npackages = []\n';
  const own = fileOf("wheels-locked/pylock.toml", empty);
  const open = fileOf("wheels-lock/pylock.open.toml", `${empty}extras = ["x"]\n`);
  const needs = fileOf("wheels-lock/needs.txt", "pillow\n");

  test("what the project needs has to be met, an address by its name", async () => {
    const { request, parts } = await optionsOf(wheels, [locked, "--locked", "--extra", "x"]);
    expect(request.requirements.map(({ name }) => name)).toEqual(["a", "b"]);
    expect(parts).toEqual({ extras: [], groups: [] });
  });

  test("an extra may be one of the lock alone", async () => {
    const { parts } = await optionsOf(wheels, [bare, "-r", open, "--extra", "x"]);
    expect(parts).toEqual({ extras: ["x"], groups: [] });
  });

  test("--locked means the one in the extension's folder, whatever -r names", async () => {
    expect((await optionsOf(wheels, [locked, "-r", needs, "--locked"])).lock?.path).toBe(own);
  });
});
