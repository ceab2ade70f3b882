import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { copyFile, cp, mkdir, mkdtemp, rm, symlink, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zipSync } from "fflate";
import { sha256Of } from "../../../../src/local/files/sha256.ts";
import { collectWheels } from "../../../../src/local/wheels/collect.ts";
import { rendered } from "../../../../src/text.ts";
import { failureOf } from "../../../support/failure.ts";
import { isWindows, posixOnly } from "../../../support/systems.ts";

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "blender-remote-wheels-"));
});
afterEach(() => rm(dir, { recursive: true }));

function zip(name: string, text = ""): Uint8Array {
  return zipSync({ [name]: new TextEncoder().encode(text) });
}

/** The wheels that paths come to. */
async function wheelsAt(paths: readonly string[]) {
  return (await collectWheels(paths)).wheels;
}

/** Writes a wheel under the temporary folder; its path. */
async function wheel(path: string, content = "1"): Promise<string> {
  const full = join(dir, path);
  await mkdir(join(full, ".."), { recursive: true });
  await Bun.write(full, zip("x-1.0.dist-info/WHEEL", content));
  return full;
}

const a = "a-1.0-py3-none-any.whl";
const b = "b-1.0-py3-none-any.whl";
const c = "c-1.0-py3-none-any.whl";
const d = "B-1.0-py3-none-any.whl";

describe("what is found", () => {
  test("files and folders, searched deeply, in one order whatever the order on the disk", async () => {
    await wheel(`house/z/deeper/${a}`);
    await wheel(`house/${c}`);
    await wheel(`house/y/${d}`);
    await wheel(`other/${b}`);
    await Bun.write(join(dir, "house/README.txt"), "not a wheel");
    await Bun.write(join(dir, "house/z/a-1.0.tar.gz"), "not one either");
    const paths = [join(dir, "other", b), join(dir, "house")];
    for (const given of [paths, paths.toReversed()]) {
      const found = await wheelsAt(given);
      expect(found.map(({ name }) => name)).toEqual([d, a, b, c]);
      expect(found.map(({ problem }) => problem)).toEqual(Array(4).fill(undefined));
      expect(found.map(({ size }) => size)).toEqual(found.map(({ path }) => Bun.file(path).size));
    }
  });

  test("a wheel of very many files", async () => {
    const entries = Array.from({ length: 2000 }, (_, index): [string, Uint8Array] => [
      `a/a module with a long name, number ${index}.py`,
      new Uint8Array(),
    ]);
    const info: [string, Uint8Array] = ["a-1.0.dist-info/WHEEL", new TextEncoder().encode("1")];
    const first = zipSync(Object.fromEntries([info, ...entries]));
    const other = zipSync(Object.fromEntries([info, ...entries.toReversed()]));
    await Bun.write(join(dir, "one", a), first);
    await Bun.write(join(dir, "other", a), other);
    const [one, two] = [await wheelsAt([join(dir, "one")]), await wheelsAt([join(dir, "other")])];
    expect([one[0]?.problem, two[0]?.problem]).toEqual([undefined, undefined]);
    expect(one[0]?.fingerprint).not.toBe(two[0]?.fingerprint);
  });

  test("more wheels than are looked at together", async () => {
    const names = Array.from({ length: 100 }, (_, index) => `w${index}-1.0-py3-none-any.whl`);
    for (const name of names) await wheel(join("house", name), name);
    const found = await wheelsAt([join(dir, "house")]);
    expect(found.map(({ name }) => name)).toEqual(names.toSorted());
    expect(new Set(found.map(({ fingerprint }) => fingerprint)).size).toBe(100);
    expect(found.map(({ problem }) => problem)).toEqual(Array(100).fill(undefined));
  });

  posixOnly("links take a right of their own on Windows")(
    "a file once, whichever way it was reached",
    async () => {
      const path = await wheel(`house/deep/${a}`);
      await symlink(path, join(dir, "house", a));
      await symlink(join(dir, "house"), join(dir, "also"));
      const given = [path, path, join(dir, "house"), join(dir, "also"), join(dir, "house/deep/")];
      const found = await wheelsAt(given);
      expect(found).toMatchObject([
        { name: a, path, size: Bun.file(path).size, problem: undefined },
      ]);
    },
  );

  test("the same name twice with the same content is one wheel", async () => {
    // Another one that is made may have another time in it.
    await mkdir(join(dir, "house/2"), { recursive: true });
    await copyFile(await wheel(`house/1/${a}`), join(dir, "house/2", a));
    expect(await wheelsAt([join(dir, "house")])).toHaveLength(1);
  });

  test("a folder that links back to itself ends the search all the same", async () => {
    await wheel(`house/deep/${a}`);
    await symlink(join(dir, "house"), join(dir, "house/deep/loop"));
    expect(await wheelsAt([join(dir, "house")])).toHaveLength(1);
  });

  posixOnly("links take a right of their own on Windows")(
    "a linked folder is searched as well",
    async () => {
      await wheel(`elsewhere/${a}`);
      await mkdir(join(dir, "house"));
      await symlink(join(dir, "elsewhere"), join(dir, "house/link"));
      await symlink(join(dir, "nowhere"), join(dir, "house/dangling"));
      expect((await wheelsAt([join(dir, "house")])).map(({ name }) => name)).toEqual([a]);
    },
  );

  test("a folder whose name is a wheel's is searched, not pushed", async () => {
    await wheel(`house/${b}/${a}`);
    expect((await wheelsAt([join(dir, "house")])).map(({ name }) => name)).toEqual([a]);
  });
});

