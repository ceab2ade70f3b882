import { expect, test } from "bun:test";
import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import CachePolicy from "http-cache-semantics";
import { HttpCache } from "../../../../src/local/index/http-cache.ts";
import { isWindows } from "../../../support/systems.ts";

test("what is kept comes back, and is nobody else's to read", async () => {
  const folder = await mkdtemp(join(tmpdir(), "http-cache-"));
  try {
    const cache = new HttpCache(join(folder, "indexes"));
    const url = "https://example.org/simple/private/";
    const policy = new CachePolicy(
      { url, method: "GET", headers: {} },
      { status: 200, headers: { "cache-control": "max-age=600" } },
    );
    const bytes = new TextEncoder().encode("https://name:password@example.org/private.whl");
    await cache.keep(url, { policy, address: url, bytes });
    const found = await cache.find(url);
    expect(found && new Uint8Array((await cache.bytes(url, found)) ?? [])).toEqual(bytes);
    const kept = await readdir(folder, { recursive: true });
    expect(kept).toHaveLength(5);
    if (isWindows) return;
    for (const name of kept)
      expect([name, (await stat(join(folder, name))).mode & 0o077]).toEqual([name, 0]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("what a killed command was writing goes after an hour", async () => {
  const folder = await mkdtemp(join(tmpdir(), "http-cache-"));
  try {
    const parts = join(folder, "parts");
    await mkdir(parts);
    for (const name of ["old", "new"]) await writeFile(join(parts, name), "x");
    await utimes(join(parts, "old"), 1, 1);
    await new HttpCache(folder).remember("key", "text");
    expect(await readdir(parts)).toEqual(["new"]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
