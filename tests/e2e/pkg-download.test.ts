// Wheels for a Blender without internet: downloaded here, carried there, installed.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { mustRun } from "../../scripts/process.ts";
import { ownBlender } from "../support/blender.ts";
import { json } from "../support/outcome.ts";
import { type PackageIndex, packageIndex } from "../support/package-index.ts";
import { type CliResult, expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { startService } from "../support/servers.ts";

/** Nothing of this machine's own settings for pip counts. */
const plain = {
  PIP_CONFIG_FILE: "/dev/null",
  PIP_FIND_LINKS: undefined,
  PIP_INDEX_URL: undefined,
  PIP_EXTRA_INDEX_URL: undefined,
  PIP_CERT: undefined,
};

const windows = { name: "brmain", version: "1.5", tag: "cp311-cp311-win_amd64" };

let box: Sandbox;
let index: PackageIndex;
beforeAll(async () => {
  box = await sandbox();
  index = packageIndex([
    { name: "brmain", version: "1.0", requires: ["brdep>=1", 'brwin; sys_platform == "win32"'] },
    { ...windows, requires: ["brdep", 'brwin; sys_platform == "win32"'] },
    { name: "brdep", version: "1.0", requires: ["numpy"] },
    { name: "brdep", version: "2.0", requires: ["numpy>=99"] },
    { name: "brwin", version: "1.0" },
    { name: "numpy", version: "99.0" },
  ]);
});
afterAll(async () => {
  await box[Symbol.asyncDispose]();
  await index[Symbol.asyncDispose]();
});

const download = (...words: string[]): Promise<CliResult> => {
  const from = words.includes("-i") ? [] : ["-i", index.url];
  return box.cli(["pkg", "download", ...from, ...words], { env: plain });
};
const wheelsIn = async (folder: string) =>
  (await readdir(join(box.dir, folder))).filter((name) => name.endsWith(".whl")).sort();

describe("without a Blender", () => {
  test("for official ones: markers and wheels of each, and what Blender brings is left out", async () => {
    const done = await download(
      ...["brmain", "--dest", "both", "--for", "blender-4.2-windows-x64"],
      ...["--for", "blender-4.2-linux-x64"],
    );
    expectSuccess(done);
    expect(done.stderr).toContain("left out, as blender-4.2-linux-x64 has it: numpy 1.24.3");
    expect(await wheelsIn("both")).toEqual([
      "brdep-1.0-py3-none-any.whl",
      "brmain-1.0-py3-none-any.whl",
      "brmain-1.5-cp311-cp311-win_amd64.whl",
      "brwin-1.0-py3-none-any.whl",
    ]);
    const list = await Bun.file(join(box.dir, "both/wheelhouse.json")).json();
    expect(list.wheels.at(-1)).toMatchObject({
      name: "brwin-1.0-py3-none-any.whl",
      targets: ["blender-4.2-windows-x64"],
      required_by: ['brmain 1.5: brwin; sys_platform == "win32"'],
    });
  });

  test("what an index tells no hash of, or one that can be forged, is warned of", async () => {
    await using bare = packageIndex([
      { name: "brmain", requires: ["brdep", "brwin"], says: { hashes: {} } },
      { name: "brdep", says: { hashes: { md5: "0".repeat(32) } } },
      { name: "brwin" },
    ]);
    const words = ["--for", "blender-4.2-linux-x64", "--dest", "bare"];
    const { stderr } = expectSuccess(await download("brmain", "-i", bare.url, ...words));
    expect(stderr.replaceAll(/\s+/g, " ")).toContain(
      "warning: not checked, because the index tells no hash that can be trusted: brdep-1.0-py3-none-any.whl, brmain-1.0-py3-none-any.whl ",
    );
  });

  test("again: only what is missing comes, and what isn't needed any more goes when asked", async () => {
    const words = ["--for", "blender-4.2-windows-x64", "--dest", "both"];
    await rm(join(box.dir, "both/brwin-1.0-py3-none-any.whl"));
    await writeFile(join(box.dir, "both/mine-1.0-py3-none-any.whl"), "not of a download");
    expect((await download("brmain", ...words)).stderr).toContain("1 wheel downloaded (");
    expect(await wheelsIn("both")).toContain("brmain-1.0-py3-none-any.whl");
    const pruned = await download("brmain", ...words, "--prune", "--json");
    expect(JSON.parse(expectSuccess(pruned).stdout)).toMatchObject({
      removed: ["brmain-1.0-py3-none-any.whl"],
      unknown: ["mine-1.0-py3-none-any.whl"],
    });
    expect(await wheelsIn("both")).toEqual([
      "brdep-1.0-py3-none-any.whl",
      "brmain-1.5-cp311-cp311-win_amd64.whl",
      "brwin-1.0-py3-none-any.whl",
      "mine-1.0-py3-none-any.whl",
    ]);
  });

  test("a conflict is told with who needs what; nothing is written", async () => {
    const failed = await download("brdep>=2", "--for", "blender-4.2-linux-x64", "--dest", "none");
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain(`error: no versions go together for blender-4.2-linux-x64:
  you ask for brdep>=2
  brdep 2.0 needs numpy>=99
  Blender brings numpy 1.24.3
hint: `);
    expect(await readdir(join(box.dir, "none")).catch(() => "none")).toBe("none");
  });

  test("without --for a Blender is asked, and where none runs the other ways are told", async () => {
    const failed = await download("brwin");
    expect(failed.code).toBe(4);
    expect(failed.stderr).toContain("--for blender-5.0-windows-x64");
  });

  test("a certificate that nobody knows is refused, and taken with --cert", async () => {
    const [key, cert] = ["key.pem", "cert.pem"].map((name) => join(box.dir, name));
    const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
    const made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"];
    await mustRun(["openssl", ...made, ...subject, "-keyout", key ?? "", "-out", cert ?? ""]);
    const tls = { key: Bun.file(key ?? ""), cert: Bun.file(cert ?? "") };
    await using server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      tls,
      fetch: (request) => fetch(`${index.origin}${new URL(request.url).pathname}`),
    });
    const there = ["-i", `https://localhost:${server.port}/simple`, "--dest", "tls"];
    const words = ["pkg", "download", "brwin", "--for", "blender-4.2-linux-x64", ...there];
    const failed = await box.cli(words, { env: plain });
    expect([failed.code, failed.stderr]).toEqual([
      1,
      expect.stringContaining(
        "its certificate isn't trusted\nhint: where a firewall stands between",
      ),
    ]);
    expectSuccess(await box.cli([...words, "--cert", cert ?? ""], { env: plain }));
  });

  test("--dry-run writes nothing; --with-pip brings pip", async () => {
    const words = ["--for", "blender-4.2-linux-x64", "--dest", "dry"];
    const dry = expectSuccess(await download("brwin", ...words, "--dry-run"));
    expect(dry.stdout).toMatch(/^brwin-1\.0-py3-none-any\.whl \(/);
    expect(dry.stderr).toMatch(/^1 wheel, [\d.]+ k?B in all$/m);
    expect(await readdir(join(box.dir, "dry")).catch(() => "none")).toBe("none");
    expectSuccess(await download("brwin", ...words, "--with-pip"));
    const [, pip = ""] = await wheelsIn("dry");
    expect(pip).toMatch(/^pip-.*-py3-none-any\.whl$/);
    const { wheels } = await Bun.file(join(box.dir, "dry/wheelhouse.json")).json();
    expect(wheels).toMatchObject([{ package: "brwin" }, { name: pip, package: "pip" }]);
    expect(
      JSON.parse((await download("brwin", ...words, "--prune", "--json")).stdout),
    ).toMatchObject({
      removed: [pip],
    });
  });
});

