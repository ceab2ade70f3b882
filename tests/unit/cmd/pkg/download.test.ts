import { describe, expect, test } from "bun:test";
import { dirname, resolve } from "node:path";
import { requirePythons } from "../../../../src/cmd/_projects.ts";
import { download } from "../../../../src/cmd/pkg/download.ts";
import { emptyConfig, fileOf, optionsOf, refusalOf, usualTarget } from "../parsing.ts";

const request = {
  prereleases: false,
  before: null,
  replaced: [],
  includeBundled: false,
  deps: true,
  limit: 120_000,
};
const choices = {
  indexUrl: undefined,
  extraIndexUrls: [],
  indexOf: new Map(),
  findLinks: [],
  noIndex: false,
  strategy: "first-index",
};

test("numpy, and nothing else", async () => {
  const options = await optionsOf(download, ["numpy>=1.2"]);
  expect(options).toMatchObject({
    request: { ...request, requirements: [{ name: "numpy", specifier: ">=1.2" }] },
    targets: [],
    dest: resolve("wheelhouse"),
    prune: false,
    withPip: false,
    dryRun: false,
    service: usualTarget,
    indexes: { choices, cert: undefined, trusted: [], cache: true, offline: false },
  });
});

test.each<[string[], object]>([
  [["--pre"], { prereleases: true }],
  [["--exclude-newer", "2025-01-31"], { before: Date.parse("2025-02-01T00:00:00Z") }],
  [["--exclude-newer", "2025-01-31T12:00:00Z"], { before: Date.parse("2025-01-31T12:00:00Z") }],
  [["--replace-bundled"], { replaced: "all" }],
  [["--include-bundled"], { includeBundled: true }],
  [["--no-deps"], { deps: false }],
  [["--timeout", "2.5"], { limit: 2500 }],
])("%j", async (tokens, expected) => {
  const options = await optionsOf(download, ["numpy", ...tokens]);
  expect(options.request).toMatchObject({ ...request, ...expected });
});

test.each<[string[], object]>([
  [["-i", "https://a/simple"], { indexUrl: "https://a/simple" }],
  [
    ["--extra-index-url", "https://a/s", "--extra-index-url", "https://b/s"],
    { extraIndexUrls: ["https://a/s", "https://b/s"] },
  ],
  [["--index-for", "Torch_x=https://a/s"], { indexOf: new Map([["torch-x", "https://a/s"]]) }],
  [["--index-strategy", "best-match"], { strategy: "best-match" }],
  [["-f", "wheels", "--find-links", "https://a/l"], { findLinks: ["wheels", "https://a/l"] }],
  [["--no-index"], { noIndex: true }],
])("%j", async (tokens, expected) => {
  const options = await optionsOf(download, ["numpy", ...tokens]);
  expect(options.indexes.choices).toEqual<unknown>({ ...choices, ...expected });
});

test("a file's requirements, hashes and places to look", async () => {
  const hash = `sha256:${"0".repeat(64)}`;
  const file = fileOf("download.txt", `--find-links .\n--pre\nnumpy==1.0 --hash=${hash}\n`);
  const { request, indexes } = await optionsOf(download, ["-r", file]);
  expect(request).toMatchObject({ prereleases: true, requirements: [{ hashes: [hash] }] });
  expect(indexes.choices.findLinks).toEqual([dirname(file)]);
});

test.each<[string[], string, string]>([
  [[], "missing-argument", "pkg download needs SPEC"],
  [["x", "--exclude-newer", "soon"], "bad-date", "--exclude-newer is 'soon'"],
  [["x", "--index-for", "torch"], "bad-index", "--index-for is 'torch'"],
  [["x", "--index-url", "torch"], "bad-index", "'torch' is no address"],
  [["x", "--index-strategy", "any"], "bad-index-strategy", "first-index"],
  [["./x.whl"], "bad-requirement", "can't download './x.whl': it is a path"],
  [["./x.whl"], "bad-requirement", "--find-links FOLDER"],
  [["bpy"], "bad-requirement", "bpy is Blender itself"],
  [["x", "--platform", "win_amd64"], "unknown-option", "--for says all of that"],
  [["x", "--only-binary=:all:"], "unknown-option", "only wheels are taken anyway"],
  [["x", "--dest", emptyConfig], "dest-is-file", "which is a file"],
])("%j is refused", async (tokens, code, says) => {
  const refusal = await refusalOf(download, tokens);
  expect(refusal).toMatchObject({ code, exitCode: 2 });
  expect(refusal.says).toContain(says);
});

