import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { type Entry, fromBufferPromise, openPromise } from "yauzl";
import { mustRun } from "../../../../scripts/process.ts";
import { unpackingProblem, zipContent } from "../../../../src/local/files/zip-content.ts";
import { unpackers } from "../../../../src/local/files/zip-methods.ts";
import { anyPython } from "../../../support/systems.ts";
import { type ZipEntry, zip } from "../../../support/zip.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "blender-remote-zip-content-"));
  await mustRun([await anyPython(), join(import.meta.dir, "packed_members.py"), folder]);
});
afterAll(() => rm(folder, { recursive: true }));

const bytesOf = (name: string) => Bun.file(join(folder, name)).bytes();

/** What each member of an archive holds. */
async function contents(archive: string): Promise<Record<string, Buffer>> {
  const opened = await openPromise(join(folder, archive), { autoClose: false });
  const found: Record<string, Buffer> = {};
  for await (const entry of opened.eachEntry()) {
    expect(unpackingProblem(entry)).toBeUndefined();
    found[entry.fileName] = Buffer.concat(await Array.fromAsync(zipContent(opened, entry)));
  }
  opened.close();
  return found;
}

/** A member as it stands in Python's archive, packed. */
async function packed(archive: string, member: string): Promise<Buffer> {
  const opened = await openPromise(join(folder, archive), { autoClose: false });
  for await (const entry of opened.eachEntry()) {
    if (entry.fileName !== member) continue;
    const raw = await opened.openReadStreamPromise(entry, { decodeFileData: false });
    return Buffer.concat(await Array.fromAsync(raw));
  }
  throw new Error(`no ${member}`);
}

/** What a made-up member of this packed content gives. */
async function read(data: Uint8Array, entry: Partial<ZipEntry>): Promise<Buffer> {
  const made = zip([{ name: "a", data, stored: true, ...entry }]);
  const opened = await fromBufferPromise(made, { autoClose: false });
  const [only] = await Array.fromAsync(opened.eachEntry());
  if (only === undefined) throw new Error("no entry");
  return Buffer.concat(await Array.fromAsync(zipContent(opened, only)));
}

describe.each([
  ["bzip2", 12],
  ["lzma", 14],
] as const)("what is packed by %s", (name, method) => {
  test("is unpacked, as Python packs it", async () => {
    const found = await contents(`${name}.zip`);
    expect(Object.keys(found)).toEqual(["empty", "one", "text", "noise", "zeros"]);
    for (const [member, content] of Object.entries(found)) {
      expect(Buffer.compare(content, await bytesOf(member))).toBe(0);
    }
  });

  test("must have the size and the checksum that the archive says", async () => {
    const data = await packed(`${name}.zip`, "text");
    const { length: size } = await bytesOf("text");
    const crc = Bun.hash.crc32(await bytesOf("text"));
    expect(await read(data, { method, size, crc })).toHaveLength(size);
    const damaged = data.with(data.length >> 1, 0);
    for (const [bytes, said] of [
      [data, { size: size - 1, crc }],
      [data, { size: size + 1, crc }],
      [data, { size, crc: crc ^ 1 }],
      [data.subarray(0, data.length >> 1), { size, crc }],
      [damaged, { size, crc }],
      [Buffer.alloc(0), { size, crc }],
      [Buffer.alloc(3), { size, crc }],
    ] as const) {
      await expect(read(bytes, { method, ...said })).rejects.toThrow();
    }
  });

  test("gives an error or bytes, whatever it is", async () => {
    const whole = await packed(`${name}.zip`, "noise");
    const garbage = fc.oneof(
      fc.uint8Array({ maxLength: 4000 }).map((tail) => {
        return Buffer.concat([whole.subarray(0, method === 12 ? 4 : 9), tail]);
      }),
      // Damaged in one place.
      fc
        .tuple(fc.nat(5000), fc.nat(255))
        .map(([at, byte]) => whole.subarray(0, 6000).with(at, byte)),
    );
    await fc.assert(
      fc.asyncProperty(garbage, fc.nat(100_000), async (bytes, size) => {
        const unpacked = unpackers.get(method)?.(Buffer.from(bytes), size);
        if (unpacked === undefined) throw new Error("no unpacker");
        const pieces = await Array.fromAsync(unpacked).catch((error: unknown) => {
          expect(error).toBeInstanceOf(Error);
          return [];
        });
        expect(Buffer.concat(pieces).length).toBeLessThanOrEqual(size);
      }),
      { numRuns: 200 },
    );
  });

  test("a bomb ends where the archive says that it does", async () => {
    const data = await packed(`${name}.zip`, "zeros");
    expect(data.length).toBeLessThan(2000);
    await expect(read(data, { method, size: 1000 })).rejects.toThrow();
  });
});

test("others have their turn while it is unpacked", async () => {
  const blocks = Buffer.from(await bytesOf("blocks.bz2"));
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 0);
  const unpack = unpackers.get(12);
  if (unpack === undefined) throw new Error("no unpacker");
  expect(Buffer.concat(await Array.fromAsync(unpack(blocks, 400)))).toHaveLength(400);
  clearInterval(timer);
  expect(turns).toBeGreaterThan(10);
});

describe("what can't be unpacked is known before", () => {
  const entry = async (made: ZipEntry): Promise<Entry> => {
    const opened = await fromBufferPromise(zip([made]), { autoClose: false });
    const [only] = await Array.fromAsync(opened.eachEntry());
    if (only === undefined) throw new Error("no entry");
    return only;
  };

  test.each([9, 93, 98])("method %d", async (method) => {
    expect(unpackingProblem(await entry({ name: "a", method }))).toBe(
      `is packed by method ${method}; only 0 (stored), 8 (deflate), 12 (bzip2) and 14 (LZMA) are known`,
    );
  });

  test("more than is held in memory", async () => {
    const size = 257 * 1024 ** 2;
    expect(unpackingProblem(await entry({ name: "a", method: 14, size }))).toBe(
      "has 257 MiB, and no more than 256 MiB can be unpacked of what bzip2 or LZMA packed",
    );
    expect(unpackingProblem(await entry({ name: "a", size }))).toBeUndefined();
  });
});