describe("what can't be pushed at all", () => {
  test("a path that isn't there", async () => {
    const failure = await failureOf(collectWheels([join(dir, "nowhere")]));
    expect(failure).toMatchObject({ code: "missing-path", exitCode: 2 });
    expect(failure.message).toBe(`there is no '${join(dir, "nowhere")}'`);
  });

  test("a file of another kind", async () => {
    await Bun.write(join(dir, "README.txt"), "x");
    const failure = await failureOf(collectWheels([join(dir, "README.txt")]));
    expect(failure).toMatchObject({ code: "not-a-wheel", exitCode: 2 });
    expect(failure.message).toContain("isn't a wheel (*.whl)");
  });

  test.each([
    ...["a-1.0.tar.gz", "A.TAR.GZ", "a-1.0.zip", "a-b-1.0rc1.tar.bz2", "a-1.0.tgz", "a-1.0.tar.xz"],
  ])("a source archive: %s", async (name) => {
    const path = join(dir, name);
    await Bun.write(path, "x");
    const failure = await failureOf(collectWheels([path]));
    expect(failure).toMatchObject({ code: "not-a-wheel", exitCode: 2 });
    expect(failure.message).toBe(
      `'${path}' isn't a wheel and needs building; wheels only are pushed`,
    );
    expect(failure.hint).toContain(`pip wheel --no-deps ${isWindows ? "" : path}`);
  });

  test("a folder with nothing but source archives", async () => {
    for (const name of ["b-1.0.tar.gz", "a-1.0.zip"]) await Bun.write(join(dir, "s", name), "x");
    const failure = await failureOf(collectWheels([join(dir, "s")]));
    expect(failure).toMatchObject({ code: "no-wheels", exitCode: 1 });
    expect(failure.message).toContain("only what needs building: a-1.0.zip, b-1.0.tar.gz");
    expect(failure.hint).toContain("pip wheel");
  });

  test("a folder without wheels, also when another has some", async () => {
    await wheel(`full/${a}`);
    await mkdir(join(dir, "empty/deep"), { recursive: true });
    const failure = await failureOf(collectWheels([join(dir, "full"), join(dir, "empty")]));
    expect(failure).toMatchObject({ code: "no-wheels", exitCode: 1 });
    expect(failure.message).toContain(join(dir, "empty"));
    expect(rendered(failure.hint ?? "")).toContain("pkg download PACKAGE --dest");
  });

  test("two contents under one name", async () => {
    const one = await wheel(`1/${a}`, "1");
    const other = await wheel(`2/${a}`, "2");
    const failure = await failureOf(collectWheels([one, join(dir, "2")]));
    expect(failure).toMatchObject({ code: "same-name-twice", exitCode: 2 });
    expect(failure.message).toContain(one);
    expect(failure.message).toContain(other);
  });
});

