import { expect, test } from "bun:test";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mustRun } from "../../../../scripts/process.ts";
import { unpackLzma } from "../../../../src/local/files/lzma.ts";
import { anyPython } from "../../../support/systems.ts";

test("streams of every layout come out as Python packed them, and not when they are cut", async () => {
  const folder = await mkdtemp(join(tmpdir(), "blender-remote-lzma-"));
  try {
    const path = join(folder, "streams");
    await mustRun([await anyPython(), join(import.meta.dir, "lzma_streams.py"), path]);
    const bytes = await readFile(path);
    let at = 0;
    const next = () => {
      const length = bytes.readUInt32LE(at);
      at += 4 + length;
      return bytes.subarray(at - length, at);
    };
    let count = 0;
    for (; at < bytes.length; count++) {
      const [[properties = 0], stream, content] = [next(), next(), next()];
      const unpacked = Buffer.concat([...unpackLzma(stream, properties, content.length)]);
      expect(unpacked.equals(content)).toBe(true);
      if (content.length < 1000) continue;
      const cut = stream.subarray(0, stream.length / 2);
      expect(() => [...unpackLzma(cut, properties, content.length)]).toThrow("cut off");
      const less = () => [...unpackLzma(stream, properties, 500)];
      if (content.every((byte) => byte === 0)) expect(less).toThrow("more than it says");
    }
    expect(count).toBe(75);
  } finally {
    await rm(folder, { recursive: true });
  }
});
