import { describe, expect, test } from "bun:test";
import { dirname } from "node:path";
import { install } from "../../../../src/cmd/pkg/install.ts";
import { quoted } from "../../../support/systems.ts";
import { fileOf, optionsOf, refusalOf, usualTarget } from "../parsing.ts";

const numpy = {
  ...{ text: "numpy", name: "numpy", extras: [], specifier: "" },
  ...{ marker: null, hashes: [], where: null },
};
const usual = {
  requirements: [numpy],
  constraints: [],
  files: { requirements: [], constraints: [] },
  fileFlags: [],
  target: "site",
  wheelhouse: undefined,
  indexFlags: [],
  upgrade: false,
  forceReinstall: false,
  deps: true,
  allowOnline: false,
  breakSystemPackages: false,
  replaceBundled: false,
};

describe("the request", () => {
  test.each([
    [[], {}],
    [["-U"], { upgrade: true }],
    [["--force-reinstall"], { forceReinstall: true }],
    [["--no-deps"], { deps: false }],
    [["--target", "user-modules"], { target: "user-modules" }],
    [["--remote-wheelhouse", "~/w"], { wheelhouse: "~/w" }],
    [["--allow-online"], { allowOnline: true }],
    [["--break-system-packages"], { breakSystemPackages: true }],
    [["--index-url", "https://h/simple"], { indexFlags: ["--index-url", "https://h/simple"] }],
    [
      ["--trusted-host", "a.b:80 [::1]"],
      { indexFlags: ["--trusted-host", "a.b:80", "--trusted-host", "[::1]"] },
    ],
    [["--index-url", "/mirror"], { indexFlags: ["--index-url", "/mirror"] }],
    [
      ["--extra-index-url", "https://a/s  https://b/s", "--proxy", "p:1", "--cert", "c.pem"],
      {
        indexFlags: [
          ...["--extra-index-url", "https://a/s", "--extra-index-url", "https://b/s"],
          ...["--proxy", "p:1", "--cert", "c.pem"],
        ],
      },
    ],
  ])("%j", async (tokens, expected) => {
    const { request, target } = await optionsOf(install, ["numpy", ...tokens]);
    expect(request).toEqual<unknown>({ ...usual, ...expected });
    expect(target).toEqual(usualTarget);
  });

  test("what is typed, then what a file says", async () => {
    const file = fileOf("requirements.txt", "scipy>=1.11\n");
    const { request } = await optionsOf(install, ["numpy", "-r", file]);
    expect(request.requirements.map(({ text }) => text)).toEqual(["numpy", "scipy>=1.11"]);
  });

  test("what a project needs, and its Python", async () => {
    const text = '[project]\nrequires-python = ">=3.11"\ndependencies = ["scipy>=1.11"]\n';
    const file = fileOf("installed/pyproject.toml", text);
    const { request, pythons } = await optionsOf(install, ["numpy", "-r", file]);
    expect(request.requirements.map((one) => one.text)).toEqual(["numpy", "scipy>=1.11"]);
    expect(pythons).toEqual([{ specifier: ">=3.11", where: file }]);
  });

  test("several files, and constraints", async () => {
    const [one, two] = [fileOf("one.txt", "a\n--pre\n"), fileOf("two.txt", "b\n")];
    const limits = fileOf("limits.txt", "c<2\n");
    const tokens = ["-r", one, "--requirement", two, "-c", limits];
    const { request } = await optionsOf(install, tokens);
    expect(request.requirements.map(({ text }) => text)).toEqual(["a", "b"]);
    expect(request.constraints.map(({ text }) => text)).toEqual(["c<2"]);
    expect(request.files).toEqual({ requirements: [one, two], constraints: [limits] });
    expect(request.fileFlags).toEqual(["--pre"]);
  });
});

test.each([
  [[], false, false],
  [["--offline"], true, false],
  [["--dry-run"], false, true],
])("%j", async (tokens, offline, dryRun) => {
  expect(await optionsOf(install, ["numpy", ...tokens])).toMatchObject({ offline, dryRun });
});

describe("--from-here", () => {
  test("the flags for the index say where this machine looks", async () => {
    const file = fileOf("here.txt", "scipy\n--pre\n--extra-index-url https://b/s\n--no-index\n");
    const tokens = ["numpy", "-r", file, "--from-here", "--index-url", "https://a/s"];
    const more = ["--trusted-host", "a b:1", "--index-for", "torch=https://t/s", "-f", "/links"];
    const { request, here, hereFlags, target } = await optionsOf(install, [...tokens, ...more]);
    expect(request).toMatchObject({ indexFlags: [], fileFlags: ["--pre"], wheelhouse: undefined });
    expect(here?.limit).toBe(120_000);
    expect(here?.indexes).toMatchObject({
      choices: {
        indexUrl: "https://a/s",
        extraIndexUrls: ["https://b/s"],
        indexOf: new Map([["torch", "https://t/s"]]),
        findLinks: ["/links"],
        noIndex: true,
      },
      trusted: ["a", "b:1"],
    });
    expect(hereFlags).toEqual([
      ...["--from-here", "--index-url", "https://a/s", "--trusted-host", "a"],
      ...["--trusted-host", "b:1", "--index-for", "torch=https://t/s", "--find-links", "/links"],
    ]);
    // Downloads and transfers take as long as they take.
    expect(target.deadlines).toMatchObject({ total: Number.POSITIVE_INFINITY, answer: 300 });
  });

  test("--timeout is one for all", async () => {
    const { here, target } = await optionsOf(install, ["a", "--from-here", "--timeout", "9"]);
    expect([here?.limit, target.deadlines.total]).toEqual([9000, 9]);
  });

  test("a wheelhouse is where the wheels go", async () => {
    const tokens = ["a", "--from-here", "--remote-wheelhouse", "~/w"];
    const { request, offline } = await optionsOf(install, tokens);
    expect([request.wheelhouse, offline]).toEqual(["~/w", false]);
  });
});

