// Packages on Windows: below folders whose names aren't ASCII, and of a Blender that has them loaded.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { copyFile, mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BLENDER_ON_WINDOWS } from "../../scripts/windows.ts";
import { entries, sizesIn } from "../support/folders.ts";
import { json } from "../support/outcome.ts";
import { pushed, pushTo } from "../support/push.ts";
import { indexSettings, wheelhouseForWindows } from "../support/pypi-wheels.ts";
import { expectSuccess } from "../support/sandbox.ts";
import { startConfigured, startService } from "../support/servers.ts";
import { until } from "../support/until.ts";
import { writeWheel } from "../support/wheels.ts";
import {
  onWindows,
  type WindowsSandbox,
  windowsBlender,
  windowsPath,
  windowsSandbox,
} from "../support/windows.ts";

/** A user's folder, as programs there call it. */
const home = "C:\\users\\Jürgen ä日";
const there = `${home}\\wheels`;
const sitePackages = join(BLENDER_ON_WINDOWS, "../5.0/python/lib/site-packages");

onWindows("pkg on Windows", () => {
  let box: WindowsSandbox;
  const cli = async (...args: string[]) => expectSuccess(await box.cli(args));
  const offline = ["--offline", "--remote-wheelhouse", there];
  const install = (...args: string[]) => json(box, ["pkg", "install", ...args, ...offline]);
  const python = async (code: string) => (await cli("execute", "--code", code)).stdout.trim();
  const leftovers = async () =>
    (await readdir(box.driveC(sitePackages))).filter((name) => name.startsWith("~")).sort();

  beforeAll(async () => {
    box = await windowsSandbox();
    const folder = box.driveC("users/Jürgen ä日");
    await mkdir(folder);
    const { cert, ...settings } = await indexSettings();
    const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
    if (cert !== undefined) {
      await copyFile(cert, join(folder, "größe.pem"));
      lines.push(`cert = ${home}\\größe.pem`);
    }
    await writeFile(join(folder, "pip.ini"), ["[global]", "; → 日", ...lines, ""].join("\r\n"));
    box.env["PIP_CONFIG_FILE"] = `${home}\\pip.ini`;
    await startService(box, windowsBlender);
  });
  afterAll(async () => {
    await box?.[Symbol.asyncDispose]();
  });

  test("a push that is killed goes on where it was", async () => {
    const small = await wheelhouseForWindows("numpy==2.1.3", "zstandard==0.23.0");
    const house = join(box.dir, "wheels");
    await mkdir(house);
    for (const name of await readdir(small)) await copyFile(join(small, name), join(house, name));
    const arrows = ["Summary: größer → 日", "", "Längere Beschreibung → 日\n"];
    await writeWheel(house, { name: "br_arrow", metadata: arrows });
    await writeWheel(house, { name: "br_new" });
    const open = { name: "br_open", top: { "br_open.py": "", "br_open.txt": "" } };
    await writeWheel(house, open);
    await writeWheel(house, { ...open, version: "2.0", requires: ["br_new"] });
    const flags = ["--transport", "chunks", "--chunk-size", "32k"];
    const from = windowsPath(house);
    box.spawn(["pkg", "push", from, "--remote-wheelhouse", there, ...flags]);
    const folder = box.driveC("users/Jürgen ä日/wheels");
    await until(async () => (await sizesIn(folder)).some((size) => size > 1_000_000));
    const kill = box.machine.wine(["taskkill", "/F", "/IM", "blender-remote-cli.exe"]);
    expect(await Bun.spawn(kill, { stdio: ["ignore", "ignore", "ignore"] }).exited).toBe(0);
    expect(await entries(folder)).not.toEqual(await entries(house));
    const { files } = pushed(expectSuccess(await pushTo(box, from, there, "--json")));
    expect(files.some(({ resumed_bytes: resumed }) => resumed > 0)).toBe(true);
    expect(await entries(folder)).toEqual(await entries(house));
  });

  test("pip's words are UTF-8, and so are its files", async () => {
    const index = ["--no-index", "--find-links", there, "--dry-run", "--quiet", "--report", "-"];
    const said = await cli("pkg", "pip", "--", "install", ...index, "br_arrow");
    expect(said.stdout).toContain("größer → 日");
    const list = join(box.dir, "wünsche.txt");
    await writeFile(list, "# → 日\nbr_arrow==1.0\n");
    const flags = ["--target", "user-modules", "--verbose", ...offline];
    const come = await cli("pkg", "install", "-r", windowsPath(list), ...flags);
    expect(come.stderr).toMatch(/links: \S:.*Jürgen ä日/i);
    expect(come.stdout + come.stderr).not.toMatch(/�|\\ufffd|Logging error|UnicodeEncodeError/);
    expect(come.stdout).toContain("\\scripts\\addons\\modules");
    expect(await python("import br_arrow; print(br_arrow.__version__)")).toBe("1.0");
    const gone = await json(box, ["pkg", "uninstall", "br_arrow", "--yes"]);
    expect(gone.changed.removed).toMatchObject([{ name: "br-arrow" }]);
  });

  test("online, with what pip's configuration there says", async () => {
    const result = await json(box, ["pkg", "install", "colorama==0.4.6", "--allow-online"]);
    expect(result).toMatchObject({
      mode: "online",
      installed: [{ name: "colorama", version: "0.4.6", importable: true }],
      changed: { added: [{ name: "colorama" }] },
    });
  });

  test("the pip that Blender brings: a loaded package stops it, which is said", async () => {
    expect(await python("import zstandard; print(zstandard.__version__)")).toBe("0.25.0");
    const source = ["--no-index", "--find-links", there];
    const result = await box.cli(["pkg", "pip", "--", "install", ...source, "zstandard==0.23.0"]);
    expect(result.code).toBe(1);
    expect(result.stderr).toContain("WinError 5");
    expect(result.stderr).toMatch(/hint: save what is open in Blender.*pkg bootstrap --upgrade/);
  });

  test("ours goes on: a loaded package is replaced, and what is left of it is a note", async () => {
    expect(await python("import numpy; print(numpy.__version__)")).toBe("1.26.4");
    const result = await install("numpy==2.1.3", "br_open==1.0", "--replace-bundled");
    expect(result).toMatchObject({ errors: [], pip: { returncode: 0 } });
    expect(result.changed).toMatchObject({
      added: [{ name: "br-open" }],
      upgraded: [{ name: "numpy", from: "1.26.4", to: "2.1.3" }],
    });
    const warnings = result.warnings.join("\n");
    expect(warnings).toMatch(/pip \S+ is taken from this program: Blender's own, 23\.2\.1,/);
    expect(warnings).toContain("Windows keeps what a program has loaded: ");
    expect(await leftovers()).toContain("~umpy.libs");
    expect((await cli("pkg", "list")).stderr).not.toContain("~umpy");
    const { stdout: problems } = await box.cli(["pkg", "check", "--json"]);
    expect(JSON.parse(problems)).toMatchObject({ op: "check" });
    expect(problems).not.toContain("~umpy");
    expect((await cli("pkg", "clean")).stderr).toMatch(/keeps what a program has loaded: .*~umpy/);
  });

  test("where pip fails half-way, what it has done by then is told", async () => {
    const held = "import br_open; br_open.held = open(br_open.__file__[:-2] + 'txt')";
    await python(held);
    const again = ["pkg", "install", "br_open==2.0", ...offline];
    const result = await box.cli([...again, "--json"]);
    expect(result.code).toBe(1);
    expect(JSON.parse(result.stdout)).toMatchObject({
      code: "in-use",
      errors: [expect.stringMatching(/^Windows doesn't let go of C:\\[^\\].*br_open\.txt while/i)],
      changed: { added: [{ name: "br-new" }], removed: [] },
      hint: expect.stringContaining("start it again"),
    });
    await python("import br_open; br_open.held.close()");
    expect((await cli(...again)).stderr).toContain("upgraded br-open from 1.0 to 2.0");
  });

  test("a newer pip is left to it; and the leftovers go when Blender has ended", async () => {
    await cli("pkg", "bootstrap", "--upgrade");
    const result = await install("br_arrow");
    expect(result.warnings.join("\n")).not.toContain("is taken from this program");
    expect(await leftovers()).toContain("~umpy.libs");
    await cli("stop");
    await startConfigured(box);
    const gone = await json(box, ["pkg", "uninstall", "br_arrow", "--yes"]);
    expect(gone.warnings.join("\n")).toMatch(/removed .*~umpy, ~umpy\.libs/);
    expect(await leftovers()).toEqual([]);
    expect(await python("import numpy; print(numpy.__version__)")).toBe("2.1.3");
  });
});
