// `addon install`: sources of every kind, updates, and archives that would do harm.

import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, readlink, symlink, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { unzipSync } from "fflate";
import { extensionFiles, legacyText, writeFiles, writeZip } from "../support/addon-sources.ts";
import { configured, enabledIn, listed } from "../support/addons.ts";
import { inBlender, launcherOf } from "../support/blender.ts";
import { everyBlender, withExtensions } from "../support/every-blender.ts";
import { entries } from "../support/folders.ts";
import { expectFailure, json } from "../support/outcome.ts";
import { executable, expectSuccess, sandbox } from "../support/sandbox.ts";
import { wheelBytes } from "../support/wheels.ts";
import { zip } from "../support/zip.ts";

const withoutCaches = (names: string[]) => names.filter((name) => name !== "__pycache__");

async function filesBelow(folder: string): Promise<string[]> {
  if (!existsSync(folder)) return [];
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  return found
    .filter((one) => !one.isDirectory() && !one.parentPath.includes("__pycache__"))
    .map((one) => relative(folder, join(one.parentPath, one.name)))
    .sort();
}

describe.each(everyBlender)("%s", (_, launcher) => {
  test("sources as people have them, in one start", async () => {
    await using box = await sandbox();
    const { addons } = await configured(box, launcher);
    const text = (title: string) => legacyText({ title, top: "from . import part" });
    await writeZip(box, "packed.zip", {
      "packed/__init__.py": text("Packed"),
      "packed/part.py": "",
    });
    await writeZip(box, "flat.zip", { "__init__.py": text("Flat"), "part.py": "" });
    await writeZip(box, "gh.zip", {
      "my-addon-main/README.md": "",
      "my-addon-main/src/my_tool/__init__.py": text("Tool"),
      "my-addon-main/src/my_tool/part.py": "",
    });
    await writeZip(box, "dash.zip", {
      "neat-addon-1.2/__init__.py": text("Neat"),
      "neat-addon-1.2/part.py": "",
      "__MACOSX/neat-addon-1.2/._part.py": "",
    });
    await writeFiles(box, "folder", {
      "__init__.py": text("Folder"),
      "part.py": "",
      ".git/config": "",
    });
    await writeFiles(box, ".", { "lone.py": legacyText() });
    const sources = ["packed.zip", "flat.zip", "gh.zip", "dash.zip", "folder", "./lone.py"];
    const done: { module_name: string }[] = await json(box, [
      ...["addon", "install", ...sources, "--enable"],
    ]);
    const names = ["packed", "flat", "my_tool", "neat_addon", "folder", "lone"];
    expect(done.map((one) => one.module_name)).toEqual(names);
    expect(done[0]).toEqual({
      op: "install",
      source: join(box.dir, "packed.zip"),
      module_name: "packed",
      version: "1.0",
      installed_path: join(addons, "packed"),
      enabled: true,
      loaded: true,
      kind: "legacy",
      files_installed: 2,
      replaced_version: null,
      running: [],
      reloaded: null,
      warnings: [],
      errors: [],
    } as never);
    expect(done[3]).toMatchObject({ warnings: [expect.stringContaining("neat_addon")] } as never);
    expect(await enabledIn(box, launcher, ...names)).toEqual(names);
    expect(withoutCaches(await entries(addons))).toEqual(
      ["flat", "folder", "lone.py", "my_tool", "neat_addon", "packed"].toSorted(),
    );
  });

  test("an update is whole, or what was there before is back", async () => {
    await using box = await sandbox();
    const { addons } = await configured(box, launcher);
    const old = { "tool/__init__.py": legacyText(), "tool/stale.py": "", "tool/data/x.txt": "1" };
    await writeZip(box, "old.zip", old);
    const version = "(2, 0)";
    await writeZip(box, "new.zip", {
      "tool/__init__.py": legacyText({ version }),
      "tool/n.py": "",
    });
    const register = 'raise ValueError("an update that fails")';
    await writeZip(box, "bad.zip", { "tool/__init__.py": legacyText({ version, register }) });
    await writeZip(box, "ends.zip", {
      "tool/__init__.py": legacyText({ version, register: "os._exit(0)" }),
    });

    // Without --enable it isn't enabled.
    await json(box, ["addon", "install", "old.zip"]);
    expect((await listed(box))["tool"]).toMatchObject({ version: "1.0", enabled: false });
    const before = await filesBelow(join(addons, "tool"));
    await json(box, ["addon", "enable", "tool"]);

    const fails: [string, string][] = [
      ["bad.zip", "an update that fails"],
      ["ends.zip", "ended Blender"],
    ];
    for (const [file, said] of fails) {
      const result = await box.cli(["addon", "install", file, "--json"]);
      const value = JSON.parse(result.stdout);
      expect([result.code, value.installed_path, value.files_installed]).toEqual([1, null, 0]);
      expect(value.errors[0]).toContain(said);
      expect(value.error.message).toContain("what was installed before is unchanged");
      expect(await filesBelow(join(addons, "tool"))).toEqual(before);
      expect((await listed(box))["tool"]).toMatchObject({ version: "1.0", enabled: true });
    }
    const kept = { code: "already-installed", exit: 1, says: join(addons, "tool") };
    await expectFailure(box, ["addon", "install", "new.zip", "--no-overwrite"], kept);

    // It was enabled and stays so; files that the new one doesn't have are gone.
    expect(await json(box, ["addon", "install", "new.zip"])).toMatchObject({
      enabled: true,
      replaced_version: "1.0",
      warnings: [],
    });
    const title = "Something else";
    await writeZip(box, "other.zip", { "tool/__init__.py": legacyText({ version, title }) });
    const other = await json(box, ["addon", "install", "other.zip", "--check"]);
    expect(other).toMatchObject({
      replaced_version: "2.0",
      warnings: [expect.stringContaining("another add-on, 'A test' 2.0")],
    });
    expect(await filesBelow(join(addons, "tool"))).toEqual(["__init__.py", "n.py"]);
    expect((await listed(box))["tool"]).toMatchObject({ version: "2.0", loaded: true });

    // A fresh one that can't be enabled leaves nothing.
    await json(box, ["addon", "uninstall", "tool"]);
    const failed = { code: "enable-failed", exit: 1, says: "nothing is installed" };
    await expectFailure(box, ["addon", "install", "bad.zip", "--enable"], failed);
    expect(withoutCaches(await entries(addons))).toEqual([]);
    expect(await listed(box)).toEqual({});
  });
});