describe("paths in the place of names", () => {
  test("a folder may have an @ in its name, as no name has a / before one", async () => {
    const wheel = fileOf("a@b/brone-1.0-py3-none-any.whl", "");
    const { paths } = await optionsOf(install, [wheel]);
    expect(paths).toEqual([{ path: wheel, extras: "", isFolder: false }]);
    expect((await refusalOf(install, ["brone @ brone-1.0-py3-none-any.whl"])).code).toBe(
      "bad-requirement",
    );
  });

  const wheel = fileOf("paths/brone-1.0-py3-none-any.whl", "");
  const folder = dirname(wheel);

  test("wheels and folders of wheels, and names as before", async () => {
    const { request, paths } = await optionsOf(install, ["numpy", `${wheel}[x]`, folder]);
    expect(request.requirements.map(({ text }) => text)).toEqual(["numpy"]);
    expect(paths).toEqual([
      { path: wheel, extras: "[x]", isFolder: false },
      { path: folder, extras: "", isFolder: true },
    ]);
    expect((await optionsOf(install, [wheel])).request.requirements).toEqual([]);
  });

  test.each([
    ["setup.py", "of which a wheel must be built first"],
    ["pyproject.toml", "pip wheel --no-deps"],
    ["blender_manifest.toml", "addon install"],
  ])("a folder with %s is no folder of wheels", async (file, says) => {
    const project = dirname(fileOf(`${file.replace(".", "-")}/${file}`, ""));
    const refusal = await refusalOf(install, [project]);
    expect(refusal).toMatchObject({ code: "not-wheels", exitCode: 2 });
    expect(refusal.says).toContain(says);
  });
});

test.each([
  [
    [],
    "missing-argument",
    `blender-remote-cli pkg install numpy ${quoted("scipy>=1.11")}, or -r FILE`,
  ],
  [["numpy", "--target", "user"], "bad-target", "--target is 'user'"],
  [["numpy", "--target", "SITE"], "bad-target", "give site or user-modules"],
  [["numpy;x"], "bad-requirement", "'x' isn't a marker"],
  [["bpy"], "bad-requirement", "bpy is Blender itself"],
  [["-c", "/not/there.txt", "numpy"], "requirements-unreadable", "no such file or folder"],
  [["-r", "/not/there.txt"], "requirements-unreadable", "no such file or folder"],
  [["numpy", "--index-url", "h/simple"], "bad-index", "--index-url is 'h/simple'"],
  [["numpy", "--extra-index-url", "a"], "bad-index", "--extra-index-url is 'a'"],
  [["numpy", "--trusted-host", "http://a/"], "bad-host", "--trusted-host is 'http://a/'"],
  [["numpy", "--offline", "--allow-online"], "two-modes", "--offline installs offline"],
  [
    ["numpy", "--remote-wheelhouse", "w", "--index-url", "https://h/s"],
    "two-modes",
    "--remote-wheelhouse installs offline, and --index-url is for installing online",
  ],
  [["numpy", "--from-here", "--offline"], "two-modes", "--offline says otherwise"],
  [["numpy", "--from-here", "--allow-online"], "two-modes", "--allow-online says otherwise"],
  [["numpy", "--from-here", "--proxy", "p:1"], "two-modes", "set HTTPS_PROXY here"],
  [["numpy", "--find-links", "/w"], "needs-from-here", "--from-here"],
  [["numpy", "--index-for", "a=https://h/s"], "needs-from-here", "--index-for says where"],
  [["numpy", "--index-strategy", "best-match"], "needs-from-here", "--from-here"],
  [["/not/there-1.0-py3-none-any.whl"], "missing-path", "pkg pip -- install /not/there"],
  [["numpy", "--pre"], "unknown-option", "blender-remote-cli pkg pip -- install numpy --pre"],
  [["numpy", "--user"], "unknown-option", "--target user-modules"],
])("%j is refused", async (tokens, code, says) => {
  const refusal = await refusalOf(install, tokens);
  expect(refusal).toMatchObject({ code, exitCode: 2 });
  expect(refusal.says).toContain(says);
});
