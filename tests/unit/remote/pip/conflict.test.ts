import { expect, test } from "bun:test";
import { conflictIn } from "../../../../src/remote/pip/conflict.ts";

// As pip 22 to 26 write it.
const said = (lines: string[]) =>
  [
    "ERROR: Cannot install xx==0.9 and xx==1.0 because these package versions have conflicting dependencies.",
    "",
    "The conflict is caused by:",
    ...lines.map((line) => `    ${line}`),
    "",
    "To fix this you could try to:",
    "1. loosen the range of package versions you've specified",
  ].join("\n");

test("who wants what", () => {
  const output = said([
    "The user requested numpy<2",
    "xx 1.0 depends on numpy>=2; python_version < '3.14'",
    "The user requested numpy<2",
    "xx[all] 0.9 depends on numpy>=2.1",
  ]);
  expect(conflictIn(output, undefined)).toEqual({
    wishes: ["numpy<2 is asked for", "xx 1.0 needs numpy>=2", "xx[all] 0.9 needs numpy>=2.1"],
    kept: false,
  });
});

test("what Blender brings is told last, other constraints as such", () => {
  const output = said([
    "The user requested (constraint) Num_py==1.26.4",
    "The user requested (constraint) six<1",
    ...Array.from({ length: 9 }, (_, index) => `p${index} 1 depends on num-py>=2`),
  ]);
  const { wishes, kept } = conflictIn(output, "idna==3\nnum-py==1.26.4\n");
  expect(kept).toBe(true);
  expect(wishes[0]).toBe("a constraint asks for six<1");
  expect(wishes.slice(-2)).toEqual(["and 4 more", "Blender brings num-py 1.26.4, which is kept"]);
  expect(conflictIn(output, "num-py==1.26.3").kept).toBe(false);
});

test("constraints that pip has joined are told apart", () => {
  const joined = said(["The user requested (constraint) numpy==1.26.4,==2.0.0"]);
  expect(conflictIn(joined, "numpy==1.26.4")).toEqual({
    wishes: ["a constraint asks for numpy==2.0.0", "Blender brings numpy 1.26.4, which is kept"],
    kept: true,
  });
  const range = said(["The user requested (constraint) numpy<2.0,>=1.26"]);
  expect(conflictIn(range, "numpy>=1.26,<2.0")).toEqual({
    wishes: ["Blender brings numpy>=1.26,<2.0, which is kept"],
    kept: true,
  });
});

test("nothing that is known", () => {
  expect(conflictIn("ERROR: ResolutionImpossible", "a==1").wishes).toEqual([]);
});
