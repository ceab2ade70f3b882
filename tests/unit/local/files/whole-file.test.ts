import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf } from "../../../../src/failure.ts";
import { wholeFile } from "../../../../src/local/files/whole-file.ts";

import { until } from "../../../support/until.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "blender-remote-whole-"));
});
afterAll(() => rm(folder, { recursive: true }));

const read = async (path: string, most = 1000) => {
  try {
    return Buffer.from(await wholeFile(path, most)).toString();
  } catch (error) {
    return messageOf(error);
  }
};

test("a file as long as it may be, and one byte more", async () => {
  const path = join(folder, "file");
  await writeFile(path, "x".repeat(200_000));
  expect(await read(path, 200_000)).toBe("x".repeat(200_000));
  expect(await read(path, 199_999)).toBe("it has more than 200.0 kB");
  await writeFile(path, "");
  expect(await read(path)).toBe("");
});

test("what isn't there, and what is no file", async () => {
  expect(await read(join(folder, "none"))).toBe("no such file or folder");
  expect(await read(folder)).toBe("it is a folder");
});

const onUnix = test.skipIf(process.platform === "win32");

onUnix("a device without an end", async () => {
  expect(await read("/dev/zero")).toBe("it has more than 1.0 kB");
  expect(await read("/dev/null")).toBe("");
});

onUnix("nobody is waited for who might write into a pipe", async () => {
  const pipe = join(folder, "pipe");
  Bun.spawnSync(["mkfifo", pipe]);
  expect(await read(pipe)).toBe("it is a pipe, and nobody has written into it");
});

/** Whether this process has a file open. */
async function isOpenHere(path: string): Promise<boolean> {
  const { ino } = await stat(path);
  const open = await readdir("/dev/fd");
  const found = await Promise.all(open.map((one) => stat(`/dev/fd/${one}`).catch(() => undefined)));
  return found.some((one) => one?.ino === ino);
}

onUnix("what a program writes into a pipe, however slowly", async () => {
  const pipe = join(folder, "slow");
  Bun.spawnSync(["mkfifo", pipe]);
  // The shell says so when it has the pipe open.
  const script = 'exec 3<>"$1"; echo open; read go; echo a >&3; read go; echo b >&3';
  const writer = Bun.spawn(["sh", "-c", script, "sh", pipe], { stdin: "pipe", stdout: "pipe" });
  for await (const _ of writer.stdout) break;
  const reading = read(pipe);
  // What is written before it is open could be gone with the writer.
  await until(() => isOpenHere(pipe));
  for (const word of ["go\n", "go\n"]) {
    writer.stdin.write(word);
    await writer.stdin.flush();
  }
  expect(await reading).toBe("a\nb\n");
  expect(await writer.exited).toBe(0);
});
