// What an install reads of a remote wheelhouse before pip runs; nothing here gets as far as pip.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, writeFile } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { launcherOf } from "../support/blender.ts";
import { type CliResult, type Sandbox, sandbox } from "../support/sandbox.ts";
import { servers } from "../support/servers.ts";
import { writeWheel } from "../support/wheels.ts";

interface Refused {
  error: { code: string; message: string; hint: string };
}

function refused(result: CliResult): Refused["error"] {
  expect(result.code).toBe(1);
  return (JSON.parse(result.stdout) as Refused).error;
}

for (const server of servers) {
  describe(`a remote wheelhouse through ${server.name}`, () => {
    let box: Sandbox;
    const install = (spec: string, from: string) =>
      box.cli(["pkg", "install", spec, "--remote-wheelhouse", from, "--json"]);
    beforeAll(async () => {
      box = await sandbox();
      await server.start(box, await launcherOf("bpy"));
    });
    afterAll(async () => {
      await box[Symbol.asyncDispose]();
    });

    test("of thousands of wheels, the ones that are asked for are found", async () => {
      const there = join(box.dir, "very many");
      await mkdir(there);
      const names = Array.from({ length: 5000 }, (_, n) => `brmany_${n}-1.0-cp312-cp312-win32.whl`);
      await Promise.all(names.map((name) => writeFile(join(there, name), "")));
      const { code, message } = refused(await install("brmany-4999", there));
      expect(code).toBe("wheelhouse-lacks");
      expect(message).toMatch(/brmany_4999 1\.0 is for CPython 3\.12, /);
    });

    test("spaces, quotes and other scripts in its path; a corrupt wheel counts by its name", async () => {
      const there = join(box.dir, "the 'wheels' of \"Jürgen\" 車輪 $HOME");
      await mkdir(there);
      await writeFile(join(there, "brcorrupt-1.0-py3-none-any.whl"), "not an archive");
      await writeFile(join(there, "brempty-1.0-py3-none-any.whl"), "");
      const { message } = refused(await install("brcorrupt>=2", there));
      expect(message).toContain(`'${there}'`);
      expect(message).toContain("brcorrupt>=2: there is only 1.0");
    });

    test("~ and relative paths are resolved there, and shown so", async () => {
      const home = join(box.env["HOME"] ?? "", "no wheels");
      expect(refused(await install("brany", "~/no wheels"))).toMatchObject({
        code: "no-wheelhouse",
        message: `the remote wheelhouse '${home}' doesn't exist`,
      });
      const { message } = refused(await install("brany", "no/such/../wheels"));
      const shown = /'([^']+)'/.exec(message)?.[1] ?? "";
      expect(isAbsolute(shown)).toBe(true);
      expect(shown).toEndWith("/no/wheels");
    });

    test("a file, a path that no file can have, and a folder that is empty", async () => {
      const wheel = await writeWheel(join(box.dir, "one"), { name: "brany" });
      expect(refused(await install("brany", wheel))).toMatchObject({
        code: "not-a-folder",
        message: `the remote wheelhouse '${wheel}' isn't a folder`,
        hint: expect.stringContaining("pkg push"),
      });
      expect(refused(await install("brany", join(box.dir, "x".repeat(300))))).toMatchObject({
        code: "folder-not-readable",
        message: expect.stringContaining("name too long"),
      });
      const empty = join(box.dir, "empty");
      await mkdir(empty);
      expect(refused(await install("brany", empty))).toMatchObject({
        code: "wheelhouse-lacks",
        message: expect.stringContaining("nor any other wheel"),
      });
    });
  });
}
