import { afterAll, afterEach, beforeEach, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import * as v from "valibot";
import { Failure } from "../../../../src/failure.ts";
import {
  putBack,
  recover,
  type Staged,
  stage,
  unlinkAll,
} from "../../../../src/local/addon/swap.ts";
import { openSource } from "../../../../src/local/addon-source/source.ts";
import { startOf } from "../../../../src/local/blender/process.ts";
import { isWindows, posixGroup, posixOnly, pythonCommand } from "../../../support/systems.ts";
import { zipOf } from "../../../support/zip.ts";

let dir = "";
let addons = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "blender-remote-swap-"));
  addons = join(dir, "addons");
});
afterEach(() => rm(dir, { recursive: true }));

type Tree = Record<string, string>;

/**
 * What stands in a folder: texts by path, links as `-> target`; without folders' own entries. (Bun's
 * recursive readdir goes through links.)
 */
async function treeAt(folder: string, above = ""): Promise<Tree> {
  const found: Tree = {};
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    const name = `${above}${entry.name}`;
    if (entry.isSymbolicLink()) found[name] = `-> ${await readlink(path)}`;
    else if (entry.isFile()) found[name] = await readFile(path, "utf8");
    else Object.assign(found, await treeAt(path, `${name}/`));
  }
  return found;
}