describe("a pyproject.toml", () => {
  const text = `[project]
name = "app"
requires-python = ">=3.11"
dependencies = ["scipy"]
optional-dependencies = { image = ["pillow"] }
[dependency-groups]
test = ["pytest"]
`;
  const file = fileOf("app/pyproject.toml", text);
  const other = fileOf("other/pyproject.toml", text.replaceAll("pytest", "nose"));
  const named = async (...tokens: string[]) => {
    const { request, pythons } = await optionsOf(download, tokens);
    return [request.requirements.map((one) => one.text), pythons.map(({ where }) => where)];
  };

  test("its dependencies, extras and groups, and its Python", async () => {
    expect(await named("-r", file)).toEqual([["scipy"], [file]]);
    expect(await named("x", "-r", file, "--extra", "image", "--group", "test")).toEqual([
      ["x", "scipy", "pillow", "pytest"],
      [file],
    ]);
  });

  test("a group alone, of a file that is named as pip has it", async () => {
    expect(await named("--group", `${file}:test`)).toEqual([["pytest"], []]);
    const both = ["-r", file, "-r", other, "--group", `${other}:test`];
    expect(await named(...both)).toEqual([
      ["scipy", "nose"],
      [file, other],
    ]);
  });

  test.each<[string[], string, string]>([
    [["-r", file, "-r", other, "--group", "test"], "bad-group", `--group ${other}:test`],
    [["x", "--extra", "image"], "bad-extra", "of which project?"],
    [["-r", file, "--extra", "gui"], "bad-pyproject", `${file}: there is no extra 'gui'`],
    [["--group", "none/pyproject.toml:x"], "bad-pyproject", "can't read 'none/pyproject.toml'"],
  ])("%j is refused", async (tokens, code, says) => {
    const refusal = await refusalOf(download, tokens);
    expect(refusal).toMatchObject({ code, exitCode: 2 });
    expect(refusal.says).toContain(says);
  });

  test("for another Python is an error", async () => {
    const { pythons } = await optionsOf(download, ["-r", file]);
    requirePythons(pythons, [{ name: "new", python: "3.11.7" }]);
    expect(() => requirePythons(pythons, [{ name: "old", python: "3.10.2" }])).toThrow(
      `${file} is for Python >=3.11, and old has 3.10.2`,
    );
  });
});

describe("a lock", () => {
  const text = 'lock-version = "1.0"\ncreated-by = "x"\npackages = []\n';
  const lock = fileOf("locked/pylock.toml", text);
  const grouped = fileOf(
    "locked/pylock.g.toml",
    `${text}extras = ["x"]\ndependency-groups = ["g"]\n`,
  );
  const project = fileOf(
    "locked/pyproject.toml",
    '[project]\nname = "app"\ndependencies = ["a @ https://h/a.whl ; os_name == \'nt\'", "b"]\n[dependency-groups]\ng = ["c"]\n',
  );
  const empty = fileOf("empty/pyproject.toml", "[project]\n");
  const two = fileOf("two/pyproject.toml", "[project]\n");
  fileOf("two/uv.lock", "version = 1\n");
  fileOf("two/pylock.toml", text);
  const options = async (...tokens: string[]) => {
    const { lock: found, parts, request, newLock } = await optionsOf(download, tokens);
    const asked = request.requirements.map((one) => one.text);
    return { path: found?.path ?? null, parts, asked, newLock };
  };
  const none = { extras: [], groups: [] };

  test("named, or beside the project, which it then has to meet", async () => {
    const alone = { path: lock, parts: none, asked: [], newLock: null };
    expect(await options("-r", lock)).toEqual(alone);
    const asked = ["a; os_name == 'nt'", "b"];
    expect(await options("-r", project, "--locked")).toEqual({ ...alone, asked });
    expect(await options("b>1", "-r", lock)).toEqual({ ...alone, asked: ["b>1"] });
    const held = fileOf("locked/held.txt", "b<3\n");
    const { request } = await optionsOf(download, ["-r", lock, "-c", held]);
    expect(request.constraints.map((one) => one.text)).toEqual(["b<3"]);
  });

  test("extras and groups are the lock's own, or what one without any was written for", async () => {
    const parts = { extras: ["x"], groups: ["g"] };
    const both = ["--extra", "x", "--group", "g"];
    expect(await options("-r", grouped, ...both)).toMatchObject({
      path: grouped,
      parts,
      asked: [],
    });
    expect(await options("b", "-r", grouped, "--extra", "x")).toMatchObject({
      parts: { extras: ["x"], groups: [] },
      asked: ["b"],
    });
    const fixed = await options("-r", project, "--locked", "--group", "g");
    expect(fixed).toMatchObject({
      path: lock,
      parts: none,
      asked: ["a; os_name == 'nt'", "b", "c"],
    });
  });

  test("that is to be written", async () => {
    expect(await options("numpy", "--lock", "pylock.x.toml")).toMatchObject({
      ...{ path: null, newLock: "pylock.x.toml", asked: ["numpy"] },
    });
  });

  test.each<[string[], string, string]>([
    [["-r", lock, "-r", grouped], "bad-lock", "are both locks"],
    [["-r", two, "--locked"], "bad-lock", "one lock says it all"],
    [["-r", empty, "--locked"], "no-lock", "neither pylock.toml nor uv.lock in "],
    [["-r", project, "-r", empty, "--locked"], "bad-lock", "have each a lock"],
    [["-r", lock, "--pre"], "lock-decides", "--pre would change that"],
    [["-r", lock, "--exclude-newer", "2025-01-01"], "lock-decides", "--exclude-newer would"],
    [["-r", lock, "--lock", "pylock.toml"], "lock-decides", "--lock would change that"],
    [["-r", "none/uv.lock"], "bad-lock", "none/uv.lock: it can't be read"],
    [["numpy", "--lock", "lock.toml"], "bad-lock-name", "pylock.NAME.toml"],
    [["numpy", "--require-hashes"], "hashes-missing", "--require-hashes says so"],
  ])("%j is refused", async (tokens, code, says) => {
    const refusal = await refusalOf(download, tokens);
    expect(refusal).toMatchObject({ code, exitCode: 2 });
    expect(refusal.says).toContain(says);
  });
});