describe.each(withExtensions)("%s", (_, launcher) => {
  test("an extension with a wheel: enabled, updated, and gone with its wheel", async () => {
    await using box = await sandbox();
    const { extensions } = await configured(box, launcher);
    const init = "import tiny_for_tests\ndef register(): pass\ndef unregister(): pass\n";
    const wheel = "wheels/tiny_for_tests-1.0-py3-none-any.whl";
    const more = `wheels = ["./${wheel}"]`;
    await writeZip(box, "ext.zip", {
      ...extensionFiles("ext", { init, more }),
      [wheel]: wheelBytes({ name: "tiny_for_tests" }),
    });
    const full = "bl_ext.user_default.ext";
    const place = join(String(extensions), "user_default", "ext");
    expect(await json(box, ["addon", "install", "ext.zip", "--enable"])).toMatchObject({
      module_name: full,
      installed_path: place,
      kind: "extension",
      enabled: true,
      errors: [],
    });
    expect(await enabledIn(box, launcher, full)).toEqual([full]);
    const where = "import tiny_for_tests\nresult = tiny_for_tests.__file__";
    expect(await inBlender(box, launcher, where)).toContain(join(String(extensions), ".local"));

    const elsewhere = extensionFiles("ext", { more: 'platforms = ["windows-arm64"]' });
    await writeZip(box, "elsewhere.zip", elsewhere);
    const platform = { code: "incompatible", exit: 1, says: "it is for windows-arm64" };
    await expectFailure(box, ["addon", "install", "elsewhere.zip"], platform);

    await writeZip(box, "new.zip", extensionFiles("ext", { version: "2.0.0" }));
    await json(box, ["addon", "install", "new.zip"]);
    expect((await listed(box))[full]).toMatchObject({ version: "2.0.0", enabled: true });
    expect(await filesBelow(place)).toEqual(["__init__.py", "blender_manifest.toml"]);

    // The same as a legacy add-on.
    await writeFiles(box, ".", { "ext.py": legacyText() });
    const both = await json(box, ["addon", "install", "ext.py"]);
    expect(both.warnings).toEqual([expect.stringContaining(full)]);
    await json(box, ["addon", "uninstall", "ext"]);

    await json(box, ["addon", "install", "ext.zip", "--enable"]);
    await json(box, ["addon", "uninstall", full]);
    expect(existsSync(place)).toBeFalse();
    const find =
      "import importlib.util\nresult = importlib.util.find_spec('tiny_for_tests') is None";
    expect(await inBlender(box, launcher, find)).toBeTrue();
  });

  test("wheels that hide other packages, or are hidden: said before and while they come", async () => {
    await using box = await sandbox();
    const { addons } = await configured(box, launcher);
    const scripts = dirname(addons);
    /** Where user modules are, and where what is there comes before all else. */
    const [after, before] = [join(addons, "modules"), join(scripts, "modules")];
    const unpacked = (folder: string, name: string, version: string) =>
      writeFiles(box, relative(box.dir, folder), unzipSync(wheelBytes({ name, version })));
    await unpacked(after, "hidden_for_tests", "1.0");
    await unpacked(after, "same_for_tests", "2.0");
    await unpacked(before, "first_for_tests", "1.0");
    const brings = async (id: string, wheels: readonly [name: string, version: string][]) => {
      const names = wheels.map(([name, version]) => `wheels/${name}-${version}-py3-none-any.whl`);
      const more = `wheels = [${names.map((name) => `"./${name}"`).join(", ")}]`;
      await writeZip(box, `${id}.zip`, {
        ...extensionFiles(id, { more }),
        ...Object.fromEntries(
          wheels.map(([name, version], at) => [names[at] ?? "", wheelBytes({ name, version })]),
        ),
      });
    };
    /** Which of these Python finds first among the extensions' wheels; null where it finds none. */
    const inWheels = (...names: string[]) => {
      const found = `[importlib.machinery.PathFinder.find_spec(name) for name in ${JSON.stringify(names)}]`;
      const there = `[spec and ".local" in spec.origin for spec in ${found}]`;
      return inBlender(box, launcher, `import importlib.machinery\nresult = ${there}`);
    };
    const [numpy] = (await inWheels("numpy")) as (boolean | null)[];
    await brings("ext", [
      ["numpy", "9.9.9"],
      ["hidden_for_tests", "2.0"],
      ["same_for_tests", "2.0"],
      ["first_for_tests", "2.0"],
      ["new_for_tests", "2.0"],
    ]);
    const who = "which Blender itself uses: Blender's own modules may break";
    const own = [
      // Debian's Blender has none.
      ...(numpy === null ? [] : [expect.stringMatching(new RegExp(`before [0-9.]+, ${who}$`))]),
      `hidden-for-tests 2.0 of this extension hides hidden-for-tests 1.0 in ${after}`,
      `first-for-tests 2.0 of this extension is hidden by 1.0 in ${before}`,
    ];
    const checked = await json(box, ["addon", "install", "ext.zip", "--check", "--enable"]);
    expect(checked.warnings).toEqual(own);
    const later = await json(box, ["addon", "install", "ext.zip"]);
    const notYet = own.map(() =>
      expect.stringMatching(/^once it is enabled: .* of this extension /),
    );
    expect(later.warnings).toEqual(notYet);
    const enabled = await json(box, ["addon", "enable", "ext"]);
    expect(enabled).toMatchObject({ enabled: true, warnings: own });
    // It is as it was said.
    const names = ["numpy", "hidden_for_tests", "same_for_tests", "first_for_tests"];
    expect(await inWheels(...names)).toEqual([true, true, true, false]);

    // Blender has now made the folder of the wheels, and has one copy in it for all extensions.
    await brings("other", [["new_for_tests", "1.0"]]);
    const less = await json(box, ["addon", "install", "other.zip", "--enable"]);
    expect(less.warnings).toEqual([
      "new-for-tests 1.0 of this extension isn't used: bl_ext.user_default.ext brings 2.0, and Blender has one copy for all extensions",
    ]);
    const version = "import new_for_tests\nresult = new_for_tests.__version__";
    expect(await inBlender(box, launcher, version)).toBe("2.0");
    const again = await box.cli(["addon", "install", "ext.zip"]);
    expect(expectSuccess(again).stderr).toContain(
      "new-for-tests 2.0 of this extension takes the place of 1.0, which bl_ext.user_default.other brings",
    );
  });

  test("an extension for a newer Blender, and one that can't be enabled, leave nothing", async () => {
    await using box = await sandbox();
    const { extensions } = await configured(box, launcher);
    await writeFiles(box, "newer", extensionFiles("newer", { oldest: "9.9.0" }));
    const init = 'def register(): raise ValueError("no")\ndef unregister(): pass\n';
    await writeFiles(box, "fails", extensionFiles("fails", { init }));
    const needs = { code: "incompatible", exit: 1, says: "9.9.0" };
    await expectFailure(box, ["addon", "install", "newer"], needs);
    const failed = { code: "enable-failed", exit: 1, says: "ValueError: no" };
    await expectFailure(box, ["addon", "install", "fails", "-e"], failed);
    expect(await entries(join(String(extensions), "user_default"))).toEqual([]);
    expect(await listed(box)).toEqual({});
  });
});

