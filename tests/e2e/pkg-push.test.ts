import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmod, copyFile, mkdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { mustRun } from "../../scripts/process.ts";
import { sha256Of } from "../../src/local/files/sha256.ts";
import { launcherOf } from "../support/blender.ts";
import { entries } from "../support/folders.ts";
import { expectFailure } from "../support/outcome.ts";
import { proxyTo } from "../support/proxy.ts";
import { cutHalfWay, pushed, pushTo } from "../support/push.ts";
import { expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { startPublished, startService } from "../support/servers.ts";
import { through } from "../support/tokens.ts";
import { until } from "../support/until.ts";
import { writeWheel } from "../support/wheels.ts";

let number = 0;
/** A folder name that no other test uses. */
function fresh(box: Sandbox, name: string): string {
  number += 1;
  return join(box.dir, `${number}-${name}`);
}

const servers = [
  { name: "our service", start: startService, blender: "bpy", transport: "stream" },
  {
    name: "our service in Blender 3.4",
    start: startService,
    blender: "debian",
    transport: "stream",
  },
  { name: "our service in pieces", start: startService, blender: "bpy", transport: "chunks" },
  { name: "the published add-on", start: startPublished, blender: "bpy", transport: "chunks" },
] as const;

describe.each(servers.filter(({ transport }) => transport === "chunks"))(
  "--chunk-size, $name",
  (server) => {
    test("no piece is larger", async () => {
      await using box = await sandbox();
      await server.start(box, await launcherOf(server.blender));
      using proxy = proxyTo(box.port);
      const wheel = await writeWheel(fresh(box, "local"), { name: "pieces", padding: 300_000 });
      const flags = ["--transport", "chunks", "--chunk-size", "10k", ...through(box, proxy)];
      expectSuccess(await pushTo(box, wheel, fresh(box, "there"), ...flags));
      // 10 KiB in base64, and the scripts.
      expect(proxy.longestRequest).toBeLessThan(10 * 1024 * 1.4 + 35_000);
      expect(proxy.bytesThere).toBeGreaterThan(400_000);
    });
  },
);

for (const server of servers) {
  describe(`pkg push to ${server.name}`, () => {
    let box: Sandbox;
    beforeAll(async () => {
      box = await sandbox();
      await server.start(box, await launcherOf(server.blender));
    });
    afterAll(async () => {
      await box[Symbol.asyncDispose]();
    });
    const push = (_: Sandbox, from: string, to: string, ...flags: string[]) => {
      // What a server takes by itself isn't asked for.
      const forced = server.name.endsWith("in pieces") ? ["--transport", "chunks"] : [];
      return pushTo(box, from, to, ...forced, ...flags);
    };

    const isOurs = server.start === startService;
    // Hello, with our service the proof of the token, and whether pip runs.
    const greeting = isOurs ? 3 : 2;

    test("brings every wheel of a folder, whole; the second time nothing is sent", async () => {
      const local = fresh(box, "local");
      await writeWheel(local, { name: "small" });
      const big = await writeWheel(join(local, "deep", "er"), { name: "big", padding: 3_000_000 });
      await writeFile(join(local, "README.txt"), "not a wheel");
      const there = fresh(box, "there");
      const first = pushed(expectSuccess(await push(box, local, there, "--json")));
      const [bigFile, smallFile] = first.files;
      expect(first).toMatchObject({ op: "push", remote_wheelhouse: there, uploaded: 2 });
      expect(first.transport).toBe(server.transport);
      expect(first).toMatchObject({ skipped: 0, failed: 0 });
      expect(bigFile).toEqual({
        name: "big-1.0-py3-none-any.whl",
        size: (await stat(big)).size,
        sha256: await sha256Of(big),
        status: "uploaded",
        transferred_bytes: (await stat(big)).size,
        resumed_bytes: 0,
        replaced: false,
      });
      expect(smallFile?.name).toBe("small-1.0-py3-none-any.whl");
      expect(await entries(there)).toEqual(first.files.map((file) => file.name));
      expect(await sha256Of(join(there, "big-1.0-py3-none-any.whl"))).toBe(await sha256Of(big));

      const second = pushed(expectSuccess(await push(box, local, there, "--json")));
      expect(second).toMatchObject({ uploaded: 0, skipped: 2, failed: 0 });
      expect(second.files.map((file) => file.transferred_bytes)).toEqual([0, 0]);
    });

    test("of a thousand wheels, that all are there is found out at once", async () => {
      const local = fresh(box, "local");
      const there = fresh(box, "there");
      // They came there by another way, so that nothing is remembered of them.
      for (let index = 0; index < 1000; index++) {
        const wheel = await writeWheel(local, { name: `one_of_many_${index}`, padding: 1000 });
        await mkdir(there, { recursive: true });
        await copyFile(wheel, join(there, basename(wheel)));
      }
      using proxy = proxyTo(box.port);
      const flags = ["--json", ...through(box, proxy)];
      const first = pushed(expectSuccess(await push(box, local, there, ...flags)));
      expect(first).toMatchObject({ uploaded: 0, skipped: 1000, failed: 0 });
      expect(proxy.answers).toBe(greeting + 1);
      const second = pushed(expectSuccess(await push(box, local, there, ...flags)));
      expect(second).toMatchObject({ uploaded: 0, skipped: 1000, failed: 0 });
      expect(proxy.answers).toBe(2 * (greeting + 1));
    });

    test("one new wheel: as few round trips as can be", async () => {
      const local = fresh(box, "local");
      await writeWheel(local, { name: "one", padding: 1000 });
      using proxy = proxyTo(box.port);
      const flags = ["--json", ...through(box, proxy)];
      const result = pushed(expectSuccess(await push(box, local, fresh(box, "there"), ...flags)));
      expect(result).toMatchObject({ uploaded: 1, skipped: 0, failed: 0 });
      // Comparing the wheels; the wheel's bytes, which in pieces are one piece and its name, and for
      // our service the script that writes them; and the recording of its hash, which a plain server
      // isn't asked for when the wheel is small.
      const bytes = server.transport === "stream" ? 1 : isOurs ? 3 : 2;
      expect(proxy.answers).toBe(greeting + 1 + bytes + (isOurs ? 1 : 0));
    });

    test("replaces a wheel that has the same name and other content", async () => {
      const local = fresh(box, "local");
      const there = fresh(box, "there");
      const wheel = await writeWheel(local, { name: "changed", padding: 1000 });
      expectSuccess(await push(box, wheel, there));
      await writeWheel(local, { name: "changed", padding: 1000 });
      const again = pushed(expectSuccess(await push(box, wheel, there, "--json")));
      expect(again.files[0]).toMatchObject({ status: "uploaded", replaced: true });
      const name = "changed-1.0-py3-none-any.whl";
      expect(await sha256Of(join(there, name))).toBe(await sha256Of(wheel));
    });

    test("a connection that is cut and never comes back: the next push goes on", async () => {
      const wheel = await writeWheel(fresh(box, "local"), { name: "cut", padding: 6_000_000 });
      const there = fresh(box, "there");
      using proxy = cutHalfWay(box.port, there);
      const flags = ["--json", "--retries", "1", ...through(box, proxy)];
      const cut = await push(box, wheel, there, ...flags);
      expect(cut.code).toBe(4);
      expect(pushed(cut)).toMatchObject({ uploaded: 0, failed: 1 });
      expect(pushed(cut).files[0]?.error).toContain(`nothing listens on 127.0.0.1:${proxy.port}`);
      expect((await entries(there)).filter((name) => name.endsWith(".whl"))).toEqual([]);

      const again = pushed(expectSuccess(await push(box, wheel, there, "--json")));
      const { resumed_bytes: resumed, transferred_bytes: sent, size } = again.files[0] ?? {};
      expect(again).toMatchObject({ uploaded: 1, failed: 0 });
      expect(resumed).toBeGreaterThan(1_000_000);
      expect((resumed ?? 0) + (sent ?? 0)).toBe(size ?? -1);
      expect(again.transferred_bytes).toBe(sent ?? -1);
      expect(await entries(there)).toEqual(["cut-1.0-py3-none-any.whl"]);
      const name = "cut-1.0-py3-none-any.whl";
      expect(await sha256Of(join(there, name))).toBe(await sha256Of(wheel));
    });

    test("of many wheels the sum is told, each with --verbose, all of them in JSON", async () => {
      const local = fresh(box, "local");
      for (let index = 0; index < 12; index++) {
        await writeWheel(local, { name: `many${index}`, padding: 10_000 });
      }
      const [first, second, third] = [
        fresh(box, "there"),
        fresh(box, "there"),
        fresh(box, "there"),
      ];
      const summed = expectSuccess(await push(box, local, first)).stderr;
      expect(summed).toMatch(
        /: 12 wheels uploaded, 0 skipped, 0 failed; 1\d\d\.\d kB in \d+\.\d s \(.*B\/s\)\n$/,
      );
      expect(summed).not.toContain("many3");
      const each = expectSuccess(await push(box, local, second, "--verbose")).stderr;
      expect(each.split("uploaded many")).toHaveLength(13);
      const { files, transferred_bytes: sent } = pushed(
        expectSuccess(await push(box, local, third, "--json")),
      );
      expect(files).toHaveLength(12);
      expect(sent).toBe(files.reduce((sum, { size }) => sum + size, 0));
      const none = expectSuccess(await push(box, local, first)).stderr;
      expect(none).toEndWith(": 0 wheels uploaded, 12 skipped, 0 failed\n");
    });

    test("a connection that is cut once is taken up again in the same run", async () => {
      const wheel = await writeWheel(fresh(box, "local"), { name: "again", padding: 6_000_000 });
      const there = fresh(box, "there");
      let cut = false;
      using proxy = proxyTo(box.port, (passing) => {
        if (cut || passing.bytesThere < 4_000_000) return;
        cut = true;
        passing.interrupt();
      });
      const flags = [...through(box, proxy)];
      const result = expectSuccess(await push(box, wheel, there, ...flags));
      expect(result.stderr).toContain("trying again in 0.5 s");
      expect(result.stderr).toContain("1 wheel uploaded, 0 skipped, 0 failed");
      expect(await entries(there)).toEqual(["again-1.0-py3-none-any.whl"]);
    });

    test("another content doesn't go on with a part of the old one", async () => {
      const local = fresh(box, "local");
      const there = fresh(box, "there");
      const wheel = await writeWheel(local, { name: "other", padding: 6_000_000 });
      using proxy = proxyTo(box.port, (passing) => {
        if (passing.bytesThere > 4_000_000) passing.cut();
      });
      const flags = ["--retries", "0", ...through(box, proxy)];
      expect((await push(box, wheel, there, ...flags)).code).toBe(4);
      await writeWheel(local, { name: "other", padding: 6_000_000 });
      const again = pushed(expectSuccess(await push(box, wheel, there, "--json")));
      expect(again.files[0]).toMatchObject({ status: "uploaded", resumed_bytes: 0 });
      const name = "other-1.0-py3-none-any.whl";
      expect(await sha256Of(join(there, name))).toBe(await sha256Of(wheel));
    });

    test("two pushes of the same wheel at once both end well", async () => {
      const wheel = await writeWheel(fresh(box, "local"), { name: "twice", padding: 8_000_000 });
      const there = fresh(box, "there");
      const both = await Promise.all([
        push(box, wheel, there, "--json"),
        push(box, wheel, there, "--json"),
      ]);
      for (const result of both) expectSuccess(result);
      expect(await entries(there)).toEqual(["twice-1.0-py3-none-any.whl"]);
      const name = "twice-1.0-py3-none-any.whl";
      expect(await sha256Of(join(there, name))).toBe(await sha256Of(wheel));
    });

    test("a wheel that isn't the one that a list beside it has never gets its name", async () => {
      const local = fresh(box, "local");
      const there = fresh(box, "there");
      const right = await writeWheel(local, { name: "right", padding: 2_000_000 });
      const wrong = await writeWheel(local, { name: "wrong", padding: 2_000_000 });
      const listed = async (sha256: string) => {
        const wheels = [
          { name: basename(right), sha256: await sha256Of(right) },
          { name: basename(wrong), sha256 },
        ];
        await writeFile(join(local, "wheelhouse.json"), JSON.stringify({ wheels }));
      };
      await listed("0".repeat(64));
      const refused = await push(box, local, there, "--json");
      expect(refused.code).toBe(1);
      const { files, uploaded, failed } = pushed(refused);
      expect({ uploaded, failed }).toEqual({ uploaded: 1, failed: 1 });
      expect(files[1]).toMatchObject({ status: "failed", sha256: await sha256Of(wrong) });
      expect(files[1]?.error).toContain(`${join(local, "wheelhouse.json")} lists 000000000000…`);
      // Its part isn't kept either.
      expect(await entries(there)).toEqual([basename(right)]);
      // What came there by another way is no better.
      await copyFile(wrong, join(there, basename(wrong)));
      const known = pushed(await push(box, local, there, "--json"));
      expect(known).toMatchObject({ uploaded: 0, skipped: 1, failed: 1 });
      expect(known.files[1]?.error).toContain("lists 000000000000…");
      await listed(await sha256Of(wrong));
      const fine = pushed(expectSuccess(await push(box, local, there, "--json")));
      expect(fine).toMatchObject({ uploaded: 0, skipped: 2, failed: 0, warnings: [] });
    });

    test("a full disk: said, and nothing under a wheel's name", async () => {
      const there = fresh(box, "there");
      await mkdir(there);
      await mustRun(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", there]);
      try {
        const local = fresh(box, "local");
        const large = await writeWheel(local, { name: "large", padding: 3_000_000 });
        const before = await push(box, large, there);
        expect(before.code).toBe(1);
        expect(before.stderr).toContain("3.0 MB are to be sent");
        expect(before.stderr).toContain("nothing was sent");
        expect(before.stderr).toContain(`pkg purge-cache --remote-wheelhouse ${there}`);

        // It fits when the push begins; then somebody else writes there.
        const fits = await writeWheel(local, { name: "fits", padding: 1_500_000 });
        let full = false;
        using proxy = proxyTo(box.port, (passing) => {
          if (full || passing.bytesThere < 100_000) return;
          full = true;
          passing.hold(async () => {
            await mustRun(["sh", "-c", `head -c 2000000 /dev/zero > '${there}/filler' || true`]);
          });
        });
        const during = await push(box, fits, there, ...through(box, proxy));
        expect(during.code).toBe(1);
        expect(during.stderr).toContain("no space left");
        expect(await entries(there)).toEqual(["filler"]);
      } finally {
        await mustRun(["umount", there]);
      }
    });

    test("a folder that can't be written to is said before anything is sent", async () => {
      const there = fresh(box, "there");
      await mkdir(there);
      await mustRun(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", there]);
      try {
        const wheel = await writeWheel(fresh(box, "local"), { name: "readonly" });
        const result = await push(box, wheel, there, "--json");
        expect(result.code).toBe(1);
        expect(JSON.parse(result.stdout)).toMatchObject({
          error: {
            code: "folder-not-writable",
            message: expect.stringContaining("read-only file system"),
          },
        });
      } finally {
        await mustRun(["umount", there]);
      }
    });

    test("a folder that can't be written to, and has every wheel: nothing is to be done", async () => {
      const [local, there] = [fresh(box, "local"), fresh(box, "there")];
      await mkdir(there);
      await mustRun(["mount", "-t", "tmpfs", "tmpfs", there]);
      try {
        const wheel = await writeWheel(local, { name: "shared" });
        expectSuccess(await push(box, wheel, there));
        await mustRun(["mount", "-o", "remount,ro", there]);
        const again = expectSuccess(await push(box, wheel, there, "--json"));
        expect(pushed(again)).toMatchObject({ uploaded: 0, skipped: 1, failed: 0 });
      } finally {
        await mustRun(["umount", there]);
      }
    });

    test("a folder of the wheel's name there is said", async () => {
      const [local, there] = [fresh(box, "local"), fresh(box, "there")];
      const wheel = await writeWheel(local, { name: "folder" });
      const inTheWay = join(there, "folder-1.0-py3-none-any.whl");
      await mkdir(join(inTheWay, "full"), { recursive: true });
      const result = await push(box, wheel, there, "--json");
      expect(result.code).toBe(1);
      expect(pushed(result).files[0]?.error).toBe(
        `${inTheWay} is no plain file on Blender's machine`,
      );
    });

    test("the folder removed while it is sent: begun anew", async () => {
      const wheel = await writeWheel(fresh(box, "local"), { name: "removed", padding: 6_000_000 });
      const there = fresh(box, "there");
      let gone = false;
      using proxy = proxyTo(box.port, (passing) => {
        if (gone || passing.bytesThere < 3_000_000) return;
        gone = true;
        passing.hold(async () => {
          // What has passed may still be on its way to Blender.
          await until(async () => (await entries(there)).length > 0);
          await rm(there, { recursive: true });
          await mkdir(there);
        });
      });
      const result = expectSuccess(await push(box, wheel, there, ...through(box, proxy)));
      expect(gone).toBe(true);
      // Pieces go into a new part, which lacks those before; a stream has written into nothing.
      expect(result.stderr).toMatch(
        /(removed on Blender's machine meanwhile|another SHA-256.*); trying again/,
      );
      const name = "removed-1.0-py3-none-any.whl";
      expect(await sha256Of(join(there, name))).toBe(await sha256Of(wheel));
    });
  });
}

describe("pkg push: what is wrong on this side", () => {
  let box: Sandbox;
  beforeAll(async () => {
    box = await sandbox();
    await startService(box, await launcherOf("bpy"));
  });
  afterAll(async () => {
    await box[Symbol.asyncDispose]();
  });

  test("bad wheels are named and the good ones arrive", async () => {
    const local = fresh(box, "local");
    const there = fresh(box, "there");
    const good = await writeWheel(local, { name: "good" });
    await writeFile(join(local, "empty-1.0-py3-none-any.whl"), "");
    const whole = await readFile(good);
    await writeFile(join(local, "truncated-1.0-py3-none-any.whl"), whole.subarray(0, 300));
    await writeFile(join(local, "a..b-1.0-py3-none-any.whl"), whole);
    await writeFile(join(local, "a\\b-1.0-py3-none-any.whl"), whole);
    await writeFile(join(local, "noname.whl"), whole);
    await symlink("nowhere", join(local, "dangling-1.0-py3-none-any.whl"));
    const result = await pushTo(box, local, there, "--json");
    expect(result.code).toBe(1);
    const { files, uploaded, failed } = pushed(result);
    expect({ uploaded, failed }).toEqual({ uploaded: 1, failed: 6 });
    const errors = Object.fromEntries(files.map((file) => [file.name, file.error]));
    expect(errors["empty-1.0-py3-none-any.whl"]).toContain("empty");
    expect(errors["dangling-1.0-py3-none-any.whl"]).toContain("leads nowhere");
    expect(errors["truncated-1.0-py3-none-any.whl"]).toContain("whole zip archive");
    for (const name of ["a..b-1.0-py3-none-any.whl", "a\\b-1.0-py3-none-any.whl", "noname.whl"]) {
      expect(errors[name]).toContain("PEP 427");
    }
    expect(await entries(there)).toEqual(["good-1.0-py3-none-any.whl"]);

    const people = await pushTo(box, local, there);
    expect(people.stderr).toContain("error: failed empty-1.0-py3-none-any.whl");
    expect(people.stderr).toContain("hint:");
    expect(people.stdout).toBe("");
  });

  test.each([
    ["a folder without wheels", [], 1, "no wheel"],
    ["a path that isn't there", ["missing"], 2, "missing"],
    ["a source archive", ["thing-1.0.tar.gz"], 2, "isn't a wheel"],
  ])("%s gets its own message", async (_, names, code, message) => {
    const local = fresh(box, "local");
    await mkdir(local);
    await writeFile(join(local, "thing-1.0.tar.gz"), "x");
    const result = await pushTo(box, join(local, ...names), fresh(box, "there"));
    expect(result.code).toBe(code);
    expect(result.stderr).toContain(message);
    expect(result.stderr).toContain("hint:");
  });

  test("a size that isn't one is wrong usage", async () => {
    const result = await pushTo(box, box.dir, fresh(box, "there"), "--chunk-size", "huge");
    expect(result.code).toBe(2);
    expect(result.stderr).toContain("--chunk-size is 'huge'");
  });

  test("a wheelhouse that others can write to is told of, and what they write there isn't believed", async () => {
    const there = fresh(box, "there");
    const wheel = await writeWheel(fresh(box, "local"), { name: "lied" });
    const other = await readFile(wheel);
    other[50] = (other[50] ?? 0) ^ 1;
    await mkdir(there);
    await chmod(there, 0o777);
    const planted = join(there, basename(wheel));
    await writeFile(planted, other);
    const { size, mtimeNs } = await stat(planted, { bigint: true });
    const lie = `{"${basename(wheel)}": {"size": ${size}, "mtime_ns": ${mtimeNs}, "sha256": "${await sha256Of(wheel)}"}}`;
    await writeFile(join(there, ".blender-remote-hashes.json"), lie);
    const result = pushed(expectSuccess(await pushTo(box, wheel, there, "--json")));
    expect(result).toMatchObject({ uploaded: 1, files: [{ replaced: true }] });
    expect(result.warnings).toEqual([expect.stringContaining(`chmod go-w ${there}`)]);
    expect(await sha256Of(planted)).toBe(await sha256Of(wheel));
    expect((await stat(planted)).mode & 0o777).toBe(0o644);
    const listed = await box.cli(["pkg", "wheelhouse", "--remote-wheelhouse", there]);
    expect(listed.stderr).toContain(`others can put wheels into ${there}`);
    const install = ["pkg", "install", "lied", "--remote-wheelhouse", there, "--dry-run"];
    expect((await box.cli(install)).stderr).toContain(`others can put wheels into ${there}`);
    await chmod(there, 0o755);
    expect(pushed(await pushTo(box, wheel, there, "--json"))).toMatchObject({
      skipped: 1,
      warnings: [],
    });
  });

  test("a wheel's name that is a link there is replaced, and what it points to stays", async () => {
    const there = fresh(box, "there");
    await mkdir(there);
    const victim = join(box.dir, "victim");
    await writeFile(victim, "precious");
    await symlink(victim, join(there, "linked-1.0-py3-none-any.whl"));
    const wheel = await writeWheel(fresh(box, "local"), { name: "linked" });
    expectSuccess(await pushTo(box, wheel, there));
    expect(await readFile(victim, "utf8")).toBe("precious");
    const name = "linked-1.0-py3-none-any.whl";
    expect(await sha256Of(join(there, name))).toBe(await sha256Of(wheel));
  });

  test("Ctrl-C ends it with 130 and nothing under a wheel's name", async () => {
    const wheel = await writeWheel(fresh(box, "local"), { name: "stopped", padding: 30_000_000 });
    const there = fresh(box, "there");
    const begun = Promise.withResolvers<void>();
    using proxy = proxyTo(box.port, (passing) => {
      if (passing.bytesThere > 3_000_000) {
        begun.resolve();
        passing.hold(() => new Promise(() => {}));
      }
    });
    const flags = ["--remote-wheelhouse", there, ...through(box, proxy), "--json"];
    const child = box.spawn(["pkg", "push", wheel, ...flags]);
    await begun.promise;
    child.kill("SIGINT");
    expect(JSON.parse(await child.stdout.text())).toMatchObject({
      error: { code: "interrupted", details: { files: [] } },
    });
    expect(await child.exited).toBe(130);
    expect((await entries(there)).filter((name) => name.endsWith(".whl"))).toEqual([]);
  });

  test("a push that takes longer than --timeout: 124, and nothing under a wheel's name", async () => {
    const wheel = await writeWheel(fresh(box, "local"), { name: "late", padding: 3_000_000 });
    const there = fresh(box, "there");
    using proxy = proxyTo(box.port, (passing) => {
      if (passing.bytesThere > 1_000_000) passing.hold(() => new Promise(() => {}));
    });
    const flags = ["--timeout", "1", ...through(box, proxy), "--json"];
    const result = await pushTo(box, wheel, there, ...flags);
    expect(result.code).toBe(124);
    expect(JSON.parse(result.stdout)).toMatchObject({
      error: { code: "timeout", message: "the time limit is over, not all was sent" },
    });
    expect((await entries(there)).filter((name) => name.endsWith(".whl"))).toEqual([]);
  });

  test("wheels that the Python there doesn't take: a warning, with --strict nothing is sent", async () => {
    const local = fresh(box, "local");
    await writeWheel(local, { name: "fine" });
    await writeWheel(local, { name: "other", tag: "cp27-cp27m-win32" });
    const there = fresh(box, "there");
    const strict = await pushTo(box, local, there, "--strict", "--json");
    expect(strict.code).toBe(1);
    expect(JSON.parse(strict.stdout)).toMatchObject({
      error: { code: "tags-dont-fit", message: expect.stringContaining("CPython 2.7") },
    });
    expect(await entries(there)).toEqual([]);
    const warned = expectSuccess(await pushTo(box, local, there, "--json"));
    const { uploaded, warnings } = pushed(warned);
    expect(uploaded).toBe(2);
    expect(warnings).toEqual([expect.stringContaining("is for CPython 2.7, this is CPython 3.11")]);
  });

  test("--verify finds a flipped bit, which nothing else sees before pip", async () => {
    const local = fresh(box, "local");
    await writeWheel(local, { name: "fine", padding: 100_000 });
    const wheel = await writeWheel(local, { name: "flipped", padding: 100_000 });
    const bytes = await readFile(wheel);
    const at = bytes.indexOf("flipped/noise.bin") + 5000;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    await writeFile(wheel, bytes);
    const there = fresh(box, "there");
    const result = await pushTo(box, local, there, "--verify");
    expect(result.code).toBe(1);
    expect(result.stderr.replaceAll(/\s+/g, " ")).toContain(
      'failed flipped-1.0-py3-none-any.whl: "flipped/noise.bin" in it is damaged: it hasn\'t the checksum',
    );
    const { files, failed } = pushed(await pushTo(box, local, there, "--verify", "--json"));
    expect(failed).toBe(1);
    expect(files[1]?.error).toStartWith('"flipped/noise.bin" in it is damaged');
    expect(await entries(there)).toEqual(["fine-1.0-py3-none-any.whl"]);
  });

  test("source archives in a folder are named, and what to do with them", async () => {
    const local = fresh(box, "local");
    await writeWheel(local, { name: "fine" });
    for (const name of ["d-1.0.tar.gz", "c-1.0.zip", "b-1.0.tar.bz2", "a-1.0.tgz"]) {
      await writeFile(join(local, name), "x");
    }
    const there = fresh(box, "there");
    const said =
      "a-1.0.tgz, b-1.0.tar.bz2, c-1.0.zip, and 1 more need building; wheels only are pushed ('pip wheel' makes wheels of them)";
    const told = expectSuccess(await pushTo(box, local, there));
    expect(told.stderr.replaceAll(/\s+/g, " ")).toContain(said);
    const { warnings } = pushed(expectSuccess(await pushTo(box, local, there, "--json")));
    expect(warnings).toEqual([said]);
    expect(await entries(there)).toEqual(["fine-1.0-py3-none-any.whl"]);
    const path = join(local, "d-1.0.tar.gz");
    const args = ["pkg", "push", path, "--remote-wheelhouse", there];
    const says = "needs building; wheels only are pushed";
    await expectFailure(box, args, { code: "not-a-wheel", exit: 2, says });
    expect((await box.cli(args)).stderr).toContain(`pip wheel --no-deps ${path}`);
  });

  test("a list that can't be read is a warning; the wheels go all the same", async () => {
    const local = fresh(box, "local");
    await writeWheel(local, { name: "fine" });
    await writeFile(join(local, "uv.lock"), "[[package]]\nwheels = 3\n");
    const there = fresh(box, "there");
    const { warnings, uploaded } = pushed(expectSuccess(await pushTo(box, local, there, "--json")));
    expect(uploaded).toBe(1);
    expect(warnings).toEqual([expect.stringContaining(join(local, "uv.lock"))]);
  });

  test.each([
    [
      "pylock.toml",
      (name: string, hash: string) =>
        `[[packages]]\nwheels = [{url = "https://x.example/${name}", hashes = {sha256 = "${hash}"}}]\n`,
    ],
    [
      "uv.lock",
      (name: string, hash: string) =>
        `[[package]]\nwheels = [{url = "https://x.example/${name}", hash = "sha256:${hash}"}]\n`,
    ],
    ["requirements.txt", (_: string, hash: string) => `listed==1.0 \\\n  --hash=sha256:${hash}\n`],
    ["SHA256SUMS", (name: string, hash: string) => `${hash}  ${name}\n`],
  ])("a wheel is compared with a %s beside it", async (list, text) => {
    const local = fresh(box, "local");
    const wheel = await writeWheel(local, { name: "listed" });
    await writeFile(join(local, list), text(basename(wheel), "0".repeat(64)));
    const there = fresh(box, "there");
    const refused = await pushTo(box, wheel, there);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(list);
    expect(await entries(there)).toEqual([]);
    await writeFile(join(local, list), text(basename(wheel), await sha256Of(wheel)));
    expectSuccess(await pushTo(box, wheel, there));
    expect(await entries(there)).toEqual([basename(wheel)]);
  });

  test("names, folders and quotes that aren't plain come through as they are", async () => {
    const local = fresh(box, "wheels of 'Jürgen' \"二\"");
    const there = fresh(box, "там 'x' \"y\" $HOME");
    await writeWheel(local, { name: "plain" });
    const result = pushed(expectSuccess(await pushTo(box, local, there, "--json")));
    expect(result.remote_wheelhouse).toBe(there);
    expect(await entries(there)).toEqual(["plain-1.0-py3-none-any.whl"]);
  });
});

test("a service that is stopped meanwhile is waited for: another one takes the rest", async () => {
  await using box = await sandbox();
  // One of its own the other service wouldn't know.
  box.env["BLENDER_REMOTE_TOKEN"] = "the-token-of-both-services-0123456789";
  const launcher = await launcherOf("bpy");
  await startService(box, launcher);
  const wheel = await writeWheel(fresh(box, "local"), { name: "late", padding: 20_000_000 });
  const there = fresh(box, "there");
  let stopped = false;
  using proxy = proxyTo(box.port, (passing) => {
    if (stopped || passing.bytesThere < 8_000_000) return;
    stopped = true;
    passing.hold(async () => {
      expectSuccess(await box.cli(["stop"]));

      await startService(box, launcher);
    });
  });
  const flags = ["--port", String(proxy.port), "--retries", "20", "--json"];
  const result = expectSuccess(await pushTo(box, wheel, there, ...flags));
  expect(stopped).toBe(true);
  // What lay in the proxy was lost; what had arrived wasn't sent again.
  const [file] = pushed(result).files;
  expect(file?.transferred_bytes).toBeLessThan(2 * (file?.size ?? 0) - 5_000_000);
  const name = "late-1.0-py3-none-any.whl";
  expect(await sha256Of(join(there, name))).toBe(await sha256Of(wheel));
});
