// A temporary folder for each test, and programs in it that stand in for a Blender.

import { afterEach, beforeEach } from "bun:test";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The folder of the running test, which is TMPDIR as well. */
export interface TestFolder {
  readonly path: string;
  /** Writes a shell script as an executable named `blender`; its path. */
  program(script: string): Promise<string>;
}

/** Gives each test of a file such a folder, and removes it afterwards. */
export function testFolders(): TestFolder {
  let path = "";
  let temporary: string | undefined;
  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), "blender-test-"));
    temporary = process.env["TMPDIR"];
    process.env["TMPDIR"] = path;
  });
  afterEach(async () => {
    if (temporary === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = temporary;
    await rm(path, { recursive: true });
  });
  return {
    get path() {
      return path;
    },
    program: async (script) => {
      const file = join(path, "blender");
      await writeFile(file, `#!/bin/sh\n${script}\n`);
      await chmod(file, 0o755);
      return file;
    },
  };
}
