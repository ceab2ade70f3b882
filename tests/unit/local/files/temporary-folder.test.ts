import { expect, test } from "bun:test";
import { rm, stat } from "node:fs/promises";
import { basename } from "node:path";
import { temporaryFolder } from "../../../../src/local/files/temporary-folder.ts";
import { failureOf } from "../../../support/failure.ts";
import { isWindows, posixOnly } from "../../../support/systems.ts";

posixOnly("who may read is no part of a mode on Windows")(
  "a folder of this user's alone",
  async () => {
    const folder = await temporaryFolder("temporary-folder-test-");
    expect(basename(folder)).toStartWith("temporary-folder-test-");
    expect((await stat(folder)).mode & 0o077).toBe(0);
    await rm(folder, { recursive: true });
  },
);

test("where there can be none: where, why, and what to set", async () => {
  const failure = await failureOf(temporaryFolder("x-", "/nonexistent"));
  expect(failure.code).toBe("no-temporary-folder");
  expect(failure.message).toMatch(/[/\\]nonexistent: no such file or folder/);
  expect(failure.hint).toStartWith(isWindows ? "TEMP" : "TMPDIR");
});
