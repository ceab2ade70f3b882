import { expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { asFailure } from "../../../src/ui/report.ts";

test.each([
  ["ENOSPC", "system-error", "this machine can't do it: the disk is full", tmpdir()],
  ["EMFILE", "system-error", "this machine can't do it: too many open files", tmpdir()],
  ["ENOENT", "internal", "unexpected error: no such file or folder", "defect"],
])("%s that nobody has expected is %s", (code, expected, message, hint) => {
  const failure = asFailure(Object.assign(new Error("x"), { code }));
  expect(failure).toMatchObject({ code: expected, message, exitCode: 1 });
  expect(String(failure.hint)).toContain(hint);
});
