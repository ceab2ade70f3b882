import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseWheelName } from "../../../src/wheels/filename.ts";
import { misfitTable } from "../../../src/wheels/misfit-table.ts";
import { fitOf, misfitsOf, type TargetTags, targetTags } from "../../../src/wheels/tags.ts";
import { askPip, type TargetName } from "./pip-choice.ts";

const { tags: lists } = await askPip([]);

function targetOf(list: readonly string[]): TargetTags {
  const target = targetTags(list);
  if (target === null) throw new Error("no tags");
  return target;
}

const wheel = (tags: string) => parseWheelName(`thing-1.0-${tags}.whl`)?.tags ?? [];

describe("wheels that fit have the rank of their best tag", () => {
  test.each<[TargetName, string]>([
    ["glibc 2.28", "cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64"],
    ["glibc 2.28", "cp37-abi3-manylinux_2_12_x86_64.manylinux2010_x86_64"],
    ["glibc 2.28", "py2.py3-none-any"],
    ["glibc 2.28", "py310-none-any"],
    ["musl", "cp313-cp313-musllinux_1_1_x86_64"],
    ["windows", "CP311-cp311-Win_AMD64"],
    ["macos", "cp313-cp313-macosx_10_13_universal2"],
    ["free-threaded", "cp313-cp313t-win_amd64"],
    ["pypy", "pp310-pypy310_pp73-manylinux_2_17_x86_64"],
  ])("%s takes %s", (name, tags) => {
    const ranks = wheel(tags)
      .map((tag) => lists[name].indexOf(tag))
      .filter((rank) => rank !== -1);
    expect(fitOf(wheel(tags), targetOf(lists[name]))).toEqual({
      fits: true,
      rank: Math.min(...ranks),
    });
  });
});

describe("why a wheel doesn't fit, and what would", () => {
  test.each<[TargetName, string, string, string]>([
    [
      "glibc 2.28",
      "cp312-cp312-manylinux_2_34_x86_64",
      "is for CPython 3.12, this is CPython 3.11, and needs glibc 2.34, there is 2.28",
      "cp311-cp311-manylinux_2_28_x86_64",
    ],
    [
      "glibc 2.28",
      "cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64",
      "is for CPython 3.12, this is CPython 3.11",
      "cp311-cp311-manylinux_2_17_x86_64",
    ],
    [
      "glibc 2.28",
      "cp39.cp310-none-any",
      "is for CPython 3.9, CPython 3.10, this is CPython 3.11",
      "cp311-none-any",
    ],
    [
      "glibc 2.28",
      "cp311-cp311-manylinux_2_39_x86_64",
      "needs glibc 2.39, there is 2.28",
      "cp311-cp311-manylinux_2_28_x86_64",
    ],
    [
      "glibc 2.28",
      "cp311-cp311-manylinux_2_17_aarch64",
      "is for Linux with glibc, aarch64, this is Linux with glibc, x86_64",
      "cp311-cp311-manylinux_2_28_x86_64",
    ],
    [
      "glibc 2.28",
      "cp311-cp311-linux_armv7l",
      "is for Linux, armv7l, this is Linux with glibc, x86_64",
      "cp311-cp311-manylinux_2_28_x86_64",
    ],
    [
      "glibc 2.28",
      "cp311-cp311-musllinux_1_2_x86_64",
      "is for Linux with musl, x86_64, this is Linux with glibc, x86_64",
      "cp311-cp311-manylinux_2_28_x86_64",
    ],
    [
      "glibc 2.28",
      "cp311-cp311-win_amd64",
      "is for Windows, amd64, this is Linux with glibc, x86_64",
      "cp311-cp311-manylinux_2_28_x86_64",
    ],
    [
      "glibc 2.28",
      "cp312-abi3-manylinux_2_17_x86_64",
      "is for CPython 3.12 and newer (abi3), this is CPython 3.11",
      "cp311-abi3-manylinux_2_17_x86_64",
    ],
    [
      "glibc 2.28",
      "py312-none-any",
      "is for Python 3.12 and newer, this is CPython 3.11",
      "py311-none-any",
    ],
    ["glibc 2.28", "py2-none-any", "is for Python 2, this is CPython 3.11", "py3-none-any"],
    [
      "glibc 2.28",
      "cp311-cp311d-manylinux_2_17_x86_64",
      "is for debug build of CPython 3.11, this is CPython 3.11",
      "cp311-cp311-manylinux_2_17_x86_64",
    ],
    [
      "glibc 2.28",
      "cp311-abi3-any",
      "has a tag whose halves this Python takes, but not together",
      "cp311-none-any",
    ],
    [
      "musl",
      "cp313-cp313-musllinux_1_3_x86_64",
      "needs musl 1.3, there is 1.2",
      "cp313-cp313-musllinux_1_2_x86_64",
    ],
    [
      "musl",
      "cp313-cp313-manylinux2014_x86_64",
      "is for Linux with glibc, x86_64, this is Linux with musl, x86_64",
      "cp313-cp313-musllinux_1_2_x86_64",
    ],
    [
      "windows",
      "cp311-cp311-macosx_11_0_arm64",
      "is for macOS, arm64, this is Windows, amd64",
      "cp311-cp311-win_amd64",
    ],
    [
      "windows",
      "cp311-cp311-win32.win_arm64",
      "is for Windows, 32-bit or Windows, arm64, this is Windows, amd64",
      "cp311-cp311-win_amd64",
    ],
    [
      "windows",
      "cp27-cp27mu-manylinux1_x86_64",
      "is for CPython 2.7, this is CPython 3.11, and is for Linux with glibc, x86_64, this is Windows, amd64",
      "cp311-cp311-win_amd64",
    ],
    [
      "windows",
      "pp310-pypy310_pp73-win_amd64",
      "is for PyPy 3.10, this is CPython 3.11",
      "cp311-cp311-win_amd64",
    ],
    [
      "macos",
      "cp313-cp313-macosx_14_0_arm64.macosx_13_0_arm64",
      "needs macOS 13, there is 12",
      "cp313-cp313-macosx_12_0_arm64",
    ],
    [
      "macos",
      "cp313-cp313-macosx_10_13_x86_64",
      "is for macOS, x86_64, this is macOS, arm64",
      "cp313-cp313-macosx_12_0_arm64",
    ],
    [
      "windows",
      "cp313-cp313t-win_amd64",
      "is for free-threaded CPython 3.13, this is CPython 3.11",
      "cp311-cp311-win_amd64",
    ],
    [
      "free-threaded",
      "cp313-cp313-win_amd64",
      "is for CPython 3.13, this is free-threaded CPython 3.13",
      "cp313-cp313t-win_amd64",
    ],
    [
      "pypy",
      "cp310-cp310-manylinux_2_17_x86_64",
      "is for CPython 3.10, this is PyPy 3.10",
      "pp310-pypy310_pp73-manylinux_2_17_x86_64",
    ],
  ])("%s, %s: %s", (name, tags, reason, closest) => {
    expect(fitOf(wheel(tags), targetOf(lists[name]))).toEqual({ fits: false, reason, closest });
  });
});

