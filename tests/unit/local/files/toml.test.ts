import { expect, test } from "bun:test";
import { parseToml, TomlError } from "../../../../src/local/files/toml.ts";

const text = `# first
title = "a"
fruit.apple = [1,
  "two", { deep = 1979-05-27 }]

[table]
"quoted key" = true
[[list]]
one = 1
[[list]]
two = 0x1F
`;

test("what it says", () => {
  expect(parseToml(text).value).toEqual({
    title: "a",
    fruit: { apple: [1, "two", { deep: new Date("1979-05-27") }] },
    table: { "quoted key": true },
    list: [{ one: 1 }, { two: 31 }],
  });
});

test.each([
  [["title"], 2, 1],
  [["fruit", "apple"], 3, 1],
  [["fruit", "apple", 0], 3, 16],
  [["fruit", "apple", 1], 4, 3],
  [["fruit", "apple", 2, "deep"], 4, 12],
  [["table"], 6, 2],
  [["table", "quoted key"], 7, 1],
  [["table", "missing"], 6, 2],
  [["list", 1, "two"], 11, 1],
])("where %j stands", (path, line, column) => {
  expect(parseToml(text).placeOf(path)).toEqual({ line, column });
});

test("where something is missing at the top", () => {
  expect(parseToml(text).placeOf(["missing"])).toBeUndefined();
});

test.each([
  ["a = 1\na = 2", 2, 1],
  ["[a]\n[a]", 2, 2],
  ["a = ", 1, 5],
  ["a = 1\nb = \n\nc = 1", 2, 4],
  ["a = 1\n\nb = tru\n", 3, 5],
  ["a = 1\rb = 2", 1, 6],
  ["a = {x = 1,\n}", 2, 1],
  ["\ufeffa = 1", 1, 1],
  ["a = 1\n__proto__ = {x = 1}", 2, 1],
  ['a = "\\e"', 1, 7],
])("%j is none", (bad, line, column) => {
  try {
    parseToml(bad);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    expect(error.place).toEqual({ line, column });
    return;
  }
  throw new Error("it was taken");
});

test("brackets within brackets without end are none", () => {
  const deep = `a = ${"[".repeat(200_000)}${"]".repeat(200_000)}`;
  expect(() => parseToml(deep)).toThrow(new TomlError("It is too deep", { line: 1, column: 1 }));
});

test("a text that is too long for a manifest", () => {
  const text = (length: number) => `a = "${"x".repeat(length - 6)}"`;
  expect(parseToml(text(500_000)).value).toHaveProperty("a");
  expect(() => parseToml(text(500_001))).toThrow("It is longer than 500000 characters");
});
