import { afterAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type ProjectParts,
  projectNeeds,
  readPyproject,
} from "../../../../src/local/pip/pyproject.ts";
import { rendered } from "../../../../src/text.ts";
import { failureOf } from "../../../support/failure.ts";

const folder = await mkdtemp(join(tmpdir(), "blender-remote-pyproject-"));
afterAll(() => rm(folder, { recursive: true }));
const path = join(folder, "pyproject.toml");

const all = { project: true, extras: [], groups: [] };
async function needs(text: string, parts: Partial<ProjectParts> = {}) {
  await writeFile(path, text);
  return projectNeeds(await readPyproject(path), "p.toml", { ...all, ...parts });
}
const specs = async (text: string, parts: Partial<ProjectParts> = {}) =>
  (await needs(text, parts)).requirements.map(({ spec }) => spec);
async function refused(text: string, parts: Partial<ProjectParts> = {}): Promise<string> {
  const failure = await failureOf(needs(text, parts));
  expect([failure.code, failure.kind]).toEqual(["bad-pyproject", "usage"]);
  return `${failure.message}\n${rendered(failure.hint ?? "")}`.replaceAll(path, "FILE");
}

const project = `
[project]
name = "My.App"
requires-python = ">=3.11"
dependencies = ["scipy>=1.11", 'colorama; sys_platform == "win32"']

[project.optional-dependencies]
Image_IO = ["pillow"]
fast = ["numba; python_version < '3.13'"]
all = ["my-app[image.io]", "my_app[fast]; sys_platform == 'linux'"]

[dependency-groups]
Test_It = ["pytest", {include-group = "lint"}, {include-group = "typing"}]
lint = ["ruff"]
typing = ["pyright", {include-group = "LINT"}]
`;
const groups = { project: false };

test("a project's own, with where each stands and its Python", async () => {
  expect(await needs(project)).toEqual({
    requirements: [
      { spec: "scipy>=1.11", where: "p.toml: project.dependencies[0]" },
      { spec: 'colorama; sys_platform == "win32"', where: "p.toml: project.dependencies[1]" },
    ],
    requiresPython: ">=3.11",
    notes: [],
  });
});

describe("extras", () => {
  test("by any way to write the name, behind the project's own", async () => {
    expect(await specs(project, { extras: ["image-io"] })).toEqual([
      "scipy>=1.11",
      'colorama; sys_platform == "win32"',
      "pillow",
    ]);
  });

  test("one that names others of its own, under all conditions on the way", async () => {
    expect(await specs(project, { project: false, extras: ["all"] })).toEqual([
      "pillow",
      "numba; (python_version < '3.13') and (sys_platform == 'linux')",
    ]);
  });

  test("those that bring each other end", async () => {
    const circle = `[project]
name = "app"
[project.optional-dependencies]
a = ["x", "app[b]; os_name == 'nt'"]
b = ["y", "app[a]; os_name != 'nt'"]
`;
    expect(await specs(circle, { extras: ["a"] })).toContain("y; os_name == 'nt'");
    const names = Array.from({ length: 14 }, (_, at) => `app[a]; python_version > '3.${at}'`);
    const wild = `[project]
name = "app"
[project.optional-dependencies]
a = ${JSON.stringify(names)}
`;
    expect(await refused(wild, { extras: ["a"] })).toContain("name each other too often");
  });

  test("one that isn't there, and two of one name", async () => {
    expect(await refused(project, { extras: ["gui"] })).toBe(
      "p.toml: there is no extra 'gui'\nit has Image_IO, fast, all",
    );
    expect(await refused("[dependency-groups]\na=[]", { ...groups, extras: ["x"] })).toContain(
      "it has none (project.optional-dependencies)",
    );
    const twice = `${project}\n[project.optional-dependencies.x]`;
    expect(await refused(twice)).toContain("at project.optional-dependencies.x: ");
  });
});

