import { expect, test } from "bun:test";
import { parseSize } from "../../../../src/cmd/pkg/_size.ts";

test.each([
  ["1", 1],
  ["1048576", 1048576],
  ["5M", 5 * 1024 ** 2],
  ["5m", 5 * 1024 ** 2],
  ["5MB", 5 * 1024 ** 2],
  ["5MiB", 5 * 1024 ** 2],
  ["512k", 512 * 1024],
  ["1.5K", 1536],
  ["2G", 2 * 1024 ** 3],
  [" 7B ", 7],
])("%p is %d bytes", (text, bytes) => {
  expect(parseSize(text)).toBe(bytes);
});

test.each([
  "",
  "0",
  "0M",
  "0.1",
  "-1",
  "+1",
  "1e6",
  "1T",
  "M",
  "1 M",
  "1,5M",
  ".5M",
  "5Mi",
  "0x10",
  "Infinity",
  "NaN",
  "constructor",
  "1constructor",
  "٣",
])("%p isn't a size", (text) => {
  expect(parseSize(text)).toBeUndefined();
});
