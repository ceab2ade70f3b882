import { expect, test } from "bun:test";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { behindWrapper, macExecutable } from "../../../../src/local/blender/mac-application.ts";
import { failureOfCall } from "../../../support/failure.ts";
import { posixOnly } from "../../../support/systems.ts";
import { testFolders } from "./programs.ts";

const folder = testFolders();

posixOnly("its paths are those of macOS")(
  "the command that Homebrew writes is the application that it starts",
  async () => {
    const blender = join(folder.path, "Blender.app/Contents/MacOS/Blender");
    const wrapper = await folder.program(`'${blender}' "$@"`);
    expect(behindWrapper(wrapper)).toBe(wrapper); // the application has gone
    await mkdir(dirname(blender), { recursive: true });
    await writeFile(blender, "");
    expect(behindWrapper(wrapper)).toBe(blender);
    expect(macExecutable(wrapper)).toBe(blender);
    expect(macExecutable(blender)).toBe(blender);
    const other = await folder.program(`BLENDER_USER_RESOURCES=/x '${blender}' "$@"`);
    expect(behindWrapper(other)).toBe(other);
  },
);

test("an application itself, which is a folder, is left as it is", async () => {
  const application = join(folder.path, "Blender.app");
  await mkdir(application);
  expect(macExecutable(application)).toBe(application);
  expect(macExecutable(join(folder.path, "absent"))).toBe(join(folder.path, "absent"));
});

test.each([
  [
    "/private/var/folders/x1/T/AppTranslocation/0A1B/d/Blender.app/Contents/MacOS/Blender",
    "move Blender.app to /Applications with the Finder",
  ],
  ["/Users/me/Downloads/blender-5.0.1-macos-arm64.dmg", "drag Blender.app to /Applications"],
])("%s is explained", (path, hint) => {
  const failure = failureOfCall(() => macExecutable(path));
  expect(failure.code).toBe("not-blender");
  expect(failure.message).toContain(path);
  expect(`${failure.hint}`).toContain(hint);
});
