import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { verifyWheel } from "../../../../src/local/wheels/verify.ts";
import { type ZipEntry, zip } from "../../../support/zip.ts";

let path = "";
beforeEach(async () => {
  path = join(await mkdtemp(join(tmpdir(), "verify-")), "a-1.0-py3-none-any.whl");
});
afterEach(() => rm(join(path, ".."), { recursive: true }));

const { signal } = new AbortController();
const text = "print('a text that is long enough to be packed')\n".repeat(50);
const hash = (data: string) =>
  new Bun.CryptoHasher("sha256").update(data).digest("base64url").replace(/=+$/, "");

/** A wheel of these entries, with a RECORD of these lines or of what is right. */
function wheel(entries: readonly ZipEntry[], record?: string): Buffer {
  const right = entries.map(({ name, data = "" }) => `${name},sha256=${hash(`${data}`)},1\n`);
  const data = record ?? `${right.join("")}a-1.0.dist-info/RECORD,,\n`;
  return zip([...entries, { name: "a-1.0.dist-info/RECORD", data }]);
}

async function verified(bytes: Uint8Array): Promise<string | undefined> {
  await Bun.write(path, bytes);
  return verifyWheel(path, signal);
}

describe("whole", () => {
  test.each([
    ["packed and stored, folders, an empty file", [{ name: "a/" }, { name: "a/empty.py" }]],
    ["stored", [{ name: "a/b.py", data: text, stored: true }]],
    ["a name beyond ASCII", [{ name: "a/ü.py", data: text }]],
    ["a large one", [{ name: "a/big", data: text.repeat(1000) }]],
  ])("%s", async (_, more) => {
    expect(await verified(wheel([{ name: "a/__init__.py", data: text }, ...more]))).toBeUndefined();
  });

  test.each([
    [
      "a name in quotes",
      [{ name: 'a/x,"y".py', data: text }],
      `"a/x,""y"".py",sha256=${hash(text)},9\r\n`,
    ],
    ["another hash than SHA-256", [{ name: "a.py", data: text }], "a.py,md5=abc,3\n"],
    ["nothing of a file, and no line end", [{ name: "a.py", data: text }], "b.dist-info/RECORD,,"],
    [
      "signatures that aren't there",
      [],
      "a-1.0.dist-info/RECORD.jws,,\na-1.0.dist-info/RECORD,,\n",
    ],
    ["nothing", [], ""],
  ])("a RECORD with %s", async (_, entries, record) => {
    expect(await verified(wheel(entries, record))).toBeUndefined();
  });
});

describe("damaged", () => {
  test("a bit in any member's bytes", async () => {
    const entries = [
      { name: "a/stored.py", data: text, stored: true },
      { name: "a/packed.py", data: text },
      { name: "a-1.0.dist-info/WHEEL", data: text },
    ];
    for (const { name } of [...entries, { name: "a-1.0.dist-info/RECORD" }]) {
      const bytes = wheel(entries);
      // The name stands in its own header, in front of its bytes.
      const at = bytes.indexOf(name) + name.length + 3;
      bytes[at] = (bytes[at] ?? 0) ^ 4;
      expect(await verified(bytes)).toStartWith(`"${name}" in it is damaged: `);
    }
  });

  test("a bit in the name of its own header", async () => {
    const bytes = wheel([{ name: "a/b.py", data: text }]);
    bytes.write("c", bytes.indexOf("a/b.py") + 2);
    expect(await verified(bytes)).toBe(
      '"a/b.py" in it is damaged: it has another name in its own header',
    );
  });

  test.each([
    [{ crc: 1 }, "it hasn't the checksum that it should have"],
    [{ size: 3 }, "too many bytes in the stream"],
    [{ method: 12 }, "it is packed by method 12"],
    [{ flags: 0x801 }, "it is encrypted"],
  ])("a member with %j", async (change, says) => {
    const damage = await verified(wheel([{ name: "a/b.py", data: text, ...change }]));
    expect(damage).toStartWith(`"a/b.py" in it is damaged: ${says}`);
  });

  test("a member that isn't the one of RECORD", async () => {
    const record = `a/b.py,sha256=${hash("another")},7\n`;
    expect(await verified(wheel([{ name: "a/b.py", data: text }], record))).toBe(
      '"a/b.py" in it is damaged: it hasn\'t the SHA-256 that RECORD lists',
    );
  });

  test("a member that is missing", async () => {
    expect(await verified(wheel([], `a/b.py,sha256=${hash("x")},1\n`))).toBe(
      '"a/b.py" is missing in it, and RECORD lists it',
    );
  });

  test("no RECORD", async () => {
    expect(await verified(zip([{ name: "a.py", data: text }]))).toBe("it has no .dist-info/RECORD");
  });

  test("a file that is gone", async () => {
    expect(await verifyWheel(path, signal)).toStartWith("it can't be read: ");
  });
});

test("Ctrl-C ends it", async () => {
  await Bun.write(path, wheel([{ name: "a/b.py", data: text }]));
  const reason = new Error("interrupted");
  await expect(verifyWheel(path, AbortSignal.abort(reason))).rejects.toBe(reason);
});
