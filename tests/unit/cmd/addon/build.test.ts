import { expect, test } from "bun:test";
import { resolve } from "node:path";
import { build } from "../../../../src/cmd/addon/build.ts";
import { blendersTags } from "../../../../src/local/extension/tags.ts";
import { fileOf, optionsOf, refusalOf } from "../parsing.ts";

const usual = {
  source: resolve("."),
  place: { folder: resolve(".") },
  plan: { split: false, tags: blendersTags },
  check: false,
  dryRun: false,
};
const tags = fileOf("tags.json", '{"add-on": ["Mine"], "theme": []}');
const noTags = fileOf("no-tags.json", '{"add-on": "Mine"}');

test.each([
  [[], {}],
  [["ext"], { source: resolve("ext") }],
  [["--output-dir", "out"], { place: { folder: resolve("out") } }],
  [["-o", "a.zip"], { place: { file: resolve("a.zip") } }],
  [["--split-platforms"], { plan: { split: true, tags: blendersTags } }],
  [["--any-tags"], { plan: { split: false, tags: undefined } }],
  [["--valid-tags", tags], { plan: { split: false, tags: { "add-on": ["Mine"], theme: [] } } }],
  [["--check"], { check: true }],
  [["--dry-run"], { dryRun: true }],
])("%j", async (tokens, expected) => {
  expect(await optionsOf(build, tokens)).toEqual<unknown>({ ...usual, ...expected });
});

test.each([
  [["a", "b"], "surplus-argument", "'b'"],
  [["--output-dir", "out", "-o", "a.zip"], "two-places", "--output-filepath"],
  [["--any-tags", "--valid-tags", tags], "two-kinds-of-tags", "--any-tags"],
  [["--valid-tags", noTags], "bad-tags-file", "no-tags.json"],
  [["--valid-tags", "gone.json"], "bad-tags-file", "gone.json"],
])("%j is refused", async (tokens, code, says) => {
  const refusal = await refusalOf(build, tokens);
  expect(refusal).toMatchObject({ code, exitCode: 2 });
  expect(refusal.says).toContain(says);
});
