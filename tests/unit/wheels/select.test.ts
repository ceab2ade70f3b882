import { expect, test } from "bun:test";
import { parseWheelChoice, selectWheels } from "../../../src/wheels/select.ts";

const wheels = {
  one: "num_py-1.26.4-cp311-cp311-linux_x86_64.whl",
  other: "num_py-1.26.4-cp312-cp312-linux_x86_64.whl",
  newer: "Num.Py-2.0rc1-cp312-cp312-linux_x86_64.whl",
  local: "torch-2.0+cpu-py3-none-any.whl",
  financial: "num_py_financial-1.0-py3-none-any.whl",
  odd: "odd.whl",
  part: ".num_py-1.26.4-cp313-cp313-linux_x86_64.whl.0123456789abcdef.part",
};
const files = [...Object.values(wheels), "notes.txt", ".blender-remote-hashes.json"];

/** What these words come to. */
function selected(...words: string[]) {
  return selectWheels(
    files,
    words.map((word) => {
      const choice = parseWheelChoice(word);
      if (choice === undefined) throw new Error(`${word} is no choice`);
      return choice;
    }),
  );
}

test.each([
  ["NUM-py", ["one", "other", "newer", "part"]],
  ["num.py==1.26.4", ["one", "other", "part"]],
  ["num-py==1.26.4.0", ["one", "other", "part"]],
  ["num-py==2.0rc1", ["newer"]],
  ["num-py == 1.26.4", ["one", "other", "part"]],
  ["torch==2.0", ["local"]],
  ["torch==2.0+cpu", ["local"]],
  [wheels.one, ["one"]],
  ["odd.whl", ["odd"]],
  ["num_py-1.26.4-cp313-cp313-linux_x86_64.whl", ["part"]],
] as const)("%s", (word, names) => {
  const { files: found, unknown } = selected(word);
  expect(found).toEqual(names.map((name) => wheels[name]));
  expect(unknown).toEqual([]);
});

test("several choices; a wheel once, in the order of the wheelhouse", () => {
  expect(selected("torch", wheels.one, "num-py==1.26.4").files).toEqual([
    wheels.one,
    wheels.other,
    wheels.local,
    wheels.part,
  ]);
});

test.each([
  ["nunpy", ["num-py"]],
  ["scipy-stubs", []],
  ["numm-py", ["num-py"]],
  ["financial", ["num-py-financial"]],
  ["num-py==3.0", ["num-py==1.26.4", "num-py==2.0rc1"]],
  ["torch==2.0+gpu", ["torch==2.0+cpu"]],
  ["notes.txt.whl", []],
  [wheels.one.toUpperCase().replace("WHL", "whl"), []],
  [wheels.one.replace("311-linux", "310-linux"), [wheels.one, wheels.other]],
])("%s isn't there: what may have been meant", (word, similar) => {
  const { files: found, unknown } = selected("torch", word);
  expect(found).toEqual([wheels.local]);
  expect(unknown.map(({ text }) => text)).toEqual([word]);
  for (const one of similar) expect(unknown[0]?.similar).toContain(one);
  if (similar.length === 0) expect(unknown[0]?.similar).toEqual([]);
});