describe("what is found to be bad, without keeping the others back", () => {
  posixOnly("links take a right of their own on Windows")(
    "a link in a folder that leads nowhere",
    async () => {
      await wheel(a);
      await symlink(join(dir, "gone.whl"), join(dir, b));
      const [good, bad] = await wheelsAt([dir]);
      expect(good).toMatchObject({ name: a, problem: undefined });
      expect(bad).toMatchObject({ name: b, size: 0, problem: "it is a link that leads nowhere" });
    },
  );

  test.each([
    ["empty", a, new Uint8Array(0), "empty"],
    ["not a zip", a, Buffer.from("<html>404</html>".repeat(100)), "isn't a whole zip archive"],
    ["a zip without WHEEL", a, zip("a/__init__.py"), "no .dist-info/WHEEL"],
    ["WHEEL too deep", a, zip("x/a-1.0.dist-info/WHEEL"), "no .dist-info/WHEEL"],
    ["an archive with a name that leaves it", a, zip("../x.dist-info/WHEEL"), "zip"],
    ["a name that is no wheel's", "a.whl", zip("a-1.0.dist-info/WHEEL"), "PEP 427"],
    ["a name with ..", "a-1..0-py3-none-any.whl", zip("a-1.0.dist-info/WHEEL"), "PEP 427"],
    ["an upper-case suffix", "a-1.0-py3-none-any.WHL", zip("a-1.0.dist-info/WHEEL"), "PEP 427"],
  ])("%s", async (_, name, bytes, why) => {
    await wheel(b);
    await Bun.write(join(dir, name), bytes);
    const found = await wheelsAt([dir]);
    expect(found.map((one) => one.name).sort()).toEqual([name, b].sort());
    expect(found.find((one) => one.name === name)?.problem).toContain(why);
    expect(found.find((one) => one.name === b)?.problem).toBeUndefined();
  });

  test("cut off anywhere", async () => {
    const whole = await wheel(a);
    const { size } = Bun.file(whole);
    for (const length of [1, Math.floor(size / 2), size - 30, size - 1]) {
      const cut = join(dir, "cut", a);
      await cp(whole, cut);
      await truncate(cut, length);
      const [found] = await wheelsAt([cut]);
      expect(found?.problem).toContain("isn't a whole zip archive");
      expect(found?.size).toBe(length);
    }
  });
});

describe("source archives beside wheels are named", () => {
  /** What is said of a folder with a wheel and these files. */
  async function said(...names: string[]) {
    await wheel(`house/${a}`);
    for (const name of names) await Bun.write(join(dir, "house", name), "x");
    const { wheels, warnings } = await collectWheels([join(dir, "house"), join(dir, "house")]);
    expect(wheels.map(({ name }) => name)).toEqual([a]);
    return warnings;
  }

  test("one, wherever it is", async () => {
    expect(await said("deep/odd-1.0.tar.gz")).toEqual([
      "odd-1.0.tar.gz needs building; wheels only are pushed ('pip wheel' makes wheels of it)",
    ]);
  });

  test("many: some, and how many more", async () => {
    const names = ["e-1.tar.gz", "d-1.zip", "c-1.tar.bz2", "b-1.tgz", "a.tar.xz"];
    expect(await said(...names)).toEqual([
      "a.tar.xz, b-1.tgz, c-1.tar.bz2, and 2 more need building; wheels only are pushed ('pip wheel' makes wheels of them)",
    ]);
  });

  test("none: what is no source archive", async () => {
    expect(await said("README.txt", "scenes.zip", "x.tar.gz.txt", ".hidden-1.0.zip")).toEqual([]);
  });
});

test("the SHA-256 of a file of several pieces", async () => {
  const path = join(dir, "big");
  const bytes = Buffer.alloc(3_000_001, "abcdefg");
  await Bun.write(path, bytes);
  expect(await sha256Of(path)).toBe(Bun.SHA256.hash(bytes, "hex"));
});
