import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtemp, rm, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zipSync } from "fflate";
import { ownFolders } from "../../../../src/local/files/os-folders.ts";
import { HashCache } from "../../../../src/local/wheels/hash-cache.ts";
import { wheelsToPush } from "../../../../src/local/wheels/push-wheels.ts";

let dir = "";
let env: NodeJS.ProcessEnv = {};
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "push-wheels-"));
  env = { XDG_CACHE_HOME: join(dir, "cache"), LOCALAPPDATA: join(dir, "cache") };
});
afterEach(() => rm(dir, { recursive: true }));

const name = "a-1.0-py3-none-any.whl";

const looking = (verify = false) => ({ verify, signal: new AbortController().signal, env });

async function wheel(content = "1"): Promise<string> {
  const path = join(dir, name);
  await Bun.write(path, zipSync({ "a-1.0.dist-info/WHEEL": new TextEncoder().encode(content) }));
  return path;
}

test("whole wheels can be sent; bad ones say why not", async () => {
  const path = await wheel();
  const cut = join(dir, "b-1.0-py3-none-any.whl");
  await Bun.write(cut, "no zip");
  const { whole, bad } = await wheelsToPush([dir], looking());
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
  const first = await wheelsToPush([path], looking());
  await first.remember(new Map([[name, "ab"]]));
  expect((await wheelsToPush([path], looking())).whole[0]?.knownSha256).toBe("ab");

  const second = await wheelsToPush([path], looking());
  await utimes(path, 1, 1);
  await second.remember(new Map([[name, "cd"]]));
  expect((await wheelsToPush([path], looking())).whole[0]?.knownSha256).toBeUndefined();
});

test("what wasn't found out isn't remembered", async () => {
  const path = await wheel();
  const { remember } = await wheelsToPush([path], looking());
  await remember(new Map([[name, null]]));
  expect(await Bun.file(join(ownFolders(env).cache, "hashes.json")).exists()).toBe(false);
});

describe("hashes that a list beside a wheel has", () => {
  const other = "0".repeat(64);
  const list = (sha256: string) =>
    Bun.write(join(dir, "wheelhouse.json"), JSON.stringify({ wheels: [{ name, sha256 }] }));
  const hashOf = async (path: string) => Bun.SHA256.hash(await Bun.file(path).bytes(), "hex");

  test("are compared with a hash once that is known", async () => {
    const path = await wheel();
    const sha256 = await hashOf(path);
    await list(other);
    const [first] = (await wheelsToPush([dir], looking())).whole;
    expect(first?.refusal(sha256)).toBe(
      `its SHA-256 is ${sha256.slice(0, 12)}…, and ${join(dir, "wheelhouse.json")} lists 000000000000…`,
    );
    expect(first?.refusal(other)).toBeUndefined();
    await list(sha256.toUpperCase());
    const [second] = (await wheelsToPush([path], looking())).whole;
    expect(second?.refusal(sha256)).toBeUndefined();
  });

  test("refuse a wheel before it's sent, where its hash is remembered", async () => {
    const path = await wheel();
    const state = await (await HashCache.open(env)).state(path);
    const kept = { [path]: { state, sha256: await hashOf(path) } };
    const cache = join(ownFolders(env).cache, "hashes.json");
    await Bun.write(cache, JSON.stringify(kept));
    await list(other);
    const { whole, bad } = await wheelsToPush([path], looking());
    expect(whole).toEqual([]);
    expect(bad[0]?.problem).toContain("wheelhouse.json lists 000000000000…");
  });

  test("count only for wheels in the same folder", async () => {
    const path = await wheel();
    await Bun.write(join(dir, "deep", name), Bun.file(path));
    await list(other);
    const [found] = (await wheelsToPush([join(dir, "deep")], looking())).whole;
    expect(found?.refusal(await hashOf(path))).toBeUndefined();
  });

  test("refuse a wheel for which they have something else", async () => {
    const path = await wheel();
    await list("12");
    const [found] = (await wheelsToPush([path], looking())).whole;
    expect(found?.refusal(await hashOf(path))).toBe(
      `${join(dir, "wheelhouse.json")} lists 'sha256:12' for it, and a SHA-256 has 64 hexadecimal digits`,
    );
  });

  test("of another algorithm only: it is told that the wheel isn't compared", async () => {
    const path = await wheel();
    const lock = join(dir, "pylock.toml");
    await Bun.write(
      lock,
      `[[packages]]\nwheels = [{name = "${name}", hashes = {sha512 = "00"}}]\n`,
    );
    const { whole, warnings } = await wheelsToPush([path], looking());
    expect(whole[0]?.refusal(await hashOf(path))).toBeUndefined();
    expect(warnings).toEqual([`${lock} has no SHA-256 of ${name}, only sha512: not compared`]);
  });

  test("a list that can't be read is a warning", async () => {
    await wheel();
    await Bun.write(join(dir, "wheelhouse.json"), '{"wheels": [');
    const { whole, warnings } = await wheelsToPush([dir], looking());
    expect(whole).toHaveLength(1);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toStartWith(
      `no wheel is compared with ${join(dir, "wheelhouse.json")}, it can't be read: `,
    );
  });
});

test("with verify a damaged wheel is one that can't be sent", async () => {
  const record = new TextEncoder().encode("a/__init__.py,,\n");
  const files = {
    "a-1.0.dist-info/WHEEL": new TextEncoder().encode("1"),
    "a-1.0.dist-info/RECORD": record,
    "a/__init__.py": new TextEncoder().encode("here it is"),
  };
  const bytes = Buffer.from(zipSync(files, { level: 0 }));
  bytes.write("X", bytes.indexOf("here it is"));
  await Bun.write(join(dir, name), bytes);
  expect((await wheelsToPush([dir], looking())).whole).toHaveLength(1);
  const { whole, bad } = await wheelsToPush([dir], looking(true));
  expect(whole).toEqual([]);
  expect(bad[0]?.problem).toStartWith('"a/__init__.py" in it is damaged: it hasn\'t the checksum');
});