async function put(files: Tree): Promise<void> {
  await mkdir(addons, { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    const path = join(addons, name);
    await mkdir(dirname(path), { recursive: true });
    if (text.startsWith("-> ")) await symlink(text.slice(3), path);
    else await writeFile(path, text);
  }
}

const info = "bl_info = {}\n";

/** Stages a new version of the add-on `it`: a package, or a lone .py. */
async function stageNew(form: "package" | "module"): Promise<Staged> {
  const path = join(dir, "new.zip");
  const files = form === "module" ? { "it.py": info } : { "it/__init__.py": info, "it/new.py": "" };
  await writeFile(path, zipOf(files));
  using source = await openSource(path);
  return await stage(source, addons);
}

const newTree = {
  package: { "it/__init__.py": info, "it/new.py": "" },
  module: { "it.py": info },
};

const answerSchema = v.object({
  killed: v.boolean(),
  changes: v.number(),
  error: v.nullable(v.string()),
});
const stepper = spawn(pythonCommand, ["-IS", join(import.meta.dir, "swap_steps.py")], {
  stdio: ["pipe", "pipe", "inherit"],
});
const answers = createInterface({ input: stepper.stdout })[Symbol.asyncIterator]();
afterAll(() => stepper.stdin.end());

/** Takes steps of an exchange in a Python of their own, killed before the given change to the disk. */
async function python(calls: string, exchange: string, killAt = -1) {
  stepper.stdin.write(`${JSON.stringify({ calls: calls.split(","), exchange, killAt })}\n`);
  const { value } = await answers.next();
  return v.parse(answerSchema, JSON.parse(value ?? "null"));
}

const other = { "other/__init__.py": "other", "it2.py": "it2" };

/** What may stand in the place of the new one. */
const olds: [string, Tree][] = [
  ["nothing", {}],
  ["a package", { "it/__init__.py": "old", "it/gone.py": "gone", "it/link": "-> ../../developed" }],
  ["a module", { "it.py": "old" }],
  ["a developer's link", { it: "-> ../developed" }],
  ["both forms", { "it/__init__.py": "old", "it.py": "old too" }],
];

describe.skipIf(isWindows).each(olds)("over %s (POSIX only: Windows has no fork)", (_, old) => {
  describe.each(["package", "module"] as const)("a %s", (form) => {
    beforeEach(async () => {
      await mkdir(join(dir, "developed"));
      await writeFile(join(dir, "developed/__init__.py"), "mine");
      await put({ ...other, ...old });
    });
    afterEach(async () => {
      expect(await readFile(join(dir, "developed/__init__.py"), "utf8")).toBe("mine");
    });

    test("goes in, and the old one is gone in every form", async () => {
      const { exchange, destination } = await stageNew(form);
      expect(await python("swap_in,commit", exchange)).toMatchObject({ error: null });
      expect(await treeAt(addons)).toEqual({ ...other, ...newTree[form] });
      expect((await lstat(destination)).isSymbolicLink()).toBe(false);
    });

    test("goes in and is rolled back", async () => {
      const { exchange } = await stageNew(form);
      expect(await python("swap_in,roll_back", exchange)).toMatchObject({ error: null });
      expect(await treeAt(addons)).toEqual({ ...other, ...old });
    });

    test.each([
      "swap_in,commit",
      "swap_in,roll_back",
      "swap_in,settle,commit",
      "swap_in,settle,roll_back",
    ])("killed anywhere in %s", async (calls) => {
      const outcomes = { old: 0, new: 0 };
      for (let killAt = 0; ; killAt++) {
        await rm(addons, { recursive: true });
        await put({ ...other, ...old });
        const { exchange } = await stageNew(form);
        const run = await python(calls, exchange, killAt);
        if (!run.killed) {
          expect(run).toEqual({ killed: false, changes: killAt, error: null });
          break;
        }
        const back = await recover(addons);
        const tree = await treeAt(addons);
        const isNew = "it/new.py" in tree || tree["it.py"] === info;
        expect(tree).toEqual({ ...other, ...(isNew ? newTree[form] : old) });
        outcomes[isNew ? "new" : "old"] += 1;
        for (const name of back) expect(await lstat(join(addons, name))).toBeDefined();
        expect((await readdir(addons)).filter((name) => name.startsWith("."))).toEqual([]);
        expect(await recover(addons)).toEqual([]);
      }
      expect(outcomes.old).toBeGreaterThan(0);
      // Once it is settled, what a kill leaves is the new one.
      expect(outcomes.new > 0).toBe(/commit|settle/.test(calls));
    });

    test("put back when Blender is gone", async () => {
      const { exchange } = await stageNew(form);
      await python("swap_in", exchange);
      await putBack(exchange);
      expect(await treeAt(addons)).toEqual({ ...other, ...old });
    });
  });
});

posixGroup("Windows has no fork")(
  "what someone else does between the kill and the recovery",
  () => {
    test("a new one put in by hand stays", async () => {
      await put({ "it/__init__.py": "old" });
      const { exchange, destination } = await stageNew("package");
      await python("swap_in", exchange);
      // The old inode stays in use, so that the new one can't get its number.
      await rename(destination, join(dir, "elsewhere"));
      await put({ "it/__init__.py": "by hand" });
      expect(await recover(addons)).toEqual([]);
      expect(await treeAt(addons)).toEqual({ "it/__init__.py": "by hand" });
    });

    test("the new one removed by hand: the old one is back", async () => {
      await put({ "it/__init__.py": "old" });
      const { exchange, destination } = await stageNew("package");
      await python("swap_in", exchange);
      await rm(destination, { recursive: true });
      expect(await recover(addons)).toEqual(["it"]);
      expect(await treeAt(addons)).toEqual({ "it/__init__.py": "old" });
    });
  },
);

posixOnly("Windows has no fork")("swapping that fails leaves all as it was", async () => {
  await put({ "it/__init__.py": "old", "it.py": "old too" });
  const { exchange, path } = await stageNew("package");
  await rm(path, { recursive: true });
  // What was staged is missing: the renames before it are undone.
  expect(await python("swap_in", exchange)).toMatchObject({ error: "FileNotFoundError" });
  expect(await treeAt(addons)).toMatchObject({ "it/__init__.py": "old", "it.py": "old too" });
  await putBack(exchange);
  expect(await treeAt(addons)).toEqual({ "it/__init__.py": "old", "it.py": "old too" });
});

describe("recover", () => {
  test("without a folder, and without anything to do", async () => {
    expect(await recover(addons)).toEqual([]);
    await put(other);
    expect(await recover(addons)).toEqual([]);
    expect(await treeAt(addons)).toEqual(other);
  });

  posixOnly("Windows has no signals")("after a kill in the middle of staging", async () => {
    await put(other);
    const script = `
      import { startOf } from "../../../../src/local/blender/process.ts";
import { openSource } from ${JSON.stringify(join(import.meta.dir, "../../../../src/local/addon-source/source.ts"))};
      import { stage } from ${JSON.stringify(join(import.meta.dir, "../../../../src/local/addon/swap.ts"))};
      using source = await openSource(process.argv[1]);
      const [first, ...rest] = source.files;
      const slow = async function* () { yield new Uint8Array(1); process.kill(process.pid, "SIGKILL"); await new Promise(() => {}); };
      await stage({ ...source, files: [first, { ...first, path: "slow", size: 1e7, content: slow }, ...rest] }, process.argv[2]);
    `;
    await writeFile(join(dir, "new.zip"), zipOf(newTree.package));
    const run = Bun.spawnSync([process.execPath, "-e", script, join(dir, "new.zip"), addons]);
    expect(run.signalCode).toBe("SIGKILL");
    expect(Object.keys(await treeAt(addons)).some((name) => name.endsWith("/new/it/slow"))).toBe(
      true,
    );
    expect(await recover(addons)).toEqual([]);
    expect(await treeAt(addons)).toEqual(other);
  });

  test("what another command works on is its own for as long as that runs", async () => {
    await put(other);
    const { exchange } = await stageNew("package");
    const child = Bun.spawn([process.execPath, "-e", "await Bun.stdin.text()"], { stdin: "pipe" });
    const owner = { host: hostname(), pid: child.pid, started: await startOf(child.pid) };
    await writeFile(join(exchange, "owner.json"), JSON.stringify(owner));
    await recover(addons);
    expect(await readdir(addons)).toContain(basename(exchange));
    await child.stdin.end();
    await child.exited;
    await recover(addons);
    expect(await treeAt(addons)).toEqual(other);
  });

  test("a folder that isn't ours is left alone", async () => {
    await put({ ".git/config": "x", ".blender-other/x": "x" });
    await recover(addons);
    expect(await treeAt(addons)).toEqual({ ".git/config": "x", ".blender-other/x": "x" });
  });
});

posixOnly("links take a right of their own on Windows")(
  "all links in a folder go, and nothing behind them",
  async () => {
    await put({ "it/in/link": "-> ../../../mine", "it/lost": "-> nowhere", "it/x.py": "x" });
    await mkdir(join(dir, "mine"));
    await writeFile(join(dir, "mine/file"), "mine");
    await unlinkAll(addons);
    expect(await treeAt(addons)).toEqual({ "it/x.py": "x" });
    expect(await treeAt(join(dir, "mine"))).toEqual({ file: "mine" });
  },
);

describe("a removal", () => {
  const kinds: Tree[] = [{ "it/__init__.py": "x" }, { "it.py": "x" }];
  // Links take a right of their own on Windows.
  if (!isWindows) kinds.push({ it: "-> ../developed" });
  describe.each(kinds)("of %p", (tree) => {
    test.each(["remove,commit", "remove,bring_back"])("killed anywhere in %s", async (calls) => {
      const path = join(addons, Object.keys(tree)[0]?.split("/")[0] ?? "");
      const left = { whole: 0, gone: 0 };
      for (let killAt = 0; ; killAt++) {
        await rm(addons, { recursive: true, force: true });
        await put({ ...other, ...tree });
        const run = await python(calls, path, killAt);
        await recover(addons);
        const found = await treeAt(addons);
        const gone = Object.keys(found).every((name) => name in other);
        expect(found).toEqual(gone ? other : { ...other, ...tree });
        expect((await readdir(addons)).filter((name) => name.startsWith("."))).toEqual([]);
        left[gone ? "gone" : "whole"] += 1;
        if (run.killed) continue;
        expect([run.error, gone]).toEqual([null, calls === "remove,commit"]);
        break;
      }
      expect(left.whole).toBeGreaterThan(2);
    });
  });
});

describe("staging", () => {
  test("lets nothing be seen by name", async () => {
    const { exchange, path, destination } = await stageNew("package");
    expect(exchange).toStartWith(join(addons, ".blender-remote-cli-"));
    expect(path).toStartWith(exchange);
    expect(destination).toBe(join(addons, "it"));
    // A folder: Blender's scan lists hidden .py files, but no hidden folders.
    expect((await readdir(addons)).every((name) => !name.endsWith(".py"))).toBe(true);
  });

  posixOnly("Windows has no fork")("an extension as one, and as a legacy add-on", async () => {
    const manifest = `schema_version = "1.0.0"\nid = "ext"\nversion = "1.0.0"\nname = "E"\ntagline = "E"\nmaintainer = "M"\ntype = "add-on"\nlicense = ["SPDX:MIT"]\nblender_version_min = "4.2.0"\n`;
    const files = { "it/__init__.py": info, "it/blender_manifest.toml": manifest };
    await writeFile(join(dir, "x.zip"), zipOf(files));
    using source = await openSource(join(dir, "x.zip"));
    const one = await stage(source, addons);
    expect(one.destination).toBe(join(addons, "ext"));
    const legacy = await stage(source, addons, { form: "legacy" });
    expect(legacy.destination).toBe(join(addons, "it"));
    await put({ "ext.py": "stays beside an extension", "it.py": "hides the package" });
    for (const { exchange } of [one, legacy]) await python("swap_in,commit", exchange);
    expect(Object.keys(await treeAt(addons)).sort()).toEqual(
      [
        "ext.py",
        ...["ext", "it"].flatMap((name) => [
          `${name}/__init__.py`,
          `${name}/blender_manifest.toml`,
        ]),
      ].sort(),
    );
  });

  test("interrupted, it leaves nothing", async () => {
    const reason = new Failure("interrupted", "interrupted", { kind: "interrupted" });
    await writeFile(join(dir, "new.zip"), zipOf(newTree.package));
    using source = await openSource(join(dir, "new.zip"));
    const error = await stage(source, addons, { signal: AbortSignal.abort(reason) }).catch(
      (one) => one,
    );
    expect(error).toBe(reason);
    expect(await readdir(addons)).toEqual([]);
  });

  test("where the add-ons folder can't be made", async () => {
    await writeFile(addons, "a file");
    const error = await stageNew("package").catch((one) => one);
    expect(error).toMatchObject({ code: "write-failed", exitCode: 1 });
    expect(error.message).toContain(addons);
  });

  const mounts = !isWindows && Bun.spawnSync(["unshare", "-rm", "true"]).exitCode === 0;
  const needing = mounts ? "" : " (skipped: no private mounts here)";
  test.skipIf(!mounts)(`where there is no room${needing}`, async () => {
    await writeFile(
      join(dir, "new.zip"),
      zipOf({ ...newTree.package, "it/big": "x".repeat(3_000_000) }),
    );
    // A file system of its own, of one MiB.
    const script = `mount -t tmpfs -o size=1m none "$1" && exec "$2" -e "$3" "$4" "$1"`;
    const code = `
      import { startOf } from "../../../../src/local/blender/process.ts";
import { openSource } from ${JSON.stringify(join(import.meta.dir, "../../../../src/local/addon-source/source.ts"))};
      import { stage } from ${JSON.stringify(join(import.meta.dir, "../../../../src/local/addon/swap.ts"))};
      import { readdirSync } from "node:fs";
      using source = await openSource(process.argv[1]);
      await stage(source, process.argv[2]).catch((e) => console.log(JSON.stringify([e.code, e.message, e.hint, readdirSync(process.argv[2])])));
    `;
    await mkdir(addons);
    const args = [addons, process.execPath, code, join(dir, "new.zip")];
    const run = Bun.spawnSync(["unshare", "-rm", "sh", "-c", script, "sh", ...args]);
    const [failed, message, hint, left] = JSON.parse(
      run.stdout.toString() || run.stderr.toString(),
    );
    expect(failed).toBe("write-failed");
    expect(message).toContain("the disk is full");
    expect(hint).toContain("room");
    expect(left).toEqual([]);
  });
});

posixOnly("Windows has no fork")(
  "a read-only old version is replaced, and what it links to isn't touched",
  async () => {
    await mkdir(join(dir, "kept"), { mode: 0o555 });
    await put({ "it/__init__.py": "old", "it/sub/x.py": "", "it/link": `-> ${join(dir, "kept")}` });
    await chmod(join(addons, "it/sub"), 0o555);
    const { exchange } = await stageNew("package");
    expect(await python("swap_in,commit", exchange)).toMatchObject({ error: null });
    expect(await treeAt(addons)).toEqual(newTree.package);
    expect((await lstat(join(dir, "kept"))).mode & 0o777).toBe(0o555);
  },
);