test("an extension on a Blender that has none", async () => {
  await using box = await sandbox();
  await configured(box, await launcherOf("debian"));
  await writeFiles(box, "ext", extensionFiles("ext"));
  const none = { code: "no-extensions", exit: 1, says: "3.4.1 has none" };
  await expectFailure(box, ["addon", "install", "ext"], none);
  // One that is a legacy add-on as well.
  const init = legacyText();
  await writeFiles(box, "both", { ...extensionFiles("both"), "__init__.py": init });
  expect(await json(box, ["addon", "install", "both", "-e"])).toMatchObject({
    module_name: "both",
    kind: "legacy",
    enabled: true,
  });
});

test("--check says what would be done, and does nothing", async () => {
  await using box = await sandbox();
  const { addons } = await configured(box, await launcherOf("debian"));
  await writeFiles(box, "tool-main", { "__init__.py": legacyText({ blender: "(9, 0, 0)" }) });
  const checked = await json(box, ["addon", "install", "tool-main", "-e", "--check"]);
  expect(checked).toMatchObject({
    module_name: "tool",
    installed_path: join(addons, "tool"),
    enabled: true,
    files_installed: 0,
    check: true,
    files: 1,
  });
  expect(checked.warnings.join()).toContain("9.0.0");
  expect(existsSync(addons)).toBeFalse();
  expect(await listed(box)).toEqual({});
});

