import { expect, test } from "bun:test";
import fc from "fast-check";
import { type CandidateRules, candidates, sifted } from "../../../src/wheels/candidates.ts";
import type { IndexFile } from "../../../src/wheels/index-page.ts";
import { targetTags } from "../../../src/wheels/tags.ts";

const tags = targetTags(["cp311-cp311-win_amd64", "cp311-none-any", "py3-none-any"]);
if (tags === null) throw new Error("these are tags");

const rules: CandidateRules = {
  prereleases: false,
  isPinned: (version) => version === "2",
  before: null,
  hashes: null,
  refuses: (filename) => (filename.includes("-1.0-2-") ? "isn't wanted" : undefined),
};

const endings = [
  ".tar.gz",
  "-py3-none-any.whl",
  "-cp311-cp311-win_amd64.whl",
  "-1-py3-none-any.whl",
  "-2-py3-none-any.whl",
  "-cp310-cp310-win_amd64.whl",
];
const file = fc
  .record({
    version: fc.constantFrom("1", "1.0", "1.0.0", "2", "2.0", "3rc1", "3.0rc1", "4", "no-version"),
    ending: fc.constantFrom(...endings),
    requiresPython: fc.constantFrom(null, ">=3.12", ">=3.8"),
    yanked: fc.constantFrom(null, null, "", "bad"),
  })
  .map(({ version, ending, requiresPython, yanked }): IndexFile => {
    const filename = `pack-${version}${ending}`;
    const url = `https://index.example/${filename}`;
    return {
      filename,
      url,
      hashes: {},
      requiresPython,
      yanked,
      metadata: null,
      size: null,
      uploaded: null,
    };
  });

test("what is left of each part of a page gives what the whole page gives", () => {
  fc.assert(
    fc.property(fc.array(fc.array(file, { maxLength: 8 }), { maxLength: 6 }), (parts) => {
      const left = parts.flatMap((part) => sifted(part, "3.11.7", tags, rules));
      expect(candidates(left, "3.11.7", tags, rules)).toEqual(
        candidates(parts.flat(), "3.11.7", tags, rules),
      );
    }),
  );
});

test("of many files of a version one is left", () => {
  const all = [
    "-py3-none-any.whl",
    ".tar.gz",
    "-cp311-cp311-win_amd64.whl",
    "-cp310-cp310-win_amd64.whl",
  ];
  const files = all.map((ending) => ({
    ...{ filename: `pack-1.0${ending}`, url: "https://index.example/", hashes: {} },
    ...{ requiresPython: null, yanked: null, metadata: null, size: null, uploaded: null },
  }));
  expect(sifted(files, "3.11.7", tags, rules).map(({ filename }) => filename)).toEqual([
    "pack-1.0-cp311-cp311-win_amd64.whl",
  ]);
});