test("for a Blender on another machine, by a file of its own; then it installs offline", async () => {
  await startService(box, await ownBlender(box));
  const info = await box.cli(["pkg", "info", "--json", "--no-network-probe"]);
  // As PowerShell's > writes it.
  const utf16 = Buffer.from(`\ufeff${expectSuccess(info).stdout}`, "utf16le");
  await writeFile(join(box.dir, "env.json"), utf16);
  const there = join(box.dir, "there");
  expectSuccess(await download("brmain", "--for", "env.json", "--dest", "carried"));
  expect(await wheelsIn("carried")).toEqual([
    "brdep-1.0-py3-none-any.whl",
    "brmain-1.0-py3-none-any.whl",
  ]);
  expectSuccess(await download("brmain", "--dest", "running"));
  expect(await wheelsIn("running")).toEqual(await wheelsIn("carried"));
  expectSuccess(await box.cli(["pkg", "push", "carried", "--remote-wheelhouse", there]));
  const install = ["pkg", "install", "brmain", "--remote-wheelhouse", there];
  expect(await json(box, install)).toMatchObject({
    mode: "offline",
    changed: { added: [{ name: "brmain" }, { name: "brdep" }] },
  });
  const code = "import brmain, brdep; print(brmain.__version__, brdep.__version__)";
  expect(expectSuccess(await box.cli(["execute", "--code", code])).stdout).toBe("1.0 1.0\n");
});