test("names that Python or Blender has already, and a name of one's own", async () => {
  await using box = await sandbox();
  const { addons } = await configured(box, await launcherOf("debian"));
  await writeFiles(box, ".", {
    "json.py": legacyText(),
    "io_mesh_stl.py": legacyText(),
    "bpy.py": legacyText(),
  });
  for (const name of ["json", "io_mesh_stl", "bpy"]) {
    await expectFailure(box, ["addon", "install", `${name}.py`, "-e"], {
      code: "name-taken",
      exit: 1,
      says: name,
    });
  }
  expect(withoutCaches(await entries(addons))).toEqual([]);
  const done = await json(box, ["addon", "install", "json.py", "-e", "--name", "my_json"]);
  expect(done).toMatchObject({ module_name: "my_json", enabled: true });
  const usage = { code: "name-for-several", exit: 2, says: "2" };
  await expectFailure(box, ["addon", "install", "a.py", "b.py", "--name", "x"], usage);
});

test("a developer's link is replaced, and what it points to stays", async () => {
  await using box = await sandbox();
  const { addons } = await configured(box, await launcherOf("debian"));
  const work = await writeFiles(box, "work", { "__init__.py": legacyText(), "mine.txt": "mine" });
  await mkdir(addons, { recursive: true });
  await symlink(work, join(addons, "tool"));
  await writeZip(box, "tool.zip", { "tool/__init__.py": legacyText({ version: "(2, 0)" }) });
  await json(box, ["addon", "install", "tool.zip", "-e"]);
  expect(await filesBelow(work)).toEqual(["__init__.py", "mine.txt"]);
  expect(await readlink(join(addons, "tool")).catch(() => "no link")).toBe("no link");
  expect((await listed(box))["tool"]).toMatchObject({ version: "2.0" });
});

