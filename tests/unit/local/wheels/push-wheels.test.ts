import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtemp, rm, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zipSync } from "fflate";
import { wheelsToPush } from "../../../../src/local/wheels/push-wheels.ts";

let dir = "";
let env: NodeJS.ProcessEnv = {};
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "push-wheels-"));
  env = { XDG_CACHE_HOME: join(dir, "cache") };
});
afterEach(() => rm(dir, { recursive: true }));

const name = "a-1.0-py3-none-any.whl";

async function wheel(content = "1"): Promise<string> {
  const path = join(dir, name);
  await Bun.write(path, zipSync({ "a-1.0.dist-info/WHEEL": new TextEncoder().encode(content) }));
  return path;
}

test("whole wheels can be sent; bad ones say why not", async () => {
  const path = await wheel();
  const cut = join(dir, "b-1.0-py3-none-any.whl");
  await Bun.write(cut, "no zip");
  const { whole, bad } = await wheelsToPush([dir], env);
  expect(whole).toMatchObject([{ name, path, knownSha256: undefined }]);
  const sha256 = new Bun.CryptoHasher("sha256").update(await Bun.file(path).bytes()).digest("hex");
  expect(await whole[0]?.sha256()).toBe(sha256);
  expect(bad).toMatchObject([{ name: "b-1.0-py3-none-any.whl", size: 6 }]);
  expect(bad[0]?.problem).toContain("isn't a whole zip archive");
});

test("a hash is remembered for a file that was old and hasn't changed since it was found", async () => {
  const path = await wheel();
  // Its change time can't be set: what is younger than two seconds isn't remembered.
  await Bun.sleep(2100);
  const first = await wheelsToPush([path], env);
  await first.remember(new Map([[name, "ab"]]));
  expect((await wheelsToPush([path], env)).whole[0]?.knownSha256).toBe("ab");

  const second = await wheelsToPush([path], env);
  await utimes(path, 1, 1);
  await second.remember(new Map([[name, "cd"]]));
  expect((await wheelsToPush([path], env)).whole[0]?.knownSha256).toBeUndefined();
});

test("what wasn't found out isn't remembered", async () => {
  const path = await wheel();
  const { remember } = await wheelsToPush([path], env);
  await remember(new Map([[name, null]]));
  expect(await Bun.file(join(dir, "cache", "blender-remote-cli", "hashes.json")).exists()).toBe(
    false,
  );
});
