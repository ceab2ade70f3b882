import { expect, test } from "bun:test";
import { RemoteError } from "../../../../src/remote/script/failures.ts";
import {
  notWritable,
  unreadable,
  uploadFailure,
} from "../../../../src/remote/wheelhouse/failures.ts";

const long = `C:\\${"a long name\\".repeat(22)}house`;

function remote(errno: string, path: string): RemoteError {
  return new RemoteError({ type: "OSError", message: "it says so", errno, path, traceback: "" });
}

test("a path on Windows that may be too long", () => {
  const says = { hint: expect.stringContaining("LongPathsEnabled") };
  expect(notWritable(long, "ENOENT")).toMatchObject({ code: "folder-not-writable", ...says });
  const target = `${long}\\a.whl`;
  const failure = uploadFailure(remote("ENOENT", target), target);
  expect(failure).toMatchObject({ code: "path-too-long", ...says });
});

test.each([
  ["C:\\wheels", "ENOENT"],
  [`/${"a long name/".repeat(25)}`, "ENOENT"],
  [long, "EACCES"],
])("%.20s and %s: something else", (folder, errno) => {
  expect(notWritable(folder, errno).hint).not.toContain("LongPathsEnabled");
});

test.each([
  ["ENODEV", "C:\\con", "a part of its path is the name of a device on Windows"],
  ["ENXIO", "C:\\wheels", "it is a path of Windows"],
])("what a wheelhouse can't be: %s", (errno, path, says) => {
  for (const failure of [unreadable(path, remote(errno, path)), notWritable(path, errno)])
    expect(failure).toMatchObject({ message: expect.stringContaining(says) });
});