test("archives that would do harm are refused before anything is written", async () => {
  await using box = await sandbox();
  const { addons } = await configured(box, await launcherOf("debian"));
  const init = { name: "tool/__init__.py", data: legacyText() };
  const link = { name: "tool/link", data: "../../..", mode: 0o120777, stored: true };
  const many = Array.from({ length: 70_000 }, (_, n) => ({ name: `tool/${n}`, stored: true }));
  const bad: Record<string, [data: Uint8Array, code: string, says: string]> = {
    parent: [zip([init, { name: "../evil.py", data: "evil" }]), "unsafe-source", "../evil.py"],
    root: [zip([init, { name: "/abs/evil.py", data: "evil" }]), "unsafe-source", "/abs/evil.py"],
    drive: [zip([init, { name: "C:\\x\\evil.py", data: "evil" }]), "unsafe-source", "evil.py"],
    windows: [
      zip([init, { name: "tool\\..\\..\\evil.py", data: "evil" }]),
      "unsafe-source",
      "evil.py",
    ],
    link: [zip([init, link]), "unsafe-source", "tool/link"],
    bomb: [
      zip([init, { name: "tool/zeros", data: new Uint8Array(600_000_000) }]),
      "zip-bomb",
      "572 MiB",
    ],
    liar: [
      zip([init, { name: "tool/zeros", data: new Uint8Array(50_000_000), size: 10 }]),
      "broken-archive",
      "tool/zeros",
    ],
    encrypted: [zip([{ ...init, flags: 0x801 }]), "encrypted-archive", "tool/__init__.py"],
    many: [zip([init, ...many]), "broken-archive", "more entries"],
    truncated: [
      zip([init, { name: "tool/x", data: "x".repeat(5000) }]).subarray(0, -100),
      "broken-archive",
      "truncated.zip",
    ],
    text: [new TextEncoder().encode("not a zip"), "not-a-zip", "text.zip"],
    nothing: [new Uint8Array(), "not-a-zip", "nothing.zip"],
  };
  const before = await filesBelow(String(box.env["HOME"]));
  for (const [name, [data, code, says]] of Object.entries(bad)) {
    await writeFile(join(box.dir, `${name}.zip`), data);
    const result = await box.cli(["addon", "install", `${name}.zip`, "--enable", "--json"]);
    const value = JSON.parse(result.stdout);
    expect([name, value.error.code, value.installed_path]).toEqual([name, code, null]);
    expect(value.errors[0]).toContain(says);
    expect(result.code).toBe(1);
  }
  expect(existsSync(join(addons, "tool"))).toBeFalse();
  // One that is only found out while it is unpacked may have begun a folder, and the lock.
  const own = (path: string) => path.endsWith(".blender-remote-cli.lock");
  const after = await filesBelow(String(box.env["HOME"]));
  expect(after.filter((path) => !own(path))).toEqual(before);
  expect((await filesBelow(box.dir)).filter((path) => path.endsWith("evil.py"))).toEqual([]);
  expect(existsSync("/abs")).toBeFalse();
  // Of several, the good ones are installed.
  await writeZip(box, "good.zip", { "good\\__init__.py": legacyText(), "good\\a\\b.txt": "" });
  const mixed = await box.cli(["addon", "install", "parent.zip", "good.zip", "no.zip", "--json"]);
  expect(mixed.code).toBe(1);
  expect(JSON.parse(mixed.stdout)).toMatchObject([
    { errors: [expect.stringContaining("evil.py")] },
    { module_name: "good", errors: [], warnings: [expect.stringContaining("Windows")] },
    { errors: [expect.stringContaining("no.zip")] },
  ]);
  expect(existsSync(join(addons, "good/a/b.txt"))).toBeTrue();
});

