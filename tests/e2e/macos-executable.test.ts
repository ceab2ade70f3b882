// The executables for macOS, which nobody has run: macOS ends a program at its start whose signature
// isn't that of its content, and on arm64 also one that has none.

import { expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { machO, pagesChanged } from "../../scripts/mach_o.ts";
import { executable } from "../support/sandbox.ts";

test("for arm64 it is signed, and every page is what was signed", async () => {
  const file = await readFile(`${executable}-darwin-arm64`);
  expect(machO(file)).toMatchObject({ arch: "arm64", signature: expect.anything() });
  expect(pagesChanged(file)).toBe(0);
});

test("for x64 it hasn't the signature of Bun, which it isn't any more", async () => {
  const file = await readFile(`${executable}-darwin-x64`);
  const { arch, signature, linkEdit } = machO(file);
  expect([arch, signature]).toEqual(["x64", undefined]);
  const start = file.readBigUInt64LE(linkEdit + 40);
  expect(Number(start + file.readBigUInt64LE(linkEdit + 48))).toBe(file.length);
});
