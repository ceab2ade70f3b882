import { describe, expect, test } from "bun:test";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import fc from "fast-check";
import { readPylock } from "../../../../src/wheels/lock/pylock.ts";
import { type ChosenSet, lockDraft, pylockText } from "../../../../src/wheels/lock/write-pylock.ts";
import { officialBlender } from "../../../support/targets.ts";
import { askPackaging } from "./packaging-select.ts";

type Chosen = ChosenSet["packages"][number];

const sha256 = "0".repeat(64);
const folder = resolve("/locks");

function chosen(
  name: string,
  version: string,
  more: Partial<Chosen["file"] & object> = {},
): Chosen {
  const filename = `${name}-${version}-py3-none-any.whl`;
  const file = {
    ...{ filename, url: `https://h/${filename}`, hashes: { sha256 }, from: "https://h/simple/" },
    ...{ requiresPython: null, yanked: null, metadata: null, size: 7, uploaded: null },
    ...more,
  };
  return { name, version, file, requiredBy: [] };
}
const kept = (name: string, version: string): Chosen => ({ ...chosen(name, version), file: null });
const neededBy = (one: Chosen, name: string, version: string): Chosen => ({
  ...one,
  requiredBy: [{ by: { name, version } }],
});
const set = (target: string, ...packages: Chosen[]): ChosenSet => ({
  target: officialBlender(`blender-${target}`),
  packages,
});

const text = (sets: ChosenSet[]) => pylockText(lockDraft(sets), `${folder}/pylock.toml`, new Map());
const markers = (...sets: ChosenSet[]) =>
  Object.fromEntries(
    lockDraft(sets).packages.map(({ name, version, marker }) => [`${name} ${version}`, marker]),
  );

test("all that is known of a file, and who needs what", () => {
  const uploaded = "2025-01-02T03:04:05.678901Z";
  const path = pathToFileURL(resolve("/wheels/b-1.0-py3-none-any.whl")).href;
  const sets = [
    set(
      "4.2-linux-x64",
      chosen("a", "1.0", { uploaded, requiresPython: ">=3.8" }),
      neededBy(chosen("b", "1.0", { url: path, from: "wheels", hashes: {} }), "a", "1.0"),
      neededBy(kept("numpy", "1.24.3"), "b", "1.0"),
    ),
  ];
  const fetched = new Map([["b-1.0-py3-none-any.whl", { sha256: "ab", size: 9 }]]);
  expect(pylockText(lockDraft(sets), `${folder}/pylock.toml`, fetched)).toBe(`lock-version = "1.0"
environments = ["python_version == '3.11' and sys_platform == 'linux' and platform_machine == 'x86_64'"]
requires-python = ">=3.11"
created-by = "blender-remote-cli"

[[packages]]
name = "a"
version = "1.0"
requires-python = ">=3.8"
index = "https://h/simple/"

[[packages.dependencies]]
name = "b"

[[packages.wheels]]
name = "a-1.0-py3-none-any.whl"
upload-time = 2025-01-02T03:04:05.678901Z
url = "https://h/a-1.0-py3-none-any.whl"
size = 7

[packages.wheels.hashes]
sha256 = "${sha256}"

[[packages]]
name = "b"
version = "1.0"

[[packages.wheels]]
name = "b-1.0-py3-none-any.whl"
path = "../wheels/b-1.0-py3-none-any.whl"
size = 9

[packages.wheels.hashes]
sha256 = "ab"

[tool.blender-remote-cli.targets."blender-4.2-linux-x64"]
python = "3.11.7"
marker = "python_version == '3.11' and sys_platform == 'linux' and platform_machine == 'x86_64'"

[tool.blender-remote-cli.targets."blender-4.2-linux-x64".kept]
numpy = "1.24.3"
`);
});