test("nothing that is ambiguous or no add-on is installed", async () => {
  await using box = await sandbox();
  await configured(box, await launcherOf("debian"));
  await writeZip(box, "two.zip", { "a/__init__.py": legacyText(), "b/__init__.py": legacyText() });
  await writeZip(box, "none.zip", { "readme.txt": "" });
  const two = { code: "ambiguous-source", exit: 1, says: "a/" };
  expect(await expectFailure(box, ["addon", "install", "two.zip"], two)).toContain("b/");
  const none = { code: "no-addon-in-source", exit: 1, says: "readme.txt" };
  await expectFailure(box, ["addon", "install", "none.zip"], none);
  // Not the current folder.
  const empty = { code: "missing-path", exit: 2, says: "empty" };
  await expectFailure(box, ["addon", "install", ""], empty);
  const absent = { code: "missing-path", exit: 2, says: join(box.dir, "absent.zip") };
  await expectFailure(box, ["addon", "install", "absent.zip"], absent);
  expect(await json(box, ["addon", "install", "two.zip", "--name", "b"])).toMatchObject({
    module_name: "b",
  });
});

test("a release pipeline: zip, install and enable in a clean Blender, fail when it doesn't register", async () => {
  await using box = await sandbox();
  const launcher = await launcherOf("debian");
  await writeFiles(box, "release/my_addon", {
    "__init__.py": legacyText({ version: "(1, 4, 2)" }),
  });
  // The example of the README, with this test's Blender and executable.
  const readme = await readFile(join(import.meta.dir, "../../README.md"), "utf8");
  const example = /<!-- pipeline -->\s*```sh\n(.*?)```/s.exec(readme)?.[1];
  if (example === undefined) throw new Error("the README has no pipeline example");
  const script = example
    .replaceAll("/opt/blender/blender", launcher)
    .replaceAll("blender-remote-cli", executable);
  const run = async () => {
    const child = Bun.spawn(["sh", "-ec", script], {
      cwd: join(box.dir, "release"),
      env: box.env,
      stdout: "pipe",
      stderr: "pipe",
    });
    return [await child.exited, await child.stdout.text(), await child.stderr.text()] as const;
  };
  const [code, stdout, stderr] = await run();
  expect([code, stderr]).toEqual([0, expect.anything()]);
  expect(JSON.parse(stdout)).toMatchObject({ module_name: "my_addon", enabled: true });
  await writeFiles(box, "release/my_addon", {
    "__init__.py": legacyText({ register: 'raise RuntimeError("broken release")' }),
  });
  const [failing, output] = await run();
  expect(failing).toBe(1);
  expect(output).toContain("broken release");
  expectSuccess(await box.cli(["init", launcher]));
  expect(await listed(box)).toEqual({});
});
