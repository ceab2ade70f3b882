import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Failure } from "../../../../src/failure.ts";
import { writeFileAtomically } from "../../../../src/local/files/atomic-write.ts";
import { failureOf } from "../../../support/failure.ts";
import { posixOnly } from "../../../support/systems.ts";

const source = join(import.meta.dir, "../../../../src/local/files/atomic-write.ts");

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "atomic-write-test-"));
  path = join(folder, "file");
});
afterEach(() => rm(folder, { recursive: true }));

test("the folders on the way are made", async () => {
  const deep = join(folder, "a", "b", "file");
  await writeFileAtomically(deep, new Uint8Array([1, 2]));
  expect(await readFile(deep)).toEqual(Buffer.from([1, 2]));
});

posixOnly("ulimit makes the disk full")(
  "a write that comes short, as on a full disk, leaves the old file and nothing else",
  async () => {
    await writeFile(path, "old");
    const write = `
    import { Failure } from "../../../../src/failure.ts";
import { writeFileAtomically } from ${JSON.stringify(source)};
    await writeFileAtomically(${JSON.stringify(path)}, "x".repeat(100_000)).catch(({ code, message }) =>
      console.log(code, message),
    );`;
    // The limit is in blocks of 512 bytes; beyond it a write is cut, and the next one fails.
    const script = `trap '' XFSZ; ulimit -f 100; exec "$0" -e "$1"`;
    const child = Bun.spawn(["sh", "-c", script, process.execPath, write], { stdout: "pipe" });
    expect(await new Response(child.stdout).text()).toBe(
      `write-failed can't write ${path}: the file would be too large\n`,
    );
    expect(await readFile(path, "utf8")).toBe("old");
    expect(await readdir(folder)).toEqual(["file"]);
  },
);

posixOnly("mkfifo")("a pipe stays what it is, also behind a link", async () => {
  expect(Bun.spawnSync(["mkfifo", path]).exitCode).toBe(0);
  const link = join(folder, "link");
  await symlink(path, link);
  for (const one of [path, link])
    expect(await failureOf(writeFileAtomically(one, "new"))).toMatchObject({ code: "not-a-file" });
  expect((await stat(path)).isFIFO()).toBe(true);
  expect((await readdir(folder)).sort()).toEqual(["file", "link"]);
});

async function* pieces(): AsyncGenerator<Uint8Array> {
  yield Buffer.from("new");
  yield new Uint8Array(0);
  yield Buffer.from("er");
}

test("what comes in pieces is checked before it takes the old one's place", async () => {
  await writeFile(path, "old");
  const seen: string[] = [];
  await writeFileAtomically(path, pieces(), async (temporary) => {
    seen.push(await readFile(temporary, "utf8"), await readFile(path, "utf8"));
  });
  expect(seen).toEqual(["newer", "old"]);
  expect(await readFile(path, "utf8")).toBe("newer");
});

test("pieces that don't come, and a check that fails, leave the old file and nothing else", async () => {
  await writeFile(path, "old");
  const refusal = new Failure("bad", "it is bad");
  const broken = async function* () {
    yield* pieces();
    throw refusal;
  };
  const refused = async () => {
    throw refusal;
  };
  expect(await failureOf(writeFileAtomically(path, broken()))).toBe(refusal);
  expect(await failureOf(writeFileAtomically(path, pieces(), refused))).toBe(refusal);
  expect(await readFile(path, "utf8")).toBe("old");
  expect(await readdir(folder)).toEqual(["file"]);
});
