import { expect, test } from "bun:test";
import { removalWarnings } from "../../../../src/remote/install/uninstall.ts";
import type { Package } from "../../../../src/remote/packages/package.ts";
import { rendered } from "../../../../src/text.ts";

const numpy: Package = {
  name: "numpy",
  version: "1.26.4",
  location: "/site",
  source: "bundled",
  wins: true,
  loaded_version: null,
  restart: false,
  modified: 0,
  requires: [],
  optional: [],
  editable: false,
};

const warningsFor = (removed: Package[], after: Package[]) =>
  removalWarnings(removed, after).map((one) => rendered(one));

test("what Blender itself uses is missed, whether or not it is loaded", () => {
  const missed = "numpy 1.26.4 is gone, which Blender itself uses";
  expect(warningsFor([numpy], [])).toEqual([expect.stringContaining(missed)]);
  const loaded = warningsFor([{ ...numpy, loaded_version: "1.26.4" }], []);
  expect(loaded).toEqual([
    expect.stringContaining("pkg install numpy==1.26.4"),
    expect.stringContaining("goes on with it until its restart"),
  ]);
});

test("of what others brought, only what is found instead is said", () => {
  const own: Package = { ...numpy, source: "user-modules", location: "/modules" };
  expect(warningsFor([own], [])).toEqual([]);
  expect(warningsFor([own], [numpy])).toEqual([
    "numpy: instead of 1.26.4 Blender finds 1.26.4 in /site",
  ]);
});
