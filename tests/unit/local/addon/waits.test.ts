import { expect } from "bun:test";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AddonBlender, Deadline } from "../../../../src/local/addon/addon-blender.ts";
import { installAddons } from "../../../../src/local/addon/install.ts";
import { failureOf } from "../../../support/failure.ts";
import { posixOnly } from "../../../support/systems.ts";

/** Has a Blender that ends at once install a source; what was waited for, in its order. */
async function waitedFor(check: boolean): Promise<string[]> {
  const home = await mkdtemp(join(tmpdir(), "blender-remote-waits-"));
  try {
    const executable = join(home, "blender");
    await writeFile(executable, '#!/bin/sh\n[ "$1" = --version ] && echo Blender 4.3.2\nexit 3\n');
    await chmod(executable, 0o755);
    await writeFile(join(home, "a.py"), 'bl_info = {"name": "A"}\n');
    const words: string[] = [];
    const blender: AddonBlender = {
      executable,
      version: "4.3.2",
      env: { PATH: process.env["PATH"], BLENDER_USER_RESOURCES: join(home, "own") },
      deadline: new Deadline(60),
      signal: new AbortController().signal,
      listener: {
        note: () => {},
        warn: () => {},
        ran: () => {},
        output: () => {},
        running: () => {},
        during: (what, work) => {
          words.push(what.replaceAll(`${home}/`, ""));
          return work;
        },
      },
    };
    const usual = { name: undefined, form: undefined, into: undefined };
    const flags = {
      enable: true,
      leave: "nothing",
      window: false,
      overwrite: true,
      check,
    } as const;
    const options = { ...usual, ...flags };
    const source = join(home, "a.py");
    await failureOf(installAddons(blender, [source], { ...options, ifRunning: "warn" }));
    return words;
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

const diagnosis = ["asking blender for its version", "waiting for Blender in the background"];

posixOnly("its programs are shell scripts")(
  "each step of an install that can take long is said",
  async () => {
    expect(await waitedFor(false)).toEqual([
      "reading a.py",
      "waiting for another command that changes the add-ons",
      "removing what was replaced",
      "removing what was replaced",
      "looking for Blenders that run",
      "unpacking a.py",
      "waiting for Blender in the background",
      ...diagnosis,
      "removing what was replaced",
      "removing what was replaced",
    ]);
  },
);

posixOnly("its programs are shell scripts")("and of a check", async () => {
  expect(await waitedFor(true)).toEqual([
    "reading a.py",
    "unpacking a.py",
    "waiting for Blender in the background",
    ...diagnosis,
    "removing what was unpacked for the look",
  ]);
});
