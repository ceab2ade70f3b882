import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Selection, selectionOf, UsageError } from "../../../scripts/selection.ts";

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "selection-"));
  const files = [
    "src/a.ts",
    "tests/e2e/pkg-push.test.ts",
    "tests/support/wheels.ts",
    "tests/unit/both/a.test.ts",
    "tests/unit/both/deep/test_b.py",
    "tests/unit/typescript/c.test.ts",
    "tests/unit/typescript/helper.ts",
  ];
  for (const file of files) {
    await mkdir(dirname(join(root, file)), { recursive: true });
    await writeFile(join(root, file), "");
  }
});
afterAll(() => rm(root, { recursive: true }));

const nothing: Selection = {
  lint: false,
  unit: [],
  python: [],
  e2e: [],
  name: undefined,
  bunOptions: [],
};
const wholeUnit = { unit: ["tests/unit"], python: ["tests/unit"] };
const wholeE2e = { e2e: ["tests/e2e"] };

describe("what is meant", () => {
  const push = "tests/e2e/pkg-push.test.ts";
  const [typescript, python] = ["tests/unit/both/a.test.ts", "tests/unit/both/deep/test_b.py"];
  test.each<[string[], Partial<Selection>]>([
    [[], { lint: true, ...wholeUnit, ...wholeE2e }],
    [["--bail"], { lint: true, ...wholeUnit, ...wholeE2e, bunOptions: ["--bail"] }],
    [["lint"], { lint: true }],
    [["unit"], wholeUnit],
    [["lint", "unit"], { lint: true, ...wholeUnit }],
    [["e2e"], wholeE2e],
    [["tests"], { ...wholeUnit, ...wholeE2e }],
    [["."], { ...wholeUnit, ...wholeE2e }],
    [["tests/unit/"], wholeUnit],
    [["tests/unit/both"], { unit: ["tests/unit/both"], python: ["tests/unit/both"] }],
    [["tests/unit/typescript"], { unit: ["tests/unit/typescript"] }],
    [[`./${typescript}`, push], { unit: [typescript], e2e: [push] }],
    [[python], { python: [python] }],
    [[`${python}::TestX::test_y`], { python: [`${python}::TestX::test_y`] }],
    [["e2e", push], { e2e: [push] }],
    [["unit", python], { python: [python] }],
    [["unit", push], { ...wholeUnit, e2e: [push] }],
    [["-t", "a name"], { ...wholeUnit, name: "a name" }],
    [["--test-name-pattern=a name", "e2e"], { ...wholeE2e, name: "a name" }],
    [[typescript, "-t", "lint"], { unit: [typescript], name: "lint" }],
  ])("%j", (args, selected) => {
    expect(selectionOf(args, root)).toEqual({ ...nothing, ...selected });
  });

  test("an absolute path", () => {
    expect(selectionOf([join(root, push)], root)).toEqual({ ...nothing, e2e: [push] });
  });
});

test.each([
  [["pkg-push"], 'there is no pkg-push here\nhint: .*: ./dev test -t "pkg-push"$'],
  [["tests/unit/gone.test.ts"], "there is no tests/unit/gone.test.ts here\nhint: "],
  [["src/a.ts"], "src/a.ts has no tests\nhint: they are in tests/unit and tests/e2e"],
  [["src"], "src has no tests"],
  [["tests/support"], "tests/support has no tests"],
  [["tests/unit/typescript/helper.ts"], "helper.ts has no tests"],
  [["-t"], "-t takes a part of a test's name"],
  [["-t="], "takes a part of a test's name"],
])("%j means nothing", (args, says) => {
  const select = () => selectionOf(args, root);
  expect(select).toThrow(UsageError);
  expect(select).toThrow(new RegExp(says));
});
