import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtemp, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writePrivately } from "../../../../src/local/files/atomic-write.ts";
import { ownFolders } from "../../../../src/local/files/os-folders.ts";
import { HashCache } from "../../../../src/local/wheels/hash-cache.ts";

/** A file that hasn't changed for longer than a file system's clock may err. */
const old = "/etc/hostname";

let dir: string;
let env: NodeJS.ProcessEnv;
let file: string;
const cachePath = () => join(ownFolders(env).cache, "hashes.json");

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "hash-cache-"));
  env = { XDG_CACHE_HOME: join(dir, "cache"), LOCALAPPDATA: join(dir, "cache") };
  file = join(dir, "a-1.0-py3-none-any.whl");
  await writeFile(file, "content");
});
afterEach(() => rm(dir, { recursive: true }));

function sha256(text: string): string {
  return new Bun.CryptoHasher("sha256").update(text).digest("hex");
}

/** What is kept under a file's path, made as if it had been put when the file was old. */
async function pretend(sha: string): Promise<void> {
  const state = await (await HashCache.open(env)).state(file);
  await writePrivately(cachePath(), JSON.stringify({ [file]: { state, sha256: sha } }));
}

test("a file that isn't known is read", async () => {
  expect(await (await HashCache.open(env)).sha256(file)).toBe(sha256("content"));
});

test("a file that is known and unchanged isn't read", async () => {
  await pretend("remembered");
  expect(await (await HashCache.open(env)).sha256(file)).toBe("remembered");
});

test.each([
  ["another content of the same size", () => writeFile(file, "CONTENT")],
  ["only its times", () => utimes(file, 1, 1)],
  [
    "another content, with the times put back",
    async () => {
      const { mtime, atime } = await import("node:fs/promises").then(({ stat }) => stat(file));
      await writeFile(file, "CONTENT");
      await utimes(file, atime, mtime);
    },
  ],
])("a file that was changed is read: %s", async (_, change) => {
  await pretend("remembered");
  await change();
  const content = await readFile(file, "utf8");
  expect(await (await HashCache.open(env)).sha256(file)).toBe(sha256(content));
});

test("a file that was changed just now isn't remembered, its times may not tell", async () => {
  const cache = await HashCache.open(env);
  await cache.sha256(file);
  await cache.save();
  expect(await Bun.file(cachePath()).exists()).toBe(false);
});

test("what was put is kept from one run to the next, for a file that is old enough", async () => {
  const cache = await HashCache.open(env);
  const hash = await cache.sha256(old);
  await cache.save();
  expect(hash).toBe(sha256(await readFile(old, "utf8")));
  const next = await HashCache.open(env);
  // This looks at nothing but what was kept.
  expect(next.known(old, await next.state(old))).toBe(hash);
});

test("a hash for another state of the file isn't taken", async () => {
  const cache = await HashCache.open(env);
  await cache.put(old, "another state", "wrong");
  await cache.save();
  expect(await Bun.file(cachePath()).exists()).toBe(false);
});

test.each(["", "[]", '{"a": 1}', '{"a'])("a damaged memory is none: %j", async (text) => {
  await Bun.write(cachePath(), text);
  expect(await (await HashCache.open(env)).sha256(file)).toBe(sha256("content"));
});

test("where it can't be kept, hashes are still given", async () => {
  await writeFile(join(dir, "cache"), "a file in the folder's place");
  const cache = await HashCache.open(env);
  expect(await cache.sha256(old)).toBe(sha256(await readFile(old, "utf8")));
  await cache.save();
  expect(await readFile(join(dir, "cache"), "utf8")).toBe("a file in the folder's place");
});
