import { expect, test } from "bun:test";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf } from "../../../../src/failure.ts";
import { lockFile } from "../../../../src/local/files/file-lock.ts";
import { posixOnly } from "../../../support/systems.ts";

test("one holder at a time; who waits is told, and gets it, or the time is over", async () => {
  const path = join(await mkdtemp(join(tmpdir(), "file-lock-")), "new", ".lock");
  const { signal } = new AbortController();
  let waits = 0;
  const options = { signal, onWait: () => waits++ };
  const first = await lockFile(path, { ...options, seconds: 0 });
  expect(waits).toBe(0);
  expect(await lockFile(path, { ...options, seconds: 0 })).toBeUndefined();
  expect(waits).toBe(1);
  const release = () => first?.[Symbol.dispose]();
  using held = await lockFile(path, { signal, seconds: 60, onWait: release });
  expect(held).toBeDefined();
});

posixOnly("pipes have a path")("a pipe in the lock's place isn't waited for", async () => {
  const path = join(await mkdtemp(join(tmpdir(), "file-lock-")), ".lock");
  Bun.spawnSync(["mkfifo", path]);
  const { signal } = new AbortController();
  const lock = lockFile(path, { signal, seconds: 60, onWait: () => {} });
  expect(await lock.catch(messageOf)).toBe(`${path} is no plain file`);
});
