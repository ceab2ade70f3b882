import { expect, test } from "bun:test";
import { isDevice, requireNoDevice } from "../../../../src/local/files/windows-names.ts";
import { failureOfCall } from "../../../support/failure.ts";

test.each([
  ["con", true],
  ["NUL.txt", true],
  ["aux.py", true],
  ["Prn .x", true],
  ["COM1", true],
  ["lpt²", true],
  ["CONIN$", true],
  ["nul:", true],
  ["console", false],
  ["com", false],
  ["com10", false],
  ["my.con", false],
  ["aux_", false],
])("%s is a device on Windows: %p", (name, device) => {
  expect(isDevice(name)).toBe(device);
});

test("a path with a device in it is refused on Windows, and nowhere else", () => {
  for (const path of ["C:\\a\\nul\\b", "aux/x", "\\\\server\\share\\COM1.txt", "\\\\?\\C:\\con"]) {
    const failure = failureOfCall(() => requireNoDevice(path, "win32"));
    expect(failure).toMatchObject({ code: "device-name", exitCode: 2 });
    expect(failure.message).toContain(`'${path}'`);
    requireNoDevice(path, "linux");
  }
  requireNoDevice("C:\\Program Files\\x", "win32");
});
