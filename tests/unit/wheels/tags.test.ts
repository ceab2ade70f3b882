import { describe, expect, test } from "bun:test";
import { parseRequirement } from "../../../src/wheels/requirement.ts";
import { checkWheelhouse } from "../../../src/wheels/resolve.ts";
import { misfitsOf, rankOf } from "../../../src/wheels/tags.ts";

const linux = [
  "cp311-cp311-manylinux_2_36_x86_64",
  "cp311-cp311-manylinux_2_17_x86_64",
  "cp311-cp311-manylinux2014_x86_64",
  "cp311-abi3-manylinux_2_36_x86_64",
  "cp310-abi3-manylinux_2_17_x86_64",
  "cp311-none-any",
  "py3-none-any",
];
const windows = ["cp311-cp311-win_amd64", "cp311-abi3-win_amd64", "py3-none-any"];

test("the best of a wheel's tags counts", () => {
  const tags = ["cp311-cp311-manylinux2014_x86_64", "cp311-cp311-manylinux_2_17_x86_64"];
  expect(rankOf(tags, linux)).toBe(1);
  expect(rankOf(["cp312-cp312-win32"], linux)).toBeUndefined();
});

describe("why a wheel doesn't fit", () => {
  test.each([
    [
      "a-1-cp312-cp312-manylinux_2_17_x86_64.whl",
      linux,
      "is for CPython 3.12, this is CPython 3.11",
    ],
    ["a-1-cp311-cp311-manylinux_2_39_x86_64.whl", linux, "needs glibc 2.39, there is 2.36"],
    ["a-1-cp311-cp311-manylinux_2_17_aarch64.whl", linux, "is for Linux (glibc) aarch64"],
    ["a-1-cp311-cp311-musllinux_1_2_x86_64.whl", linux, "is for Linux (musl) x86_64"],
    ["a-1-cp311-cp311-win_amd64.whl", linux, "is for Windows amd64"],
    ["a-1-cp311-cp311-macosx_11_0_arm64.whl", windows, "is for macOS arm64"],
    ["a-1-cp311-cp311-manylinux_2_17_x86_64.whl", windows, "this is Windows amd64"],
    ["a-1-pp310-pypy310_pp73-win_amd64.whl", windows, "is for PyPy 3.10"],
    ["a-1-cp311-cp311d-win_amd64.whl", windows, "has the ABI cp311d"],
    ["a-1-py2-none-any.whl", linux, "is for Python 2"],
  ])("%s", (name, target, reason) => {
    const [misfit] = misfitsOf([name], target);
    expect(misfit?.reason).toContain(reason);
    expect(target).toContain(misfit?.closest ?? "");
  });

  test("the closest tag keeps what fits already", () => {
    const [misfit] = misfitsOf(["a-1-cp312-cp312-manylinux_2_17_x86_64.whl"], linux);
    expect(misfit?.closest).toBe("cp311-cp311-manylinux_2_17_x86_64");
  });

  test("wheels that fit, and names that aren't wheels', are no misfits", () => {
    const names = ["a-1-py3-none-any.whl", "a-1-cp310-abi3-manylinux_2_17_x86_64.whl", "x.zip"];
    expect(misfitsOf(names, linux)).toEqual([]);
  });
});

describe("checkWheelhouse", () => {
  const files = [
    "Num_Py-1.26.4-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
    "num_py-2.0-cp312-cp312-manylinux_2_17_x86_64.whl",
    "pre-1.0rc1-py3-none-any.whl",
    "notes.txt",
  ];
  const problems = (spec: string, tags: readonly string[] | null = linux) => {
    const parsed = parseRequirement(spec);
    if (!parsed.ok) throw new Error(parsed.reason);
    return checkWheelhouse(files, [parsed.requirement], tags).map(({ code }) => code);
  };
  test.each([
    ["num-py", []],
    ["NUM.PY==1.26.4", []],
    ["num-py>=1,<2", []],
    ["num-py>=2", ["no-fitting-wheel"]],
    ["num-py>=3", ["no-matching-version"]],
    ["numpie", ["no-wheel"]],
    ["pre", []],
    ["pre>=1", ["no-matching-version"]],
    ["pre==1.0rc1", []],
  ])("%s", (spec, expected) => {
    expect(problems(spec)).toEqual(expected as ReturnType<typeof problems>);
  });

  test("without tags, names and versions alone count", () => {
    expect(problems("num-py>=2", null)).toEqual([]);
    expect(problems("num-py>=3", null)).toEqual(["no-matching-version"]);
  });
});
