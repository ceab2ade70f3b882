// A Blender on a machine without any network: chosen and downloaded here, sent and installed there.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ownBlender, siteOf } from "../support/blender.ts";
import { type Island, island, makesIslands } from "../support/island.ts";
import { expectFailure, json } from "../support/outcome.ts";
import { type PackageIndex, packageIndex } from "../support/package-index.ts";
import { expectSuccess } from "../support/sandbox.ts";
import { startService } from "../support/servers.ts";
import { tokenFileOf } from "../support/tokens.ts";
import { writeWheel } from "../support/wheels.ts";

/** Nothing of this machine's own settings for pip counts. */
const plain = {
  PIP_CONFIG_FILE: "/dev/null",
  PIP_FIND_LINKS: undefined,
  PIP_INDEX_URL: undefined,
  PIP_EXTRA_INDEX_URL: undefined,
  PIP_CERT: undefined,
};

describe.skipIf(!makesIslands)("where Blender's machine has no network", () => {
  let two: Island;
  let index: PackageIndex;
  const here = (...args: string[]) => [...args, "--from-here", "--index-url", index.url];
  const install = (...args: string[]) =>
    two.ours.cli(["pkg", "install", ...here(...args)], { env: plain });
  const installed = (...args: string[]) =>
    json(two.ours, ["pkg", "install", ...here(...args)], { env: plain });
  const sync = (...args: string[]) =>
    two.ours.cli(["pkg", "sync", ...here(...args)], { env: plain });
  const python = async (code: string) =>
    expectSuccess(await two.ours.cli(["execute", "-c", code])).stdout.trim();
  const frozen = async () =>
    expectSuccess(await two.ours.cli(["pkg", "freeze"])).stdout.split("\n");
  /** The wheels that are downloaded from then on. */
  const downloads = () => {
    const from = index.asked.length;
    return () =>
      index.asked.slice(from).flatMap((one) => /\/files\/(.*)-py3.*\.whl$/.exec(one)?.[1] ?? []);
  };

  beforeAll(async () => {
    two = await island();
    await startService(two.blenders, await ownBlender(two.blenders, { numpy: true }));
    // As somebody carries it from one machine to the other.
    const inside = Number(two.blenders.env["BLENDER_REMOTE_PORT"]);
    const token = await readFile(tokenFileOf(two.blenders, inside), "utf8");
    two.ours.env["BLENDER_REMOTE_TOKEN"] = token;
    const extra = 'brextra; extra == "x"';
    const metadata = ["Provides-Extra: x"];
    index = packageIndex([
      { name: "brmain", version: "1.0", requires: ["brdep>=1", "numpy", extra], metadata },
      { name: "brmain", version: "2.0", requires: ["brdep>=1", "numpy", extra], metadata },
      { name: "brdep", version: "1.0" },
      { name: "brdep", version: "1.5" },
      { name: "brextra", version: "1.0" },
      { name: "brneeds", version: "1.0", requires: ["numpy<1"] },
      { name: "numpy", version: "0.9" },
      { name: "brlocal", version: "1.0", tag: "cp311-abi3-linux_x86_64" },
    ]);
  });
  afterAll(async () => {
    await two[Symbol.asyncDispose]();
    await index[Symbol.asyncDispose]();
  });

  test("it really has none, not even this machine's loopback", async () => {
    const code = `import socket
print(open("/proc/net/route").read().count("\\n"))
try: socket.create_connection(("127.0.0.1", ${new URL(index.url).port}), 2)
except OSError as error: print(error.strerror)`;
    expect(await python(code)).toBe("1\nConnection refused");
  });

  test("--dry-run says what would come, and nothing does", async () => {
    const came = downloads();
    const result = expectSuccess(await install("brmain<2", "--dry-run"));
    expect(result.stdout).toBe(`would install brdep 1.5 (brdep-1.5-py3-none-any.whl)
would install brmain 1.0 (brmain-1.0-py3-none-any.whl)
`);
    expect(result.stderr).toContain("kept as Blender brings it: numpy");
    expect(came()).toEqual([]);
  });

  test("what goes with nothing that Blender brings is told before anything comes", async () => {
    const came = downloads();
    const words = ["pkg", "install", ...here("brneeds")];
    const expected = { code: "no-solution", exit: 1, says: "Blender brings numpy" };
    await expectFailure(two.ours, words, expected, { env: plain });
    expect(came()).toEqual([]);
  });

  test("each stage is told, and what comes is what was chosen", async () => {
    const result = expectSuccess(await install("brmain<2", "brdep<1.5"));
    const stages = result.stderr.match(/chosen here: .*|downloaded \d.*|pushed \d \w+/g);
    expect(stages).toEqual([
      "chosen here: brdep 1.0, brmain 1.0",
      expect.stringMatching(/^downloaded 2 wheels \(/),
      "pushed 2 wheels",
    ]);
    expect(await python("import brmain; print(brmain.__version__)")).toBe("1.0");
  });

  test("what is there and will do stays, and for that nobody is asked", async () => {
    const asked = index.asked.length;
    const result = expectSuccess(await install("brmain", "numpy"));
    expect(result.stderr).toContain("all that was asked for is there already");
    expect(index.asked.length).toBe(asked);
    expect(await installed("brmain[x]")).toMatchObject({
      mode: "from-here",
      changed: { added: [{ name: "brextra", version: "1.0" }], upgraded: [] },
      from_here: { wheels: [{ file: "brextra-1.0-py3-none-any.whl", status: "downloaded" }] },
    });
  });

  test("--upgrade takes newer ones of what is named; nothing comes or goes twice", async () => {
    const came = downloads();
    const report = await installed("brmain", "-U", "--target", "site");
    expect(report.changed).toMatchObject({
      added: [],
      upgraded: [{ name: "brmain", from: "1.0", to: "2.0" }],
    });
    expectSuccess(await two.ours.cli(["pkg", "uninstall", "brextra", "brmain", "--yes"]));
    const again = await installed("brextra", "--target", "user-modules");
    expect(again).toMatchObject({
      changed: { added: [{ name: "brextra", version: "1.0" }] },
      from_here: { wheels: [], pushed: [] },
    });
    // Blender's wheelhouse is empty, and what was downloaded is still here.
    expectSuccess(await two.ours.cli(["pkg", "purge-cache", "--yes"]));
    expect(await installed("brmain==1.0")).toMatchObject({
      from_here: { wheels: [{ status: "there" }], pushed: [{ status: "uploaded" }] },
    });
    expect(came()).toEqual(["brmain-2.0"]);
  });

  test("a wheel of this machine, with what it needs from an index", async () => {
    const folder = join(two.ours.dir, "made");
    await mkdir(folder);
    const wheel = await writeWheel(folder, {
      name: "brlocal",
      requires: ["brextra"],
      files: { "mine.py": "" },
    });
    // The index has the same version in a wheel that fits better.
    const report = await installed(wheel, "--target", "user-modules");
    expect(report).toMatchObject({
      requested: ["brlocal==1.0"],
      changed: { added: [{ name: "brlocal", version: "1.0" }] },
    });
    expect(await python("import brlocal.mine; print('mine')")).toBe("mine");
    const misfit = await writeWheel(folder, { name: "brother", tag: "cp311-cp311-win_amd64" });
    const failed = await two.ours.cli(["pkg", "install", misfit, "--offline"]);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain("nothing was sent: Blender's Python doesn't take");
    await rm(misfit);
    // Of a folder the newest that fits of each package; by pip there, from its wheelhouse.
    await writeWheel(folder, { name: "brlocal", version: "2.0" });
    await writeWheel(folder, { name: "brlocal", version: "3.0", tag: "cp311-cp311-win_amd64" });
    await writeWheel(folder, { name: "brsecond", version: "1.0" });
    const modules = ["--offline", "--target", "user-modules"];
    const both = await json(two.ours, ["pkg", "install", folder, ...modules]);
    expect(both.changed).toMatchObject({
      added: [{ name: "brsecond" }],
      upgraded: [{ name: "brlocal", from: "1.0", to: "2.0" }],
    });
  });

  test("pkg freeze tells what was installed, and pkg sync goes back to it", async () => {
    const [file, more] = [join(two.ours.dir, "frozen.txt"), join(two.ours.dir, "more.txt")];
    expectSuccess(await two.ours.cli(["pkg", "freeze", "--target", "site", "-o", file]));
    expect(await Bun.file(file).text()).toBe("brdep==1.0\nbrmain==1.0\n");
    expect(expectSuccess(await sync("-r", file, "--check")).stdout).toBe("");
    await writeFile(more, "brmain[x]==2.0\n");
    expectSuccess(await install("-r", more, "brdep==1.5"));
    const drift = await sync("-r", file, "--check");
    expect([drift.code, drift.stdout]).toEqual([
      1,
      `change brdep from 1.5 to 1.0
change brmain from 2.0 to 1.0
remove brextra 1.0 from ${siteOf(two.blenders)}
`,
    ]);
    const words = ["pkg", "sync", ...here("-r", file)];
    const unasked = { code: "needs-yes", exit: 2, says: "this would remove brextra 1.0" };
    await expectFailure(two.ours, words, unasked, { env: plain });
    expect(await json(two.ours, [...words, "--yes"], { env: plain })).toMatchObject({
      in_sync: false,
      installed: { changed: { downgraded: [{ name: "brmain" }, { name: "brdep" }] } },
      removed: { changed: { removed: [{ name: "brextra" }] } },
      errors: [],
    });
    // What is in the user modules is another place's.
    expect(await frozen()).toEqual([
      "brdep==1.0",
      "brextra==1.0",
      "brlocal==2.0",
      "brmain==1.0",
      "brsecond==1.0",
      "",
    ]);
    expectSuccess(await sync("-r", file, "--check"));
    // What an extra brings is no surplus.
    expectSuccess(await sync("-r", more, "--yes"));
    expect(expectSuccess(await sync("-r", more, "--check")).stdout).toBe("");
  });

  test("by stick: what it is, carried here; wheels, carried there", async () => {
    const env = join(two.ours.dir, "env.json");
    const there = two.blenders;
    await writeFile(env, expectSuccess(await there.cli(["pkg", "info", "--json"])).stdout);
    const words = ["pkg", "download", "brextra", "--for", env, "-i", index.url, "--dest", "stick"];
    expectSuccess(await two.ours.cli(words, { env: plain }));
    await cp(join(two.ours.dir, "stick"), join(there.dir, "stick"), { recursive: true });
    expectSuccess(await there.cli(["pkg", "push", "stick"]));
    expectSuccess(await there.cli(["pkg", "install", "brextra", "--offline"]));
  });

  test("a lock is what Blender has then, file by file", async () => {
    const [env, lock] = [join(two.ours.dir, "env.json"), join(two.ours.dir, "pylock.toml")];
    const words = ["pkg", "download", "brmain==1.0", "brdep==1.5", "--for", env, "-i", index.url];
    const locks = ["--dest", "locked", "--lock", lock];
    expectSuccess(await two.ours.cli([...words, ...locks], { env: plain }));
    const drift = await sync("-r", lock, "--check");
    expect([drift.code, drift.stdout]).toEqual([
      1,
      expect.stringMatching(
        /^change brdep from 1\.0 to 1\.5\nchange brmain from 2\.0 to 1\.0\nremove /,
      ),
    ]);
    expectSuccess(await sync("-r", lock, "--yes"));
    expect(expectSuccess(await two.ours.cli(["pkg", "freeze", "--target", "site"])).stdout).toBe(
      "brdep==1.5\nbrmain==1.0\n",
    );
    expectSuccess(await sync("-r", lock, "--check"));
    // By pip there, which takes no other files than these.
    expectSuccess(await two.ours.cli(["pkg", "uninstall", "brmain", "--yes"]));
    const offline = ["pkg", "sync", "-r", lock, "--offline"];
    expect(await json(two.ours, offline)).toMatchObject({
      install: [{ name: "brmain", version: "1.0" }],
      installed: { changed: { added: [{ name: "brmain" }], upgraded: [], downgraded: [] } },
    });
    const more = [...offline, "brextra"];
    await expectFailure(two.ours, more, { code: "lock-decides", exit: 2, says: "brextra" });
  });

  test("scipy, of the index that this machine is set up to use", async () => {
    const result = expectSuccess(await two.ours.cli(["pkg", "install", "scipy", "--from-here"]));
    expect(result.stderr).toContain("kept as Blender brings it: numpy");
    const code = "from scipy.optimize import brentq; print(brentq(lambda x: x - 2, 0, 5))";
    expect(Number(await python(code))).toBeCloseTo(2);
  });
});
