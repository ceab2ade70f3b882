import { expect, test } from "bun:test";
import { fullDisk, fullDiskIn } from "../../../../src/remote/pip/full-disk.ts";

const temporary = "/tmp/blender-remote-pip-x/tmp";
const begun = "Processing /w/a.whl\nInstalling collected packages: a\n";
const full = "[Errno 28] No space left on device";
const os = (path: string) =>
  `ERROR: Could not install packages due to an OSError: ${full}${path}\n`;
const temp = "the disk with the folder for temporary files of Blender's machine is full: /tmp";
const disk = "the disk of Blender's machine is full";

// As pip 22 to 26 write them.
test.each([
  ["unpacking", begun + os(`: '${temporary}/pip-target-1/a.py'`), true, temp],
  ["into site", begun + os(": '/site-packages/a/b.py'"), false, `${disk}: /site-packages/a`],
  ["a wheel is copied", os(`: '/w/a.whl' -> '${temporary}/a.whl'`), true, temp],
  ["no path, before the install", os(""), true, temp],
  ["no path, while a folder is filled", begun + os(""), true, temp],
  ["no path, while it is moved", `${begun}Successfully installed a\n${os("")}`, false, disk],
  [
    "moved to the target",
    `Successfully installed a\nshutil.Error: [('${temporary}/a', '/m/a b/a.py', "${full}: '/m/a b/a.py'")]`,
    false,
    `${disk}: /m/a b`,
  ],
  [
    "a quota",
    os("").replace(full, "[Errno 122] Disk quota exceeded: '/home/x/y'"),
    false,
    `${disk}: /home/x`,
  ],
])("%s", (_, output, isTemporary, message) => {
  expect(fullDisk.test(output)).toBe(true);
  expect(fullDiskIn(output, { temporary, staged: true })).toEqual({ message, isTemporary });
});

test("an install into site-packages, without a path", () => {
  expect(fullDiskIn(begun + os(""), { temporary, staged: false }).message).toBe(disk);
  expect(fullDiskIn(os(""), {}).message).toBe(disk);
});

test("Windows", () => {
  const output =
    "OSError: [WinError 112] There is not enough space on the disk: 'C:\\\\T\\\\blender-remote-pip-x\\\\tmp\\\\a'";
  const at = { temporary: "C:\\T\\blender-remote-pip-x\\tmp", staged: true };
  expect(fullDiskIn(output, at).message).toEndWith("is full: C:\\T");
});
