import { expect, test } from "bun:test";
import { coreMetadata, needsOf } from "../../../src/wheels/core-metadata.ts";

const text = `Metadata-Version: 2.1\r
Name: Some.Pack\r
Version: 1.0\r
Requires-Python: >=3.8\r
Requires-Dist: always (>=1.0)\r
Requires-Dist: windows; sys_platform ==\r
  "win32"\r
Requires-Dist: extra-one[x]>=2; extra == 'One_More'\r
Requires-Dist: both; extra == "one-more" and sys_platform == "win32"\r
Requires-Dist: either; extra == "one-more" or sys_platform == "win32"\r
\r
Requires-Dist: not-a-header
`;

const windows = { markers: { sys_platform: "win32" } };
const linux = { markers: { sys_platform: "linux" } };

test("METADATA is read up to its empty line, lines that go on too", () => {
  expect(coreMetadata(text)).toMatchObject({
    name: "Some.Pack",
    version: "1.0",
    requiresPython: ">=3.8",
    requires: { length: 5 },
  });
  expect(coreMetadata("Name: x\n\nVersion: 1\n")).toBeUndefined();
  expect(coreMetadata("")).toBeUndefined();
});

test.each([
  [windows, null, ["always>=1.0", 'windows; sys_platform == "win32"', "either"]],
  [windows, "One.more", ["extra-one[x]>=2", "both"]],
  [linux, null, ["always>=1.0"]],
  [linux, "one-more", ["extra-one[x]>=2", "either"]],
  [linux, "none", []],
])("on %j with the extra %p", (target, extra, expected) => {
  const metadata = coreMetadata(text);
  if (metadata === undefined) throw new Error("it can't be read");
  const needs = needsOf(metadata, target, extra);
  const texts = "requirements" in needs ? needs.requirements.map((one) => one.text) : [];
  expect(texts.map((one) => one.replace(/; .*extra.*/, "").replace(/\s+/g, " "))).toEqual(expected);
});

test("an address makes a version unusable", () => {
  const address = {
    name: "x",
    version: "1",
    requiresPython: null,
    requires: ["y @ https://host/y.whl"],
  };
  expect(needsOf(address, linux, null)).toEqual({ unusable: expect.stringContaining("URL") });
});

test("as many conditions as metadata may have are read at once", () => {
  const marker = `${'sys_platform == "a" or '.repeat(800)}sys_platform == "b"`;
  const requires = Array.from({ length: 100 }, (_, index) => `y${index}; ${marker}`);
  const about = { name: "x", version: "1", requiresPython: null };
  expect(needsOf({ ...about, requires }, linux, null)).toEqual({ requirements: [] });
});
