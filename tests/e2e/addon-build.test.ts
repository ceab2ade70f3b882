// `addon build`: the archives that Blender's own 'extension build' makes, and what it refuses.

import { expect, test } from "bun:test";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { checkManifest } from "../../src/local/extension/manifest-rules.ts";
import { pathMatcher } from "../../src/local/extension/path-patterns.ts";
import { configured, listed } from "../support/addons.ts";
import { inBlender, launcherOf } from "../support/blender.ts";
import { extensionBlenders } from "../support/every-blender.ts";
import {
  goodManifest,
  idleCode,
  type MadeFile,
  oddFields,
  oddToml,
  tomlOf,
  writeFiles,
} from "../support/extensions.ts";
import { expectFailure, json } from "../support/outcome.ts";
import { expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { wheelBytes } from "../support/wheels.ts";

const support = join(import.meta.dir, "../support");
const answersSchema = v.object({
  runs: v.array(v.object({ code: v.union([v.number(), v.string()]), said: v.string() })),
  manifests: v.array(v.array(v.string())),
  patterns: v.array(v.nullable(v.array(v.boolean()))),
  archives: v.array(v.nullable(v.array(v.tuple([v.string(), v.number(), v.string()])))),
  installed: v.record(
    v.string(),
    v.object({ enabled: v.array(v.string()), said: v.array(v.string()) }),
  ),
});

interface Jobs {
  runs: [args: string[], folder: string][];
  manifests: string[];
  patterns: [string[], string[]][];
  archives: string[];
  /** Zips that Blender's own installer is to take. */
  installed: string[];
}

/** Has a Blender do all of it in one start. */
async function blendersOwn(box: Sandbox, launcher: string, jobs: Jobs) {
  const path = join(box.dir, "jobs.json");
  await writeFile(path, JSON.stringify(jobs));
  const code = `sys.path.insert(0, ${JSON.stringify(support)})
import blenders_own_builder, blenders_own_installer
jobs = json.load(open(${JSON.stringify(path)}))
result = blenders_own_builder.answers(jobs)
result["installed"] = blenders_own_installer.outcomes(jobs["installed"])`;
  return v.parse(answersSchema, await inBlender(box, launcher, code));
}

interface Example {
  files: Record<string, MadeFile>;
  args?: string[];
  /** The archives that it makes. */
  archives: string[];
  /** What only Blender before 5.0 packs. */
  oldOnly?: string[];
  warns?: string;
}

const manifest = (fields: Record<string, unknown> = {}, more = "") =>
  tomlOf({ ...goodManifest, ...fields }) + more;
const sha256 = (bytes: Uint8Array) => new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
const usual = "my_ext-1.2.3-beta.1+b2.zip";

const wheelNames = {
  everywhere: "everywhere-1.0-py3-none-any.whl",
  windows: "special-1.0-py3-none-win_amd64.whl",
  linux: "special-1.0-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
  mac: "special-1.0-py3-none-macosx_10_9_universal2.whl",
};
const wheelFiles = Object.fromEntries(
  Object.values(wheelNames).map((name) => {
    const [module = "", , ...tag] = name.slice(0, -4).split("-");
    return [`wheels/${name}`, wheelBytes({ name: module, tag: tag.join("-") })];
  }),
);
const allWheels = Object.values(wheelNames).map((name) => `./wheels/${name}`);
const platforms = ["windows-x64", "linux-x64", "macos-x64", "macos-arm64"];

/** Files of all kinds, wanted and unwanted. */
const clutter: Record<string, MadeFile> = {
  "__init__.py": idleCode,
  "sub/__init__.py": "x = 1\n",
  "sub/__pycache__/__init__.cpython-311.pyc": "cached",
  "__pycache__/__init__.cpython-311.pyc": "cached",
  "sub/data.zip": "not at the top",
  "older-1.0.0.zip": "at the top",
  "scene.blend": "blend",
  "scene.blend1": "backup",
  ".git/config": "[core]",
  ".env": "SECRET=1",
  "sub/.hidden/file": "hidden",
  "größe/日本語.txt": "unicode",
  "tool.sh": { run: "#!/bin/sh\n" },
  "link.py": { link: "sub/__init__.py" },
  linked: { link: "sub" },
  "tests/test_it.py": "assert True\n",
  "tests/keep.py": "assert True\n",
  "docs/guide.md": "# Guide\n",
  "noise.bin": new Uint8Array(700_000).map((_, at) => (at * at) % 251),
};

const examples: Record<string, Example> = {
  "without [build]": {
    files: { ...clutter, "blender_manifest.toml": manifest() },
    archives: [usual],
    oldOnly: ["scene.blend1"],
    warns: "since they are links",
  },
  "with wheels, of which one lies there unnamed": {
    files: {
      ...clutter,
      ...wheelFiles,
      "blender_manifest.toml": manifest({ wheels: [`./wheels//${wheelNames.everywhere}`] }),
    },
    archives: [usual],
    oldOnly: ["scene.blend1"],
    warns: "Blender won't install",
  },
  "patterns, after which .git and .env are packed": {
    files: {
      ...clutter,
      ...wheelFiles,
      "blender_manifest.toml": manifest(
        { wheels: allWheels },
        '[build]\npaths_exclude_pattern = ["/*.zip", "tests/t*", "!keep.py", "*.whl", "doc?/", "wheels/"]\n',
      ),
    },
    archives: [usual],
    warns: '".env", ".git/" (1 file)',
  },
  "an empty [build]": {
    files: { ...clutter, "blender_manifest.toml": manifest({}, "[build]\npaths = []\n") },
    archives: [usual],
    warns: "__pycache__",
  },
  paths: {
    files: {
      ...clutter,
      ...wheelFiles,
      "blender_manifest.toml": manifest(
        { wheels: allWheels.slice(0, 1) },
        '[build]\npaths = ["./__init__.py", "sub//data.zip", ".env", "docs", "link.py"]\n',
      ),
    },
    archives: [usual],
    warns: "packed empty",
  },
  "an archive for each platform": {
    files: {
      ...clutter,
      ...wheelFiles,
      "blender_manifest.toml": manifest({ wheels: allWheels, platforms }).trimEnd(),
    },
    args: ["--split-platforms"],
    archives: platforms.map((one) => usual.replace(".zip", `-${one.replace("-", "_")}.zip`)),
    oldOnly: ["scene.blend1"],
  },
  "an archive for each platform, under a name of one's own": {
    files: {
      "__init__.py": idleCode,
      "blender_manifest.toml": manifest({ platforms: ["linux-x64"] }, "[build]\n"),
    },
    args: ["--split-platforms", "--output-filepath", "mine.v1.zip"],
    archives: ["mine.v1-linux_x64.zip"],
  },
  "a theme": {
    files: {
      "theme.xml": "<bpy/>",
      "blender_manifest.toml": manifest({ type: "theme", tags: ["Dark"] }),
    },
    archives: [usual],
  },
};

/** What Blender refuses to build, and how we say why. */
const refused: Record<string, { files: Record<string, MadeFile>; args?: string[]; says: string }> =
  {
    "faulty fields": {
      files: {
        "__init__.py": "",
        "blender_manifest.toml": manifest({ id: "a-b", tagline: "No." }),
      },
      says: 'blender_manifest.toml:2:1: id is "a-b"',
    },
    "a tag of one's own": {
      files: { "__init__.py": "", "blender_manifest.toml": manifest({ tags: ["Mesh", "Mine"] }) },
      says: 'blender_manifest.toml:10:16: tags has "Mine"',
    },
    "[build.generated]": {
      files: {
        "__init__.py": "",
        "blender_manifest.toml": manifest({}, "[build.generated]\nwheels = []\n"),
      },
      says: "build.generated",
    },
    "paths and patterns": {
      files: {
        "__init__.py": "",
        "blender_manifest.toml": manifest(
          {},
          '[build]\npaths = ["__init__.py"]\npaths_exclude_pattern = ["x"]\n',
        ),
      },
      says: "only one of them",
    },
    "paths that lead out": {
      files: {
        "__init__.py": "",
        "blender_manifest.toml": manifest({}, '[build]\npaths = ["__init__.py", "../x"]\n'),
      },
      says: 'build.paths.1 is "../x"',
    },
    "paths twice": {
      files: {
        "__init__.py": "",
        "blender_manifest.toml": manifest(
          {},
          '[build]\npaths = ["__init__.py", "./__INIT__.py"]\n',
        ),
      },
      says: "twice",
    },
    "a wheel that isn't there": {
      files: {
        "__init__.py": "",
        "blender_manifest.toml": manifest({ wheels: ["./a-1-py3-none-any.whl"] }),
      },
      says: "isn't there",
    },
    "platforms that aren't named": {
      files: { "__init__.py": "", "blender_manifest.toml": manifest() },
      args: ["--split-platforms"],
      says: "platforms is missing",
    },
    "no TOML": {
      files: { "__init__.py": "", "blender_manifest.toml": manifest({}, "x = \n") },
      says: "blender_manifest.toml:10:4",
    },
  };

/** Builds a legacy add-on into the sandbox's folder. */
async function legacyZip(box: Sandbox): Promise<void> {
  const source = join(box.dir, "src", "legacy-addon-main");
  const code = `bl_info = {"name": "L", "blender": (3, 3, 0)}\n${idleCode}`;
  await writeFiles(source, { ...clutter, "__init__.py": code });
  const done = expectSuccess(await box.cli(["addon", "build", source]));
  expect(done.stderr).toContain("packed as legacy_addon");
}

/** Manifests with one odd field, and with several. */
const manifests = [
  ...oddFields.map(([field, value]) => tomlOf({ ...goodManifest, [field]: value })),
  ...oddFields.map((_, index) => {
    const some = [index, index * 7 + 3, index * 31 + 11].map(
      (at) => oddFields[at % oddFields.length],
    );
    return tomlOf({
      ...goodManifest,
      ...Object.fromEntries(some.flatMap((one) => (one ? [one] : []))),
    });
  }),
  ...Object.keys(goodManifest).map((field) => tomlOf({ ...goodManifest, [field]: undefined })),
  ...oddToml.map((text) => `${tomlOf(goodManifest)}${text}\n`),
  ...oddToml.map((text) => `${text}\n${tomlOf(goodManifest)}`),
  "",
];

/** The fields that we find at fault. */
function faultyFields(text: string): string[] {
  const checked = checkManifest(new TextEncoder().encode(text));
  if ("message" in checked) return ["TOML"];
  const fields = checked.faults.map(({ field }) => field.replace(/\..*/, ""));
  return [...new Set(fields)].filter((field) => field !== "build").sort();
}

/** Patterns and paths of a few characters that mean something to one or the other. */
function randomPatterns(): [string[], string[]][] {
  let seed = 20_261_126;
  const below = (limit: number) => {
    seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff;
    return (seed >> 8) % limit;
  };
  const some = (from: readonly string[], most: number, between: string) =>
    Array.from({ length: 1 + below(most) }, () => from[below(from.length)]).join(between);
  const marks =
    "a|b|ab|*|**|?|/|/|/|[ab]|[!a]|[a-c]|[c-a]|[]a]|[|]|!|.|\\|-|[^a]|[a-]|[&&]|é".split("|");
  const names = "a|b|ab|c|.a|abc|é|[|-a|a]".split("|");
  return Array.from({ length: 1500 }, () => [
    Array.from({ length: 1 + below(3) }, () => (below(4) === 0 ? "!" : "") + some(marks, 6, "")),
    Array.from({ length: 20 }, () => some(names, 4, "/") + (below(2) === 0 ? "/" : "")),
  ]);
}

test.each(extensionBlenders)(
  "what Blender itself builds, and finds wrong: %s",
  async (name, launcher) => {
    await using box = await sandbox();
    const isOld = !name.includes(" 5.");
    const jobs: Jobs = {
      runs: [],
      manifests,
      patterns: randomPatterns(),
      archives: [],
      installed: [],
    };
    const placeOf = (kind: string, who: string, at: number) => join(box.dir, kind, `${at}`, who);
    for (const [at, [what, example]] of Object.entries(examples).entries()) {
      const [source, ours, theirs] = ["my_ext", "ours", "theirs"].map((who) =>
        placeOf("good", who, at),
      );
      if (source === undefined || ours === undefined || theirs === undefined) throw new Error(what);
      await writeFiles(source, example.files);
      for (const folder of [ours, theirs]) await mkdir(folder);
      const done = expectSuccess(
        await box.cli(["addon", "build", source, ...(example.args ?? [])], { cwd: ours }),
      );
      if (example.warns !== undefined) expect(done.stderr).toContain(example.warns);
      jobs.runs.push([["build", "--source-dir", source, ...(example.args ?? [])], theirs]);
      for (const archive of example.archives) {
        jobs.archives.push(join(ours, archive), join(theirs, archive));
        jobs.runs.push([["validate", join(ours, archive)], ours]);
      }
      if (example.files["__init__.py"] !== undefined)
        jobs.installed.push(
          join(ours, example.archives.find((one) => one.includes("linux")) ?? usual),
        );
    }
    await legacyZip(box);
    jobs.installed.push(join(box.dir, "legacy_addon.zip"));
    for (const [at, [, { files, args = [], says }]] of Object.entries(refused).entries()) {
      const source = placeOf("bad", "my_ext", at);
      await writeFiles(source, files);
      await expectFailure(box, ["addon", "build", source, ...args], {
        code: "bad-manifest",
        exit: 1,
        says,
      });
      jobs.runs.push([["build", "--source-dir", source, ...args], source]);
    }
    const {
      runs,
      manifests: found,
      patterns,
      archives,
      installed,
    } = await blendersOwn(box, launcher, jobs);
    for (const [at, [[kind, ...args]]] of jobs.runs.entries()) {
      const bad = args.some((one) => one.includes("/bad/"));
      expect({ kind, args, ...runs[at] }).toMatchObject({ code: bad ? 1 : 0 });
    }
    for (const [at, text] of manifests.entries()) {
      expect({ text, faults: faultyFields(text) }).toEqual({ text, faults: found[at] ?? [] });
    }
    for (const [at, [some, paths]] of jobs.patterns.entries()) {
      const wanted = patterns[at];
      if (wanted != null)
        expect({ some, paths, is: paths.map(pathMatcher(some)) }).toEqual({
          some,
          paths,
          is: wanted,
        });
    }
    let at = 0;
    for (const [what, { archives: names, oldOnly = [] }] of Object.entries(examples)) {
      for (const archive of names) {
        const [ours, theirs] = [archives[at++], archives[at++]];
        const comparable = theirs?.filter(([path]) => !isOld || !oldOnly.includes(path));
        expect({ what, archive, held: ours }).toEqual({ what, archive, held: comparable ?? [] });
      }
    }
    for (const [path, outcome] of Object.entries(installed)) {
      expect({ path, ...outcome }).toMatchObject({
        enabled: [path.includes("legacy") ? "legacy_addon" : "bl_ext.user_default.my_ext"],
        said: [],
      });
    }
  },
);

test("what was built is installed with 'addon install', and again", async () => {
  await using box = await sandbox();
  const launcher = await launcherOf("bpy");
  await configured(box, launcher);
  const source = join(box.dir, "src");
  const fields = { wheels: allWheels.slice(0, 1) };
  await writeFiles(source, {
    ...clutter,
    ...wheelFiles,
    "blender_manifest.toml": manifest(fields),
  });
  await writeFiles(source, { "__init__.py": `import everywhere\n${idleCode}` });
  await legacyZip(box);
  for (const version of ["1.2.3", "1.2.4"]) {
    await writeFiles(source, { "blender_manifest.toml": manifest({ ...fields, version }) });
    const built = await json(box, ["addon", "build", source, "-o", "ext.zip"]);
    expect(built).toMatchObject({ op: "build", kind: "extension", id: "my_ext", version });
    expect(built.archives).toMatchObject([{ path: join(box.dir, "ext.zip"), platform: null }]);
    const bytes = await readFile(join(box.dir, "ext.zip"));
    expect(built.archives[0]).toMatchObject({ size: bytes.length, sha256: sha256(bytes) });
    await json(box, ["addon", "install", "ext.zip", "legacy_addon.zip", "--enable"]);
    const rows = await listed(box);
    expect(rows["bl_ext.user_default.my_ext"]).toMatchObject({ enabled: true, version });
    expect(rows["legacy_addon"]).toMatchObject({ enabled: true });
  }
});

test("what can't be built, and what isn't written", async () => {
  await using box = await sandbox();
  const refuses = (args: string[], code: string, says: string) =>
    expectFailure(box, ["addon", "build", ...args], { code, exit: 2, says });
  await writeFiles(box.dir, {
    "ext/blender_manifest.toml": manifest(),
    "ext/__init__.py": idleCode,
    "one.py": "bl_info = {}\n",
    "project/source/tool/__init__.py": "bl_info = {}\n",
    "empty/readme.txt": "nothing",
    "tags.json": "{}",
  });
  await refuses(["nowhere"], "missing-path", "nowhere");
  await refuses(["one.py"], "not-a-folder", "one.py is a file");
  await refuses(["project"], "not-an-addon", join("project", "source", "tool"));
  await refuses(["project/source/tool", "--split-platforms"], "legacy-platforms", "no platforms");
  await refuses(["ext", "--output-dir", "gone"], "no-folder", join(box.dir, "gone"));
  await refuses(["ext", "--output-dir", ".", "-o", "a.zip"], "two-places", "--output-filepath");
  await refuses(["ext", "--valid-tags", "tags.json"], "bad-tags-file", "tags.json");
  const none = { code: "no-addon-in-source", exit: 1, says: "readme.txt" };
  await expectFailure(box, ["addon", "build", "empty"], none);
  expect((await box.cli(["addon", "build", "one.py"])).stderr).toContain("addon install");
  const planned = await json(box, ["addon", "build", "ext", "--dry-run"]);
  expect(planned).toMatchObject({ dry_run: true, archives: [{ platform: null }] });
  expect(planned.archives[0].files.map(({ path }: { path: string }) => path)).toEqual([
    "blender_manifest.toml",
    "__init__.py",
  ]);
  expect(await json(box, ["addon", "build", "ext", "--check"])).toMatchObject({ check: true });
  expect((await box.cli(["addon", "build", "--check"], { cwd: join(box.dir, "ext") })).code).toBe(
    0,
  );
  expect((await readdir(box.dir)).filter((name) => name.endsWith(".zip"))).toEqual([]);
});