describe("whatever the tags are", () => {
  const part = (...words: string[]) =>
    fc.uniqueArray(fc.constantFrom(...words), { minLength: 1, maxLength: 2 });
  const wheels = fc
    .tuple(
      part("cp311", "cp39", "cp313", "py3", "py2", "py314", "pp310", "graalpy240", "x"),
      part("none", "abi3", "cp311", "cp313t", "cp37m", "pypy310_pp73", "y"),
      part(
        ...["any", "win_amd64", "win32", "linux_x86_64", "manylinux_2_28_x86_64", "z"],
        ...["manylinux2014_x86_64", "manylinux_2_99_x86_64", "musllinux_1_2_x86_64"],
        ...["macosx_12_0_arm64", "macosx_99_0_arm64", "macosx_10_9_universal2", "ios_13_0_arm64"],
      ),
    )
    .map((parts) => wheel(parts.map((words) => words.join(".")).join("-")));
  const targets = fc.constantFrom(...Object.values(lists)).map((list) => {
    return { list, target: targetOf(list) };
  });

  test("it fits where a tag is the target's; else what is closest would fit", () => {
    fc.assert(
      fc.property(wheels, targets, (tags, { list, target }) => {
        const fit = fitOf(tags, target);
        expect(fit.fits).toBe(tags.some((tag) => list.includes(tag)));
        if (fit.fits) {
          expect(tags).toContain(list[fit.rank] ?? "");
          expect(list.slice(0, fit.rank).some((better) => tags.includes(better))).toBe(false);
        } else {
          expect(fit.reason).toMatch(/^(is for|needs|has) \S/);
          expect(fitOf([fit.closest], target).fits).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("a version is only said to be needed where it is newer", () => {
    fc.assert(
      fc.property(fc.nat(60), targets, (minor, { target }) => {
        const fit = fitOf([`cp311-cp311-manylinux_2_${minor}_x86_64`], target);
        const [, needs, has] =
          (!fit.fits && /glibc 2\.(\d+), there is 2\.(\d+)/.exec(fit.reason)) || [];
        if (needs === undefined) return;
        expect(Number(needs)).toBe(minor);
        expect(Number(needs)).toBeGreaterThan(Number(has));
      }),
    );
  });
});

test("a list without tags is none", () => {
  expect(targetTags([])).toBeNull();
});

const misfits = misfitsOf(
  [
    "num_py-2.0-1-cp312-cp312-win_amd64.whl",
    "fits-1.0-py3-none-any.whl",
    "notes.txt",
    "a-1.0-cp310-cp310-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
  ],
  targetOf(lists["glibc 2.28"]),
);

test("misfits: only wheels, only those that don't fit, in their order", () => {
  expect(misfits.map(({ filename }) => filename)).toEqual([
    "num_py-2.0-1-cp312-cp312-win_amd64.whl",
    "a-1.0-cp310-cp310-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
  ]);
});

test("for people: a block a wheel, whatever the terminal's width", () => {
  const lines = misfitTable(misfits);
  expect(lines).toEqual([
    expect.stringMatching(/^num_py 2\.0-1 is for CPython 3\.12, /),
    "  its tags:  cp312-cp312-win_amd64",
    expect.stringMatching(/^ {2}would fit: cp311-cp311-/),
    expect.stringMatching(/^a 1\.0 is for CPython 3\.10, /),
    "  its tags:  cp310-cp310-manylinux_2_17_x86_64.manylinux2014_x86_64",
    "  would fit: cp311-cp311-manylinux_2_17_x86_64",
  ]);
});

test("a target that lists plain Linux first, as pip 26 does, is told by its C library", () => {
  const list = ["linux_x86_64", "manylinux_2_36_x86_64", "manylinux_2_17_x86_64"];
  const target = targetOf(list.map((platform) => `cp311-cp311-${platform}`));
  expect(fitOf(wheel("cp312-cp312-win_amd64"), target)).toEqual({
    fits: false,
    reason:
      "is for CPython 3.12, this is CPython 3.11, and is for Windows, amd64, this is Linux with glibc, x86_64",
    closest: "cp311-cp311-manylinux_2_36_x86_64",
  });
});
