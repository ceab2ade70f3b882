import { expect, test } from "bun:test";
import { dirname, resolve } from "node:path";
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
  [["x", "--dest", emptyConfig], "dest-is-file", "which is a file"],
])("%j is refused", async (tokens, code, says) => {
  const refusal = await refusalOf(download, tokens);
  expect(refusal).toMatchObject({ code, exitCode: 2 });
  expect(refusal.says).toContain(says);
});
