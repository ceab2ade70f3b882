import { expect, test } from "bun:test";
import { durationText, localTime } from "../../../src/remote/local-time.ts";

test.each([
  [0, "0 s"],
  [59.9, "59 s"],
  [61, "1 min 1 s"],
  [3599, "59 min 59 s"],
  [7800, "2 h 10 min"],
])("%p seconds are %p", (seconds, words) => {
  expect(durationText(seconds)).toBe(words);
});

test("a time is this machine's", () => {
  const time = new Date(2026, 10, 26, 2, 5, 9);
  expect(localTime(time.getTime() / 1000)).toBe("2026-11-26 02:05:09");
});