describe("dependency groups (PEP 735)", () => {
  test("alone, with those that they include, each once", async () => {
    const found = await needs(project, { ...groups, groups: ["test-it", "lint"] });
    expect(found.requirements.map(({ spec }) => spec)).toEqual(["pytest", "ruff", "pyright"]);
    expect(found.requiresPython).toBe(null);
    expect(found.requirements[1]?.where).toBe("p.toml: dependency-groups.lint[0]");
  });

  test("a circle, one that isn't there, one named twice, and what nobody knows", async () => {
    const parts = { ...groups, groups: ["a"] };
    const circle = `[dependency-groups]
a = [{include-group = "B"}]
b = [{include-group = "A"}]`;
    expect(await refused(circle, parts)).toContain(
      "dependency groups include each other: a includes b includes a",
    );
    expect(await refused(project, { ...groups, groups: ["doc"] })).toBe(
      "p.toml: there is no dependency group 'doc'\nit has Test_It, lint, typing",
    );
    expect(await refused("[dependency-groups]\na.b=[]\n", parts)).toContain(
      "at dependency-groups.a: ",
    );
    expect(await refused("[dependency-groups]\na=[]\nA=[]\n", parts)).toContain(
      "dependency-groups.a and dependency-groups.A have the same name",
    );
    expect(await refused('[dependency-groups]\na=[{path = "x"}]', parts)).toContain(
      `p.toml: dependency-groups.a[0]: {"path":"x"} is neither`,
    );
  });

  test("that are many, or deep within each other, don't make it wait", async () => {
    const count = 5000;
    const chain = Array.from(
      { length: count },
      (_, at) => `g${at} = [{include-group = "g${at + 1}"}]`,
    );
    const wide = Array.from({ length: count }, (_, at) => `{include-group = "g${at + 1}"}`);
    const deep = `[dependency-groups]\n${chain.join("\n")}\ng${count} = ["x"]`;
    expect(await refused(deep, { ...groups, groups: ["g0"] })).toContain(
      "more than 100 dependency",
    );
    const empty = Array.from({ length: count }, (_, at) => `g${at + 1} = []`);
    const many = `[dependency-groups]\nall = [${wide.join(",")}]\n${empty.join("\n")}`;
    expect(await specs(many, { ...groups, groups: ["all"] })).toEqual([]);
  });

  test("that include each other twice at every level end at once", async () => {
    const levels = Array.from(
      { length: 60 },
      (_, at) => `g${at} = [{include-group = "g${at + 1}"}, {include-group = "g${at + 1}"}]`,
    );
    const text = `[dependency-groups]\n${levels.join("\n")}\ng60 = ["x"]`;
    expect(await specs(text, { ...groups, groups: ["g0"] })).toEqual(["x"]);
  });
});

test("what isn't followed is said, where it is about what is wanted", async () => {
  const text = `${project}
[tool.uv]
override-dependencies = ["x"]
[tool.uv.sources]
SciPy = { index = "mine" }
pytest = { path = "../pytest" }
`;
  const { notes } = await needs(text);
  expect(notes.map((note) => note.slice(0, 52))).toEqual([
    "p.toml: tool.uv.sources.SciPy isn't followed: SciPy ",
    "p.toml: tool.uv.override-dependencies isn't followed",
  ]);
});

test.each([
  ["[project]\ndynamic=['dependencies']", "project.dependencies is dynamic"],
  ["[tool.poetry.dependencies]\nnumpy='1'", "it has no [project] table"],
  ["[project]\ndependencies='numpy'", "at project.dependencies: "],
  ["[project]\ndependencies=['numpy', 1]", "at project.dependencies.1: "],
  ["[project\n", "can't read 'FILE': it isn't TOML: "],
  [`a = ${"[".repeat(100_000)}`, "can't read 'FILE': it is too deep"],
])("refused: %#", async (text, words) => {
  expect(await refused(text)).toContain(words);
});

test("a file that isn't there", async () => {
  const failure = await failureOf(readPyproject(join(folder, "none/pyproject.toml")));
  expect(failure.message).toContain("no such file");
});
