import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { Failure } from "../../../../src/failure.ts";
import { rendered } from "../../../../src/text.ts";
import type { LockChoice } from "../../../../src/wheels/lock/lock.ts";
import { readUvLock } from "../../../../src/wheels/lock/uv-lock.ts";
import { officialBlender } from "../../../support/targets.ts";

const linux = officialBlender("blender-4.2-linux-x64");
const windows = officialBlender("blender-4.2-windows-x64");
const newer = officialBlender("blender-5.1-linux-x64");
const none: LockChoice = { extras: [], groups: [] };

function taken(text: string, target = linux, choice: Partial<LockChoice> = {}): string[] {
  const packages = readUvLock(text, "uv.lock").select(target, { ...none, ...choice });
  return packages.map(({ name, version, extras }) =>
    [name, version, ...extras.map((extra) => `[${extra}]`)].join(" "),
  );
}

function refusal(text: string, target = linux, choice: Partial<LockChoice> = {}): string {
  try {
    taken(text, target, choice);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    expect(error.code).toBe(error.kind === "usage" ? "bad-lock" : "lock-of-others");
    return `${error.message}\n${rendered(error.hint ?? "")}`;
  }
  throw new Error("it was taken");
}

/**
 * uv 0.13.9 made it of a project My_App: dependencies brmain, brold, helper (of its workspace) and
 * brdep[fast] on Linux; extras fast = brfast, all = my-app[fast]; groups dev = brtest and lint, lint = numpy.
 */
const made = await Bun.file(join(import.meta.dir, "made_by_uv.lock")).text();

describe("a lock that uv has made", () => {
  test("markers, extras of packages and forks count for the target; circles end", () => {
    expect(taken(made)).toEqual([
      "brdep 1.0 [fast]",
      "brfast 1.0",
      "brmain 1.5",
      "brold 1.0",
      "brwin 1.0",
      "helper 0.1",
    ]);
    expect(taken(made, windows)).not.toContain("brfast 1.0");
    expect(taken(made, newer)).toContain("brold 2.0");
  });

  test("the project's own extras and dependency groups", () => {
    expect(taken(made, windows, { extras: ["ALL"] })).toContain("brfast 1.0");
    const groups = taken(made, windows, { groups: ["dev"] });
    expect(groups).toEqual(expect.arrayContaining(["brtest 1.0", "numpy 99.0"]));
    expect(taken(made, windows, { groups: ["lint"] })).not.toContain("brtest 1.0");
    expect(refusal(made, windows, { extras: ["gpu"] })).toContain("it has all, fast");
    expect(refusal(made, windows, { groups: ["docs"] })).toContain(
      "there is no dependency group 'docs'",
    );
  });

  test("each has its files, and who needs it", () => {
    const packages = readUvLock(made, "uv.lock").select(windows, none);
    const byName = new Map(packages.map((one) => [one.name, one]));
    expect(byName.get("brwin")).toEqual({
      name: "brwin",
      version: "1.0",
      index: "http://127.0.0.1:1/simple/",
      source: null,
      extras: [],
      requiredBy: ["brmain 1.5", "helper 0.1"],
      wheels: [
        {
          filename: "brwin-1.0-py3-none-any.whl",
          place: { url: "http://127.0.0.1:1/files/brwin-1.0-py3-none-any.whl" },
          hashes: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
          size: 908,
          uploaded: null,
        },
      ],
    });
    expect(byName.get("helper")).toMatchObject({ wheels: [], source: "a folder (libs/helper)" });
  });

  test("for another Python it is refused", () => {
    expect(refusal(made, { ...linux, python: "3.9.1" })).toContain(
      "uv.lock is for Python >=3.10, and blender-4.2-linux-x64 has 3.9.1",
    );
  });
});

const head = 'version = 1\nrevision = 3\nrequires-python = ">=3.10"\n';
const project = (needs: string, more = "") => `
[[package]]
name = "app"
version = "1"
source = { virtual = "." }
dependencies = [${needs}]
${more}`;
const entry = (
  name: string,
  version = "1.0",
  more = "",
  source = 'registry = "https://h/simple"',
) => `
[[package]]
name = "${name}"
version = "${version}"
source = { ${source} }
${more || `wheels = [{ url = "https://h/${name}-${version}-py3-none-any.whl", hash = "sha256:${"0".repeat(64)}" }]`}
`;

