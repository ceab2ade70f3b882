import { afterEach, beforeEach, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, lstat, mkdir, mkdtemp, readdir, rm, stat, symlink, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import {
  removeTemporaryFolder,
  temporaryFolder,
} from "../../../../src/local/files/temporary-folder.ts";
import { failureOf } from "../../../support/failure.ts";
import { givesFilesAway, isWindows, posixOnly } from "../../../support/systems.ts";

const source = join(import.meta.dir, "../../../../src/local/files/temporary-folder.ts");
const record = ".blender-remote-temporary";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "temporary-folder-test-"));
});
afterEach(() => rm(root, { recursive: true }));

posixOnly("who may read is no part of a mode on Windows")(
  "a folder of this user's alone, whatever the umask says",
  async () => {
    const before = process.umask(0);
    const folder = await temporaryFolder("blender-remote-x-", root);
    process.umask(before);
    expect(basename(folder)).toStartWith("blender-remote-x-");
    expect((await stat(folder)).mode & 0o077).toBe(0);
    await removeTemporaryFolder(folder);
    expect(await readdir(root)).toEqual([]);
  },
);

test("where there can be none: where, why, and what to set", async () => {
  const failure = await failureOf(temporaryFolder("x-", "/nonexistent"));
  expect(failure.code).toBe("no-temporary-folder");
  expect(failure.message).toMatch(/[/\\]nonexistent: no such file or folder/);
  expect(failure.hint).toStartWith(isWindows ? "TEMP" : "TMPDIR");
});

/** A process that does this with `make`, `remove` and the folder `f`, says so, and waits. */
async function other(code: string): Promise<{ folder: string; kill(): Promise<void> }> {
  const script = `import { temporaryFolder as make, removeTemporaryFolder as remove } from ${JSON.stringify(source)};
    import { mkdirSync, unlinkSync, writeFileSync } from "node:fs";
    const f = await make("blender-remote-x-", ${JSON.stringify(root)});
    ${code}
    console.log(f); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(child.stdout, "data");
  const kill = async () => {
    const end = once(child, "exit");
    child.kill("SIGKILL");
    await end;
  };
  return { folder: String(line).trim(), kill };
}

/** What another command would sweep: in a process of its own, since each looks once. */
async function next(): Promise<string[]> {
  const one = await other("await remove(f);");
  await one.kill();
  return await readdir(root);
}

const content = `mkdirSync(f + "/deep"); writeFileSync(f + "/deep/a", "x");`;

test("what a killed command has left goes with the next one, not before", async () => {
  const one = await other(content);
  expect(await next()).toEqual([basename(one.folder)]);
  expect((await stat(join(one.folder, "deep/a"))).size).toBe(1);
  await one.kill();
  expect(await next()).toEqual([]);
});

test("a removal that was killed is gone on with", async () => {
  const one = await other(content);
  await one.kill();
  await rm(join(one.folder, "deep"), { recursive: true });
  expect(await next()).toEqual([]);
});

test("a program that still runs in it keeps it", async () => {
  const one = await other(content);
  await one.kill();
  const user = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)", one.folder]);
  try {
    expect(await next()).toEqual([basename(one.folder)]);
  } finally {
    const end = once(user, "exit");
    user.kill("SIGKILL");
    await end;
  }
  expect(await next()).toEqual([]);
});

test("a folder in the making stays for an hour, then goes if it is empty", async () => {
  const made = join(root, "blender-remote-x-made");
  const filled = join(root, "blender-remote-x-filled");
  await mkdir(made, { mode: 0o700 });
  for (const name of ["held", "held-journal"])
    await Bun.write(`${made}/.blender-remote-${name}`, "");
  await mkdir(join(filled, "precious"), { recursive: true, mode: 0o700 });
  expect((await next()).length).toBe(2);
  for (const folder of [made, filled]) await utimes(folder, 1, 1);
  expect(await next()).toEqual([basename(filled)]);
});

posixOnly("links and modes are none of Windows'")(
  "what isn't this user's own folder stays, whatever it is called",
  async () => {
    const left = await other(content);
    await left.kill();
    const outside = join(root, "outside");
    await mkdir(outside);
    const moved = join(outside, basename(left.folder));
    await Bun.$`mv ${left.folder} ${moved}`;
    await symlink(moved, left.folder);
    const loose = await other(content);
    await loose.kill();
    await chmod(loose.folder, 0o777);
    await Bun.write(join(root, "blender-remote-file"), "x");
    const before = (await readdir(root)).sort();
    expect((await next()).sort()).toEqual(before);
    expect((await lstat(join(moved, "deep/a"))).size).toBe(1);
    if (!givesFilesAway) return;
    await chmod(loose.folder, 0o700);
    await Bun.$`chown 12345 ${loose.folder}`;
    expect((await next()).sort()).toEqual(before);
  },
);

test("a lock in it that is no file is no lock", async () => {
  const folder = join(root, "blender-remote-x-odd");
  await mkdir(join(folder, ".blender-remote-held"), { recursive: true, mode: 0o700 });
  await Bun.write(join(folder, record), "");
  expect(await next()).toEqual([basename(folder)]);
});
