import { expect, test } from "bun:test";
import { editDistance } from "../../src/edit-distance.ts";

test.each([
  ["", "", 0],
  ["a", "", 1],
  ["", "abc", 3],
  ["status", "status", 0],
  ["stauts", "status", 1],
  ["stauts", "start", 2],
  ["statsu", "status", 1],
  ["instal", "install", 1],
  ["ab", "ba", 1],
  ["kitten", "sitting", 3],
  ["é😀", "😀é", 1],
])("from %p to %p: %p", (one, other, distance) => {
  expect(editDistance(one, other)).toBe(distance);
  expect(editDistance(other, one)).toBe(distance);
});
