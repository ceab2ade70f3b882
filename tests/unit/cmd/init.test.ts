import { expect, test } from "bun:test";
import { pick } from "../../../src/cmd/init.ts";

const signal = new AbortController().signal;
const older = { executable: "/usr/bin/blender", version: "3.4.1", numbers: [3, 4, 1] } as const;
const newer = { executable: "/opt/b/blender", version: "4.3.2", numbers: [4, 3, 2] } as const;

test("the only Blender is taken, and that is said", async () => {
  const notes: string[] = [];
  const output = { interactive: false, note: (text: string) => void notes.push(text) };
  expect(await pick([older], output, signal)).toBe("/usr/bin/blender");
  expect(notes).toEqual(["found Blender 3.4.1: /usr/bin/blender"]);
});

test("without a terminal several are listed, with the argument to give", async () => {
  const output = { interactive: false, note: () => {} };
  await expect(pick([newer, older], output, signal)).rejects.toMatchObject({
    code: "several-blenders",
    exitCode: 2,
    message: "several Blenders were found:\n  4.3.2  /opt/b/blender\n  3.4.1  /usr/bin/blender",
    hint: "give the one to use: blender-remote-cli init '/opt/b/blender'",
  });
});

test("none is a failure that says how to give one", async () => {
  const output = { interactive: true, note: () => {} };
  await expect(pick([], output, signal)).rejects.toMatchObject({
    code: "no-blender-found",
    exitCode: 1,
    hint: "give its path: blender-remote-cli init /path/to/blender",
  });
});