describe("sources", () => {
  const placeOf = (text: string) =>
    readUvLock(text, "uv.lock")
      .select(linux, none)
      .map(({ wheels }) => wheels[0]?.place);

  test("a folder of wheels, a wheel of this machine, one by its address", () => {
    const needs = '{ name = "a" }, { name = "b" }, { name = "c" }';
    const text = `${head}${project(needs)}
${entry("a", "1.0", 'wheels = [{ path = "a-1.0-py3-none-any.whl" }]', 'registry = "../wheels"')}
${entry("b", "1.0", 'wheels = [{ filename = "b-1.0-py3-none-any.whl", hash = "sha256:00" }]', 'path = "w/b-1.0-py3-none-any.whl"')}
${entry("c", "1.0", 'wheels = [{ filename = "c-1.0-py3-none-any.whl" }]', 'url = "https://h/c-1.0-py3-none-any.whl"')}`;
    expect(placeOf(text)).toEqual([
      { path: "../wheels/a-1.0-py3-none-any.whl" },
      { path: "w/b-1.0-py3-none-any.whl" },
      { url: "https://h/c-1.0-py3-none-any.whl" },
    ]);
  });

  test("what has no wheel is said in words; a folder that only has needs is none", () => {
    const needs = '{ name = "a" }, { name = "b" }, { name = "c" }';
    const text = `${head}${project(needs)}
${entry("a", "1.0", " ", 'git = "https://h/a#1"')}
${entry("b", "1.0", 'sdist = { url = "https://h/b-1.0.tar.gz" }')}
${entry("c", "1.0", 'dependencies = [{ name = "d" }]', 'virtual = "libs/c"')}
${entry("d")}`;
    const found = readUvLock(text, "uv.lock").select(linux, none);
    expect(found.map(({ name, source }) => [name, source])).toEqual([
      ["a", "a source under version control (https://h/a#1)"],
      ["b", "a source archive"],
      ["d", null],
    ]);
  });

  test("projects that share a lock, where none is beside it, all count", () => {
    const text = `${head}[manifest]\nmembers = ["x", "y"]
[manifest.dependency-groups]
dev = [{ name = "c" }]
${entry("x", "1", 'dependencies = [{ name = "a" }]', 'editable = "x"')}
${entry("y", "1", 'dependencies = [{ name = "b" }]', 'virtual = "y"')}
${entry("a")}${entry("b")}${entry("c")}`;
    expect(taken(text)).toEqual(["a 1.0", "b 1.0"]);
    expect(taken(text, linux, { groups: ["dev"] })).toEqual(["a 1.0", "b 1.0", "c 1.0"]);
  });
});

test("extras that exclude each other: uv writes them into markers", () => {
  const needs = [
    `{ name = "a", version = "1.0", marker = "extra == 'extra-3-app-cpu'" }`,
    `{ name = "a", version = "2.0", marker = "extra == 'extra-3-app-gpu' and extra != 'extra-3-app-cpu'" }`,
    `{ name = "b", marker = "extra != 'extra-3-app-cpu' and extra != 'group-3-app-dev'" }`,
  ];
  const more = `[package.optional-dependencies]
cpu = [{ name = "a", version = "1.0" }]
gpu = [{ name = "a", version = "2.0" }]
x = []
[package.dev-dependencies]
dev = []
`;
  const text = `${head}${project(needs.join(", "), more)}${entry("a", "1.0")}${entry("a", "2.0")}${entry("b")}`;
  expect(taken(text, linux, { extras: ["cpu", "x"] })).toEqual(["a 1.0"]);
  expect(taken(text, linux, { extras: ["gpu", "x"] })).toEqual(["a 2.0", "b 1.0"]);
  expect(taken(text, linux, { groups: ["dev"] })).toEqual([]);
  expect(refusal(text, linux, { extras: ["cpu", "gpu"] })).toContain("it has a twice: ");
});

test("many packages in a circle, each needed by all", () => {
  const names = Array.from({ length: 300 }, (_, at) => `p${at}`);
  const needs = names.map((name) => `{ name = "${name}" }`).join(", ");
  const packages = names.map((name) =>
    entry(name, "1.0", `dependencies = [${needs}]\nwheels = []`),
  );
  expect(taken(`${head}${project('{ name = "p7" }')}${packages.join("")}`)).toHaveLength(300);
});

test.each<[string, string, string]>([
  ["no TOML", "version = ", "it can't be read: it isn't TOML: "],
  ["of the future", "version = 2", "its version is 2, not 1"],
  ["another shape", `${head}package = 1`, "it can't be read: at package: "],
  [
    "a package that isn't there",
    `${head}${project('{ name = "a" }')}`,
    "it needs a and doesn't have it",
  ],
  [
    "one of two",
    `${head}${project('{ name = "a" }')}${entry("a", "1.0")}${entry("a", "2.0")}`,
    "it needs a, and has several of that name",
  ],
  [
    "both of two",
    `${head}${project('{ name = "a", version = "1.0" }, { name = "a", version = "2.0" }')}${entry("a", "1.0")}${entry("a", "2.0")}`,
    "for blender-4.2-linux-x64 it has a twice: 1.0 and 2.0",
  ],
  [
    "a marker that can't be read",
    `${head}${project(`{ name = "a", marker = "x" }`)}${entry("a")}`,
    "'x' isn't a marker",
  ],
  [
    "a way out",
    `${head}${project('{ name = "a" }')}${entry("a", "1.0", 'wheels = [{ url = "https://h/..%2fa-1.0-py3-none-any.whl" }]')}`,
    "package[1] (a): '../a-1.0-py3-none-any.whl' of a isn't a wheel's name",
  ],
  [
    "another package's wheel",
    `${head}${project('{ name = "a" }')}${entry("a", "1.0", 'wheels = [{ url = "https://h/b-1.0-py3-none-any.whl" }]')}`,
    "b-1.0-py3-none-any.whl isn't a wheel of a 1.0",
  ],
  [
    "no place",
    `${head}${project('{ name = "a" }')}${entry("a", "1.0", 'wheels = [{ hash = "sha256:00" }]')}`,
    "a wheel has neither url nor path",
  ],
  [
    "other systems",
    `${head}supported-markers = ["sys_platform == 'win32'"]`,
    "isn't for blender-4.2-linux-x64",
  ],
])("%s is refused", (_what, text, words) => {
  expect(refusal(text)).toContain(words);
});
