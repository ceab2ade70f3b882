import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { normalizedName, parseWheelName } from "../../../src/wheels/filename.ts";

describe("names of wheels (PEP 427)", () => {
  test("the parts", () => {
    expect(parseWheelName("distribution-1.0-1-py27-none-any.whl")).toEqual({
      filename: "distribution-1.0-1-py27-none-any.whl",
      distribution: "distribution",
      version: "1.0",
      build: "1",
      tags: ["py27-none-any"],
    });
  });

  test("compressed tag sets (PEP 425) are expanded", () => {
    const wheel = parseWheelName(
      "numpy-1.26.4-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
    );
    expect(wheel?.build).toBeUndefined();
    expect(wheel?.tags).toEqual([
      "cp311-cp311-manylinux_2_17_x86_64",
      "cp311-cp311-manylinux2014_x86_64",
    ]);
    expect(parseWheelName("six-1.0-py2.py3-none-any.whl")?.tags).toEqual([
      "py2-none-any",
      "py3-none-any",
    ]);
    expect(parseWheelName("PyYAML-6.0-CP311-cp311-Win_AMD64.whl")?.tags).toEqual([
      "cp311-cp311-win_amd64",
    ]);
  });

  test.each([
    ["torch-2.1.0+cu118-cp311-cp311-linux_x86_64.whl", "2.1.0+cu118", undefined],
    ["odd-1!2.0.post1.dev3-py3-none-any.whl", "1!2.0.post1.dev3", undefined],
    ["zope.interface-6.0-py3-none-any.whl", "6.0", undefined],
    ["Foo_Bar-1_0-2b-py3-none-any.whl", "1_0", "2b"],
  ])("%s", (filename, version, build) => {
    expect(parseWheelName(filename)).toMatchObject({ filename, version, build });
  });

  test.each([
    "numpy.whl",
    "numpy-1.0.whl",
    "numpy-1.0-py3-none.whl",
    "numpy-1.0-py3-none-any-linux.whl",
    "numpy-1.0-x1-py3-none-any.whl",
    "numpy-1.0-py3-none-any.zip",
    "numpy-1.0-py3-none-any.whl.part",
    "numpy--py3-none-any.whl",
    "-1.0-py3-none-any.whl",
    ".numpy-1.0-py3-none-any.whl",
    "../numpy-1.0-py3-none-any.whl",
    "..-1.0-py3-none-any.whl",
    "a/numpy-1.0-py3-none-any.whl",
    "a\\numpy-1.0-py3-none-any.whl",
    "C:numpy-1.0-py3-none-any.whl",
    "numpy-1..0-py3-none-any.whl",
    "numpy-1.0-py3-none-..whl",
    "num py-1.0-py3-none-any.whl",
    "numpy-1.0-py3-none-any.whl\n",
    "nümpy-1.0-py3-none-any.whl",
    "numpy\u0000-1.0-py3-none-any.whl",
    `${"a".repeat(240)}-1.0-py3-none-any.whl`,
    "",
  ])("%p isn't one", (filename) => {
    expect(parseWheelName(filename)).toBeUndefined();
  });

  test("with something put into it, it is refused or still stays in its folder", () => {
    const pieces = fc.oneof(
      fc.constantFrom("/", "\\", "..", ".", ":", "~", "-", "_", "+", "!", " ", "\u0000", "\n", "a"),
      fc.string({ unit: "binary", minLength: 1, maxLength: 2 }),
    );
    const name = "numpy-1.0-1-cp311-cp311-linux.whl";
    fc.assert(
      fc.property(fc.nat({ max: name.length }), pieces, (at, piece) => {
        const filename = name.slice(0, at) + piece + name.slice(at);
        if (parseWheelName(filename) === undefined) return;
        expect(filename).toMatch(/^[A-Za-z0-9_][\w.+!-]*\.whl$/);
        expect(filename).not.toContain("..");
      }),
      { numRuns: 2000 },
    );
  });
});

test.each([
  ["Foo.Bar_baz", "foo-bar-baz"],
  ["foo--_.bar", "foo-bar"],
  ["numpy", "numpy"],
])("%s is %s in its normalised form (PEP 503)", (name, normalized) => {
  expect(normalizedName(name)).toBe(normalized);
});
