// `addon wheels`: the wheels of an extension, and that Blender takes the right ones of them.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { appendFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { takenWheels } from "../../src/wheels/extension-wheels.ts";
import { inBlender } from "../support/blender.ts";
import { extensionBlenders } from "../support/every-blender.ts";
import { type PackageIndex, packageIndex, type ServedWheel } from "../support/package-index.ts";
import { type CliResult, expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";

/** Nothing of this machine's own settings for pip counts. */
const plain = {
  PIP_CONFIG_FILE: "/dev/null",
  PIP_FIND_LINKS: undefined,
  PIP_INDEX_URL: undefined,
  PIP_EXTRA_INDEX_URL: undefined,
  PIP_CERT: undefined,
};

const built = (tag: string, version = "1.0"): ServedWheel => ({ name: "brbuilt", version, tag });
const offers: ServedWheel[] = [
  { name: "brapp", requires: ["brbuilt", "brstable", "numpy", 'brwin; sys_platform == "win32"'] },
  built("cp311-cp311-manylinux_2_28_x86_64"),
  built("cp313-cp313-manylinux_2_28_x86_64"),
  built("cp311-cp311-win_amd64"),
  built("cp313-cp313-win_amd64"),
  { name: "brstable", tag: "cp39-abi3-manylinux_2_17_x86_64" },
  { name: "brstable", tag: "cp39-abi3-win_amd64" },
  { name: "brwin" },
  { name: "numpy", version: "99.0" },
];

const manifest = `# An extension. wheels = ["no"]
schema_version = "1.0.0"
id = "br_ext"   # its name
version = "1.0.0"
name = "With wheels"
tagline = "Imports them"
maintainer = "Somebody"
type = "add-on"
blender_version_min = "4.2.0"
license = ["SPDX:GPL-3.0-or-later"]
platforms = ["linux-x64"]

[permissions]
files = "none really"
`;

const code = "import brapp, brbuilt, brstable\n\ndef register(): pass\ndef unregister(): pass\n";

const onLinux = [
  "brapp-1.0-py3-none-any.whl",
  "brbuilt-1.0-cp311-cp311-manylinux_2_28_x86_64.whl",
  "brbuilt-1.0-cp313-cp313-manylinux_2_28_x86_64.whl",
  "brstable-1.0-cp39-abi3-manylinux_2_17_x86_64.whl",
];

let box: Sandbox;
let index: PackageIndex;
beforeAll(async () => {
  box = await sandbox();
  index = packageIndex(offers);
});
afterAll(async () => {
  await box[Symbol.asyncDispose]();
  await index[Symbol.asyncDispose]();
});

async function extension(name: string, text = manifest): Promise<string> {
  const dir = join(box.dir, name);
  await mkdir(dir);
  await writeFile(join(dir, "blender_manifest.toml"), text);
  await writeFile(join(dir, "__init__.py"), code);
  await writeFile(
    join(dir, "pyproject.toml"),
    '[project]\nname = "x"\nversion = "1"\ndependencies = ["brapp"]\n',
  );
  return dir;
}

const wheels = (...words: string[]): Promise<CliResult> =>
  box.cli(["addon", "wheels", ...words, "-i", index.url], { env: plain });
const manifestOf = (dir: string) => readFile(join(dir, "blender_manifest.toml"), "utf8");
const wheelsIn = async (dir: string) => (await readdir(join(dir, "wheels"))).sort();
const listOf = (names: readonly string[]) =>
  ["wheels = [", ...names.map((name) => `  "./wheels/${name}",`), "]", ""].join("\n");

test("wheels come, the manifest lists them and is else as it was; again, and with fewer needs", async () => {
  const dir = await extension("ext");
  const done = expectSuccess(await wheels(dir));
  expect(done.stderr).toContain("left out, as Blender brings it: numpy 1.24.3, 1.26.4, 2.3.4");
  expect(await wheelsIn(dir)).toEqual(onLinux);
  const [head = "", tail = ""] = manifest.split("\n[permissions]");
  expect(await manifestOf(dir)).toBe(`${head}${listOf(onLinux)}\n[permissions]${tail}`);
  expect(expectSuccess(await wheels(dir)).stderr).toContain("0 wheels downloaded, 4 there already");
  expectSuccess(await wheels(dir, "--check"));

  await writeFile(join(dir, "wheels/mine-1.0-py3-none-any.whl"), "nobody's");
  const fewer = JSON.parse(expectSuccess(await wheels(dir, "brwin", "--json")).stdout);
  expect(fewer).toMatchObject({
    op: "wheels",
    wheels: [{ file: "brwin-1.0-py3-none-any.whl", status: "downloaded" }],
    removed: onLinux,
    unknown: ["mine-1.0-py3-none-any.whl"],
    manifest_changed: true,
  });
  const dry = expectSuccess(await wheels(dir, "numpy", "--dry-run"));
  expect(dry.stderr).toContain("would be removed: wheels/brwin-1.0-py3-none-any.whl");
  expectSuccess(await wheels(dir, "numpy"));
  expect(await manifestOf(dir)).toBe(manifest);
  expect(await wheelsIn(dir)).toEqual(["mine-1.0-py3-none-any.whl"]);
});

test("--check names each difference and changes nothing", async () => {
  const dir = await extension("checked");
  expectSuccess(await wheels(dir));
  const [app = "", first = "", second = ""] = onLinux;
  await rm(join(dir, "wheels", first));
  await appendFile(join(dir, "wheels", second), "more");
  await writeFile(join(dir, "wheels/mine-1.0-py3-none-any.whl"), "nobody's");
  const text = (await manifestOf(dir)).replace(app, "gone-1.0-py3-none-any.whl");
  await writeFile(join(dir, "blender_manifest.toml"), text);
  const failed = await wheels(dir, "--check");
  expect([failed.code, failed.stdout]).toEqual([
    1,
    `./wheels/brapp-1.0-py3-none-any.whl is needed, and the manifest doesn't list it
./wheels/${first} is needed, and isn't there
./wheels/${second} isn't the file that the index has
./wheels/gone-1.0-py3-none-any.whl is listed in the manifest, and isn't needed
./wheels/mine-1.0-py3-none-any.whl is there, and neither needed nor listed
`,
  ]);
  const json = JSON.parse((await wheels(dir, "--check", "--json")).stdout);
  expect(json).toMatchObject({ check: true, differences: { length: 5 } });
  expect(await manifestOf(dir)).toBe(text);
});

test("platforms and Blenders may be named; a platform without wheels is an error that helps", async () => {
  const dir = await extension("named");
  expectSuccess(await wheels(dir, "--platform", "windows-x64"));
  expect(await wheelsIn(dir)).toEqual([
    "brapp-1.0-py3-none-any.whl",
    "brbuilt-1.0-cp311-cp311-win_amd64.whl",
    "brbuilt-1.0-cp313-cp313-win_amd64.whl",
    "brstable-1.0-cp39-abi3-win_amd64.whl",
    "brwin-1.0-py3-none-any.whl",
  ]);
  expectSuccess(await wheels(dir, "--for", "blender-5.1-linux-x64"));
  expect(await wheelsIn(dir)).toEqual(onLinux.filter((name) => !name.includes("cp311")));
  const failed = await wheels(dir, "--platform", "windows-x64", "--platform", "macos-arm64");
  expect([failed.code, failed.stderr]).toEqual([
    1,
    expect.stringContaining('for windows-x64 there are wheels: platforms = ["windows-x64"]'),
  ]);
  expect(await wheelsIn(dir)).toHaveLength(3);
});

test("a lock is written, and followed without any choice", async () => {
  const dir = await extension("locked");
  const lock = join(dir, "pylock.toml");
  const { stderr } = expectSuccess(await wheels(dir, "--lock", lock));
  expect(stderr).toContain(`${lock}: written\n`);
  await using later = packageIndex([...offers, { name: "brapp", version: "2.0" }]);
  const words = ["addon", "wheels", dir, "-i", later.url, "--check"];
  expect((await box.cli(words, { env: plain })).stdout).toContain(
    "./wheels/brapp-2.0-py3-none-any.whl is needed, and the manifest doesn't list it",
  );
  const same = expectSuccess(await box.cli([...words, "--locked", "--json"], { env: plain }));
  const followed = { file: lock, status: "followed" };
  expect(JSON.parse(same.stdout)).toMatchObject({ lock: followed, differences: [] });
  const other = await wheels(dir, "--locked", "--for", "blender-4.2-macos-arm64");
  expect([other.code, other.stderr]).toEqual([
    1,
    expect.stringContaining("addon wheels --lock pylock.toml' in the extension's folder"),
  ]);
  await rm(join(dir, "wheels"), { recursive: true });
  const dry = expectSuccess(await wheels(dir, "--locked", "--dry-run", "--json"));
  const coming = { file: onLinux[0], index: expect.any(String), url: expect.any(String) };
  expect(JSON.parse(dry.stdout)).toMatchObject({ lock: followed, dry_run: true });
  expect(JSON.parse(dry.stdout).wheels[0]).toMatchObject(coming);
  expect(JSON.parse(expectSuccess(await wheels(dir, "--locked", "--json")).stdout)).toMatchObject({
    lock: followed,
  });
  await rm(join(dir, "wheels"), { recursive: true });
  expectSuccess(await wheels(dir, "--locked"));
  expect(await wheelsIn(dir)).toEqual(onLinux);
  await writeFile(
    join(dir, "pyproject.toml"),
    '[project]\nname = "x"\nversion = "1"\ndependencies = ["brapp>=2"]\n',
  );
  const failed = await wheels(dir, "--locked", "--check");
  expect([failed.code, failed.stderr]).toEqual([1, expect.stringContaining("asks for brapp>=2")]);
});

const answerSchema = v.object({
  fits: v.array(v.string()),
  skipped: v.array(v.string()),
  platform: v.string(),
  minor: v.number(),
  enabled: v.boolean(),
  files: v.record(v.string(), v.string()),
});

/** Names of which Blender takes some. */
const names = [
  ...["py3-none-any", "py2.py3-none-any", "py2-none-any", "py38-none-any", "py311-none-any"],
  ...["cp39-abi3-manylinux1_x86_64", "cp399-abi3-manylinux1_x86_64", "cp39-none-any"],
  ...["cp311-cp311-linux_x86_64", "cp313-cp313-linux_x86_64", "cp313-cp313t-linux_x86_64"],
  ...["cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64", "py3-none-manylinux1_i686"],
  ...["py3-none-musllinux_1_2_x86_64", "py3-none-win_amd64", "py3-none-macosx_11_0_universal2"],
  ...["cp311.pp39-none-any", "py38.py311.py313-none-any", "PY3-none-any", "py3-none-ANY"],
  ...["pp39-pypy39_pp73-manylinux1_x86_64", "cp3_9-none-any", "py-none-any"],
].map((tag, at) => `n${at}-1.0-${tag}.whl`);
const versions = ["1.0", "1.9", "1.10", "26", "2024.1", "1.9.1rc1", "1.9.1", "1!0.1"].flatMap(
  (version) => [`v-${version}-py3-none-any.whl`, `v-${version}-py2.py3-none-any.whl`],
);

/** Builds the extension and installs it, both with Blender's own tools. */
const inside = (dir: string, out: string) => `
import importlib, subprocess, bl_pkg
from bl_pkg.bl_extension_ops import _extensions_wheel_filter_for_this_system as fitting
from _bpy_internal.extensions.wheel_manager import wheel_list_deduplicate_as_skip_set as surplus
cli = os.path.join(os.path.dirname(bl_pkg.__file__), "cli", "blender_ext.py")
words = ["build", "--source-dir", ${JSON.stringify(dir)}, "--output-dir", ${JSON.stringify(out)}]
subprocess.run([sys.executable, cli, *words], check=True)
bpy.ops.extensions.package_install_files(
    repo="user_default", filepath=${JSON.stringify(join(out, "br_ext-1.0.0.zip"))}, enable_on_install=True)
versions = ${JSON.stringify(versions)}
skipped = [sorted(surplus([("x", pair)]))[0] for pair in
    ([one, other] for one in versions for other in versions if one < other)]
result = {
    "fits": fitting(${JSON.stringify(names)}),
    "skipped": skipped,
    "platform": bl_pkg.bl_extension_utils.platform_from_this_system(),
    "minor": sys.version_info.minor,
    "enabled": addon_utils.check("bl_ext.user_default.br_ext")[1],
    "files": {name: importlib.import_module(name).__file__ for name in ("brapp", "brbuilt", "brstable")},
}`;

describe.each(extensionBlenders)("%s", (_name, launcher) => {
  test("takes the wheels that are expected, and imports those of the extension", async () => {
    await using own = await sandbox();
    const dir = await extension(`for ${crypto.randomUUID()}`);
    expectSuccess(await wheels(dir));
    const said = v.parse(answerSchema, await inBlender(own, launcher, inside(dir, own.dir)));
    const place = { platform: said.platform, minor: said.minor };
    expect([...takenWheels(names, place).values()].sort()).toEqual(said.fits.sort());
    const pairs = versions.flatMap((one) =>
      versions.flatMap((other) => (one < other ? [[one, other]] : [])),
    );
    const skipped = pairs.map((pair) => {
      const taken = takenWheels(pair, place).get("v");
      return pair.find((one) => one !== taken) ?? "";
    });
    expect(skipped).toEqual(said.skipped);
    expect(said.enabled).toBe(true);
    for (const path of Object.values(said.files)) expect(path).toContain("/extensions/.local/");
  });
});

describe("refused before anything is asked or changed:", () => {
  test.each<[string, string[], RegExp]>([
    [
      "a folder without a manifest",
      ["."],
      /error: can't read .*blender_manifest\.toml: .*\nhint: name the folder of an extension/s,
    ],
    [
      "another platform",
      ["ext", "--platform", "amiga"],
      /error: --platform is 'amiga'\nhint: official Blenders are for windows-x64, /,
    ],
    [
      "--for and --platform",
      ["ext", "--platform", "linux-x64", "--for", "blender-4.2-linux-x64"],
      /leave out --platform/,
    ],
    ["an odd version of macOS", ["ext", "--macos", "big sur"], /error: --macos is 'big sur'/],
    ["Blender itself", ["ext", "bpy"], /error: bpy is Blender itself/],
  ])("%s", async (_what, words, says) => {
    const failed = await wheels(...words);
    expect(failed.code).toBe(2);
    expect(failed.stderr).toMatch(says);
  });

  test("nothing that says what is needed, and Blenders that nobody knows", async () => {
    const dir = await extension("nothing", manifest.replace("4.2.0", "9.1.0"));
    expect((await wheels(dir)).stderr).toContain(
      "error: no official Blender that is known is meant: blender_version_min 9.1.0, platforms linux-x64",
    );
    await rm(join(dir, "pyproject.toml"));
    const failed = await wheels(dir);
    expect([failed.code, failed.stderr]).toEqual([
      2,
      expect.stringContaining("it has no pyproject.toml"),
    ]);
  });
});
