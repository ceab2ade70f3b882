import { describe, expect, test } from "bun:test";
import {
  needsAmong,
  needsOf,
  newlyUnmet,
  unmetText,
  waysFrom,
  withComing,
} from "../../../../src/remote/packages/dependencies.ts";
import { installed, snapshotOf } from "./rows.ts";

describe("what packages need", () => {
  const requires = [
    "numpy>=1.26,<2",
    "old-form (>=1.0)",
    "tomli; python_version < '3.11'",
    "Typing_Extensions[x]>=4 ; python_version >= '3.9'",
    "elsewhere @ https://example.com/elsewhere.whl",
    "nonsense ((",
  ];
  const pandas = installed("pandas", "2.0", { requires });

  test("with markers, in every way of writing; no addresses", () => {
    const { environment } = snapshotOf([]);
    const needs = needsOf(pandas, environment).map(({ name, specifier }) => [name, specifier]);
    expect(needs).toEqual([
      ["numpy", ">=1.26,<2"],
      ["old-form", ">=1.0"],
      ["typing-extensions", ">=4"],
    ]);
  });

  test("each once, although several lines hold; with the extras that are asked for", () => {
    const lines = [
      "numpy>=1.22; python_version >= '3.8'",
      "numpy>=1.22; sys_platform == 'linux'",
      "numpy[fast]<3",
      "numpy>=2.1; python_version >= '3.13'",
    ];
    const by = installed("pandas", "2.0", { requires: lines });
    const [need, ...more] = needsAmong(snapshotOf([by]));
    expect(more).toEqual([]);
    expect(need && unmetText(need)).toBe("needs numpy[fast]>=1.22,<3, which isn't there");
  });

  test("is met by the copy that an import gets", () => {
    const packages = [
      pandas,
      installed("numpy", "2.4.6", { location: "/first" }),
      installed("numpy", "1.26.4", { wins: false }),
      installed("old-form", "1.0.dev1+local"),
      installed("typing-extensions", "2004d"),
    ];
    const needs = needsAmong(snapshotOf(packages));
    expect(needs.map(({ name, isMet }) => [name, isMet])).toEqual([
      ["numpy", false],
      ["old-form", false],
      ["typing-extensions", true],
    ]);
    const [numpy] = needs;
    expect(numpy && unmetText(numpy)).toBe(
      "needs numpy>=1.26,<2, and Blender finds 2.4.6 in /first",
    );
  });

  test("ways to all that is needed, the shortest, whatever goes round", () => {
    const packages = [
      installed("a", "1", { requires: ["b", "c"] }),
      installed("b", "1", { requires: ["c", "a"] }),
      installed("c", "1", { requires: ["d>=2"] }),
    ];
    const ways = waysFrom("a", needsAmong(snapshotOf(packages)));
    expect(ways.map((way) => way.map(({ name }) => name))).toEqual([["b"], ["c"], ["c", "d"]]);
  });
});

test("what an install would leave unmet", () => {
  const before = snapshotOf([
    installed("pandas", "3.1", { requires: ["numpy>=2", "six"] }),
    installed("numpy", "2.4.6"),
  ]);
  const numpy = { name: "numpy", version: "1.26.4", requires: ["extra; extra == 'x'", "other>1"] };
  expect(newlyUnmet(before, withComing(before, [numpy], "/modules"))).toEqual([
    "numpy 1.26.4 needs other>1, which isn't there",
    "pandas 3.1 needs numpy>=2, and Blender finds 1.26.4 in /modules",
  ]);
  const other = { name: "other", version: "2", requires: [] };
  const both = withComing(before, [{ ...numpy, version: "2.5" }, other], "/modules");
  expect(newlyUnmet(before, both)).toEqual([]);
});
