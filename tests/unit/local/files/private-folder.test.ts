import { afterEach, beforeEach, expect } from "bun:test";
import { chmod, mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writePrivately } from "../../../../src/local/files/atomic-write.ts";
import { isOwn, privateFolder } from "../../../../src/local/files/private-folder.ts";
import { HttpCache } from "../../../../src/local/index/http-cache.ts";
import { HashCache } from "../../../../src/local/wheels/hash-cache.ts";
import { givesFilesAway, posixOnly } from "../../../support/systems.ts";

const posix = posixOnly("who may read and write is no part of a mode on Windows");

let dir: string;
const umask = process.umask();
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "private-folder-test-"));
  process.umask(0);
});
afterEach(async () => {
  process.umask(umask);
  await rm(dir, { recursive: true });
});

const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

posix("a new one, and those that it is in, whatever the umask says", async () => {
  const folder = join(dir, "cache", "blender-remote-cli", "x");
  await writePrivately(join(folder, "file"), "text");
  for (const path of [folder, join(folder, ".."), join(folder, "../..")])
    expect(await modeOf(path)).toBe("700");
  expect(await modeOf(join(folder, "file"))).toBe("600");
  expect(await readdir(folder)).toEqual(["file"]);
});

posix(
  "one that others could read keeps what is in it, one that they could write to not",
  async () => {
    const folder = join(dir, "x");
    await mkdir(folder, { mode: 0o755 });
    await writeFile(join(folder, "file"), "");
    await privateFolder(folder);
    expect([await modeOf(folder), await readdir(folder)]).toEqual(["700", ["file"]]);
    await chmod(folder, 0o720);
    await privateFolder(folder);
    expect([await modeOf(folder), await readdir(folder)]).toEqual(["700", []]);
  },
);

posix("one that others could write to is another one from the first moment on", async () => {
  const folder = join(dir, "x");
  await mkdir(join(folder, "sub"), { recursive: true });
  await chmod(folder, 0o777);
  const before = await stat(folder);
  await privateFolder(folder);
  expect((await stat(folder)).ino).not.toBe(before.ino);
  expect(await readdir(dir)).toEqual(["x"]);
});

posix("a link, a file, and another user's folder are none of ours", async () => {
  await mkdir(join(dir, "theirs"), { mode: 0o700 });
  await symlink(join(dir, "theirs"), join(dir, "link"));
  await writeFile(join(dir, "file"), "");
  const kinds = ["link", "file"];
  if (givesFilesAway) {
    await Bun.$`chown 12345 ${join(dir, "theirs")}`;
    kinds.push("theirs");
  }
  for (const kind of kinds) {
    expect(await isOwn(join(dir, kind))).toBe(false);
    expect(privateFolder(join(dir, kind))).rejects.toThrow();
  }
});

posix("hashes that others could write aren't believed", async () => {
  const env = { HOME: dir, XDG_CACHE_HOME: join(dir, "cache") };
  const known = await HashCache.open(env);
  const wheel = join(dir, "a.whl");
  await writeFile(wheel, "x");
  const sha256 = await known.sha256(wheel);
  const state = await known.state(wheel);
  const memory = join(dir, process.platform === "darwin" ? "Library/Caches" : "cache");
  const file = join(memory, "blender-remote-cli", "hashes.json");
  await writePrivately(file, JSON.stringify({ [wheel]: { state, sha256: "a lie" } }));
  expect((await HashCache.open(env)).known(wheel, state)).toBe("a lie");
  await chmod(file, 0o666);
  expect(await (await HashCache.open(env)).sha256(wheel)).toBe(sha256);
});

posix("what indexes answered isn't believed where others could write it", async () => {
  const folder = join(dir, "indexes");
  await new HttpCache(folder).remember("key", "text");
  expect(await new HttpCache(folder).recall("key")).toBe("text");
  for (const name of await readdir(folder, { recursive: true }))
    expect((await stat(join(folder, name))).mode & 0o077).toBe(0);
  await chmod(folder, 0o777);
  expect(await new HttpCache(folder).recall("key")).toBe(undefined);
  await new HttpCache(folder).remember("other", "text");
  expect(await new HttpCache(folder).recall("key")).toBe(undefined);
  expect(await new HttpCache(folder).recall("other")).toBe("text");
});