describe("markers stand where targets differ, the simplest that tells them apart", () => {
  const linux = "4.2-linux-x64";
  const windows = "4.2-windows-x64";

  test("none where all take it, or one has it in that version", () => {
    expect(
      markers(
        set(linux, chosen("a", "1.0"), chosen("numpy", "1.24.3")),
        set(windows, chosen("a", "1.0"), kept("numpy", "1.24.3")),
      ),
    ).toEqual({ "a 1.0": null, "numpy 1.24.3": null });
  });

  test("the system, Python, the machine, and both or all of them", () => {
    const a = chosen("a", "1.0");
    expect(markers(set(linux, a), set(windows))).toEqual({ "a 1.0": "sys_platform == 'linux'" });
    expect(markers(set(linux, a), set("5.1-linux-x64"), set("3.3-linux-x64", a))).toEqual({
      "a 1.0": "python_version == '3.10' or python_version == '3.11'",
    });
    expect(markers(set("4.2-macos-arm64", a), set("4.2-macos-x64"))).toEqual({
      "a 1.0": "platform_machine == 'arm64'",
    });
    const mixed = markers(set("4.2-macos-arm64", a), set("4.2-macos-x64"), set(linux, a));
    expect(mixed).toEqual({
      "a 1.0":
        "(sys_platform == 'darwin' and platform_machine == 'arm64') or (sys_platform == 'linux' and platform_machine == 'x86_64')",
    });
  });

  test("several versions, each where it is taken", () => {
    expect(
      markers(
        set(linux, chosen("a", "1.0")),
        set(windows, chosen("a", "2.0")),
        set("5.1-windows-x64", chosen("a", "1.0")),
      ),
    ).toEqual({
      "a 1.0":
        "(python_version == '3.11' and sys_platform == 'linux') or (python_version == '3.13' and sys_platform == 'win32')",
      "a 2.0": "python_version == '3.11' and sys_platform == 'win32'",
    });
  });

  test("two that no marker tells apart are an error that names them", () => {
    const sets = [set(linux, chosen("a", "1.0")), set("4.5-linux-x64", chosen("a", "2.0"))];
    expect(() => lockDraft(sets)).toThrow(
      "a 1.0 is for blender-4.2-linux-x64 and not for blender-4.5-linux-x64, which no marker tells apart",
    );
  });
});

test("which need is meant is told where there are several versions", () => {
  const sets = [
    set("4.2-linux-x64", chosen("a", "1.0"), neededBy(chosen("b", "1.0"), "a", "1.0")),
    set("4.2-windows-x64", chosen("a", "1.0"), neededBy(chosen("b", "2.0"), "a", "1.0")),
  ];
  expect(text(sets)).toContain(`[[packages.dependencies]]
name = "b"
version = "1.0"

[[packages.dependencies]]
name = "b"
version = "2.0"
`);
});

test("a time that is none is left out", () => {
  expect(text([set("4.2-linux-x64", chosen("a", "1.0", { uploaded: "soon" }))])).not.toContain(
    "upload-time",
  );
});

const targetList = [
  "3.3-linux-x64",
  "4.2-linux-x64",
  "4.2-windows-x64",
  "4.2-macos-arm64",
  "4.5-macos-x64",
  "5.1-linux-x64",
  "5.1-windows-arm64",
  "5.1-windows-x64",
];

test("whatever is chosen comes back for each target, the same in any order, and packaging reads it", async () => {
  const packagesOf = fc.dictionary(
    fc.constantFrom("a", "b", "c", "d"),
    fc.constantFrom("1.0", "2.0"),
    { noNullPrototype: true },
  );
  const runs = fc.uniqueArray(fc.tuple(fc.constantFrom(...targetList), packagesOf), {
    minLength: 1,
    maxLength: 5,
    selector: ([name]) => name,
  });
  const questions: Parameters<typeof askPackaging>[0][number][] = [];
  const expected: Record<string, string>[] = [];
  fc.assert(
    fc.property(runs, (run) => {
      const sets = run.map(([name, packages]) =>
        set(name, ...Object.entries(packages).map(([one, version]) => chosen(one, version))),
      );
      const written = text(sets);
      expect(text(sets.toReversed())).toBe(written);
      const lock = readPylock(written, "pylock.toml");
      for (const { target, packages } of sets) {
        const back = lock.select(target, { extras: [], groups: [] });
        const sorted = packages.toSorted((a, b) => (a.name < b.name ? -1 : 1));
        expect(back.map(({ name, version }) => [name, version])).toEqual(
          sorted.map(({ name, version }) => [name, version]),
        );
        questions.push({ text: written, target, extras: [], groups: [] });
        expected.push(
          Object.fromEntries(sorted.map(({ name, file }) => [name, file?.filename ?? ""])),
        );
      }
    }),
  );
  expect(await askPackaging(questions)).toEqual(expected);
}, 60_000);
