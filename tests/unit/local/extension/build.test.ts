import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  appendFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Failure } from "../../../../src/failure.ts";
import { openArchive } from "../../../../src/local/addon-source/archive.ts";
import {
  placeOf,
  planBuild,
  requireArchivePlace,
  selfWarning,
  writeArchive,
} from "../../../../src/local/extension/build.ts";
import { blendersTags } from "../../../../src/local/extension/tags.ts";
import {
  goodManifest,
  idleCode,
  type MadeFile,
  tomlOf,
  writeFiles,
} from "../../../support/extensions.ts";
import { failureOf } from "../../../support/failure.ts";
import { posixOnly } from "../../../support/systems.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "addon-build-test-"));
});
afterEach(() => rm(folder, { recursive: true }));

const going = new AbortController().signal;
const usual = { split: false, tags: blendersTags };
const manifest = (fields: Record<string, unknown> = {}, more = "") =>
  tomlOf({ ...goodManifest, version: "1.2.3", ...fields }) + more;

async function sourceWith(files: Record<string, MadeFile>, name = "source"): Promise<string> {
  const source = join(folder, name);
  await writeFiles(source, { "__init__.py": idleCode, ...files });
  return source;
}

const named = ({ files }: { files: readonly { name: string }[] }) => files.map(({ name }) => name);

async function faultsIn(files: Record<string, MadeFile>, options = usual): Promise<string[]> {
  const { code, message } = await failureOf(planBuild(await sourceWith(files), options));
  expect(code).toBe("bad-manifest");
  return message.split("\n").map((line) => line.replace(/^.*blender_manifest\.toml:/, ""));
}

/** Builds the only archive of a folder. */
async function built(source: string, name = "out.zip") {
  const plan = await planBuild(source, usual);
  const [archive] = plan.archives;
  if (archive === undefined) throw new Error("no archive");
  return writeArchive(plan, archive, join(folder, name), going);
}

posixOnly("links need rights on Windows")(
  "an archive takes no place but that of an archive",
  async () => {
    const wheel = "wheels/a-1-py3-none-any.whl";
    const source = await sourceWith({
      "blender_manifest.toml": manifest({ wheels: [`./${wheel}`] }),
      [wheel]: "PK wheel",
    });
    const [archive] = (await planBuild(source, usual)).archives;
    if (archive === undefined) throw new Error("no archive");
    await writeFiles(folder, { "notes.txt": "mine", "old.zip": "PK", "empty.zip": "" });
    await symlink(join(source, "__init__.py"), join(folder, "link.zip"));
    const own = ["source/__init__.py", `source/${wheel}`, "link.zip"];
    for (const path of [...own, "notes.txt"]) {
      const { code } = await failureOf(requireArchivePlace(archive, join(folder, path)));
      expect(code, path).toBe("not-an-archive");
    }
    for (const path of ["old.zip", "empty.zip", "none.zip"])
      await requireArchivePlace(archive, join(folder, path));
  },
);

describe("an archive", () => {
  test("has the same bytes whenever and wherever it is built", async () => {
    const files = {
      "blender_manifest.toml": manifest(),
      "b.py": "b = 1\n",
      "a/c.bin": new Uint8Array(900_000).map((_, at) => (at * at) % 253),
    };
    const first = await built(await sourceWith(files, "first"), "first.zip");
    const other = await sourceWith(Object.fromEntries(Object.entries(files).reverse()), "second");
    await utimes(join(other, "b.py"), 86_400, 86_400);
    const second = await built(other, "second.zip");
    expect(second).toEqual({ ...first, path: join(folder, "second.zip") });
    expect(await readFile(first.path)).toEqual(await readFile(second.path));
  });

  posixOnly("Windows has no executables")("keeps which files are executable", async () => {
    const source = await sourceWith({ "blender_manifest.toml": manifest(), "x.sh": { run: "#!" } });
    using archive = await openArchive((await built(source)).path);
    expect(archive.files.map(({ path, executable }) => [path, executable])).toEqual([
      ["blender_manifest.toml", false],
      ["__init__.py", false],
      ["x.sh", true],
    ]);
  });

  test("takes the place of one that is there, and leaves nothing else", async () => {
    const source = await sourceWith({ "blender_manifest.toml": manifest() });
    await writeFile(join(folder, "out.zip"), "old");
    const { size, path } = await built(source);
    expect((await readFile(path)).length).toBe(size);
    expect((await readdir(folder)).sort()).toEqual(["out.zip", "source"]);
  });

  test("isn't written where a file changes meanwhile", async () => {
    const source = await sourceWith({ "blender_manifest.toml": manifest() });
    const plan = await planBuild(source, usual);
    await appendFile(join(source, "__init__.py"), "x = 1\n");
    const [archive] = plan.archives;
    if (archive === undefined) throw new Error("no archive");
    await writeFile(join(folder, "out.zip"), "old");
    const failure = await failureOf(writeArchive(plan, archive, join(folder, "out.zip"), going));
    expect(failure.code).toBe("source-changed");
    expect(await readFile(join(folder, "out.zip"), "utf8")).toBe("old");
    expect((await readdir(folder)).sort()).toEqual(["out.zip", "source"]);
  });

  test("isn't written where 'addon install' wouldn't take it", async () => {
    const source = await sourceWith({ "blender_manifest.toml": manifest() });
    const plan = await planBuild(source, usual);
    const [archive] = plan.archives;
    const files = archive?.files.filter(({ name }) => name !== "__init__.py") ?? [];
    const part = { platform: undefined, files };
    const writing = writeArchive(plan, part, join(folder, "out.zip"), going);
    expect(await failureOf(writing)).toMatchObject({ code: "bad-archive" });
    expect(await readdir(folder)).toEqual(["source"]);
  });

  test("isn't written where it is interrupted", async () => {
    const source = await sourceWith({ "blender_manifest.toml": manifest() });
    const plan = await planBuild(source, usual);
    const [archive] = plan.archives;
    if (archive === undefined) throw new Error("no archive");
    const reason = new Failure("interrupted", "interrupted", { kind: "interrupted" });
    const writing = writeArchive(plan, archive, join(folder, "out.zip"), AbortSignal.abort(reason));
    expect(await failureOf(writing)).toBe(reason);
    expect(await readdir(folder)).toEqual(["source"]);
  });

  test("of a source that it lies in is told", async () => {
    const path = join(folder, "source", "my_ext-1.2.3.zip");
    const source = await sourceWith({
      "blender_manifest.toml": manifest({}, "[build]\n"),
      "my_ext-1.2.3.zip": "older",
    });
    const plan = await planBuild(source, usual);
    expect(plan.archives.flatMap((one) => selfWarning(one, path))).toEqual([
      expect.stringContaining("into itself"),
    ]);
  });
});

describe("names", () => {
  const one = { id: "x", version: "1.0.0" };
  test.each([
    [one, undefined, { folder: "out" }, join("out", "x-1.0.0.zip")],
    [one, "macos-arm64", { folder: "out" }, join("out", "x-1.0.0-macos_arm64.zip")],
    [{ id: "x", version: undefined }, undefined, { folder: "out" }, join("out", "x.zip")],
    [one, undefined, { file: "a.b.zip" }, "a.b.zip"],
    [one, "linux-x64", { file: "a.b.zip" }, "a.b-linux_x64.zip"],
    [one, "linux-x64", { file: ".zip" }, ".zip-linux_x64"],
  ])("%j for %s in %j", (plan, platform, place, expected) => {
    expect(placeOf(plan, platform, place)).toBe(expected);
  });
});

describe("faults", () => {
  test("of all kinds at once, in the order of the text", async () => {
    const fields = {
      id: "a-b",
      tags: ["Mine"],
      wheels: ["./x-1-py3-none-any.whl"],
      name: undefined,
    };
    const lines = await faultsIn({ "blender_manifest.toml": manifest(fields) });
    expect(lines).toEqual([
      " name is missing",
      expect.stringMatching(/^2:1: id is "a-b"/),
      expect.stringMatching(/^9:9: tags has "Mine"/),
      expect.stringMatching(/^10:11: wheels names "\.\/x-1-py3-none-any\.whl", which isn't there/),
    ]);
  });

  test.each([
    ["../a-1-py3-none-any.whl", "must be the path of a file in the folder"],
    ["/a-1-py3-none-any.whl", "must be the path of a file in the folder"],
    ["a-1-py3-none-any.whl", "isn't there"],
  ])("the wheel %s", async (wheel, says) => {
    const [line] = await faultsIn({ "blender_manifest.toml": manifest({ wheels: [wheel] }) });
    expect(line).toContain(says);
  });

  test.each([
    ['paths = ["__init__.py", "gone.py"]', '11:25: paths names "gone.py", which isn\'t there'],
    ['paths = ["__init__.py", "./__init__.py"]', "twice"],
    ['paths = ["a.py"]', "no __init__.py among the files"],
    ['paths_exclude_pattern = ["__init__.py"]', "no __init__.py among the files"],
    ['paths_exclude_pattern = ["x", "!**"]', "on which Blender fails"],
  ])("%s", async (line, says) => {
    const toml = manifest({}, `[build]\n${line}\n`);
    const found = await faultsIn({ "blender_manifest.toml": toml, "a.py": "" });
    expect(found).toEqual([expect.stringContaining(says)]);
  });

  test.each([
    [{}, "", "platforms is missing"],
    [{ platforms: ["../linux"] }, "", "no file can be named after"],
    [{ platforms: ["linux-x64"], build: undefined }, "build = {}\n", "write it as a table"],
  ])("of --split-platforms: %j %s", async (fields, more, says) => {
    const toml = { "blender_manifest.toml": manifest(fields, more) };
    const found = await faultsIn(toml, { ...usual, split: true });
    expect(found).toEqual([expect.stringContaining(says)]);
  });

  test("tags that others allow", async () => {
    const source = await sourceWith({ "blender_manifest.toml": manifest({ tags: ["Mine"] }) });
    await planBuild(source, { split: false, tags: undefined });
    await planBuild(source, { split: false, tags: { "add-on": ["Mine"], theme: [] } });
    expect(await failureOf(planBuild(source, usual))).toMatchObject({ code: "bad-manifest" });
  });
});

test("a wheel that is named twice is packed once", async () => {
  const wheel = "a-1-py3-none-any.whl";
  const toml = manifest({ wheels: [wheel, `./${wheel}`, wheel] });
  const source = await sourceWith({ "blender_manifest.toml": toml, [wheel]: "" });
  const { archives } = await planBuild(source, usual);
  expect(archives.map(named)).toEqual([["blender_manifest.toml", wheel, "__init__.py"]]);
});

test("an archive for a platform, whose manifest says so", async () => {
  const wheels = ["a-1-py3-none-win_amd64.whl", "a-1-py3-none-manylinux_2_28_x86_64.whl"];
  const source = await sourceWith({
    "blender_manifest.toml": manifest({ wheels, platforms: ["linux-x64"] }),
    ...Object.fromEntries(wheels.map((wheel) => [wheel, "wheel"])),
  });
  const { archives, warnings } = await planBuild(source, { ...usual, split: true });
  expect(archives.map(({ platform }) => platform)).toEqual(["linux-x64"]);
  expect(archives.map(named)).toEqual([["blender_manifest.toml", wheels[1] ?? "", "__init__.py"]]);
  expect(warnings).toEqual([expect.stringContaining("is for windows-x64")]);
});

test("wheels are chosen by platform where there are paths, too", async () => {
  const wheels = ["a-1-py3-none-win_amd64.whl", "a-1-py3-none-manylinux_2_28_x86_64.whl"];
  const fields = { wheels, platforms: ["linux-x64", "windows-x64"] };
  const source = await sourceWith({
    "blender_manifest.toml": manifest(fields, '[build]\npaths = ["__init__.py"]\n'),
    ...Object.fromEntries(wheels.map((wheel) => [wheel, "wheel"])),
  });
  const { archives } = await planBuild(source, { ...usual, split: true });
  expect(archives.map(named)).toEqual([
    ["blender_manifest.toml", "__init__.py", wheels[1] ?? ""],
    ["blender_manifest.toml", "__init__.py", wheels[0] ?? ""],
  ]);
});

describe("a legacy add-on", () => {
  const code = `bl_info = {"name": "x"}\n${idleCode}`;

  test("is a folder in the archive", async () => {
    const files = { "__init__.py": code, "a/b.py": "", "__pycache__/x.pyc": "", ".env": "" };
    const plan = await planBuild(await sourceWith(files, "tool-main"), usual);
    expect(plan).toMatchObject({ kind: "legacy", id: "tool", version: undefined });
    expect(plan.archives.map(named)).toEqual([["tool/", "tool/__init__.py", "tool/a/b.py"]]);
    expect(plan.warnings).toEqual([expect.stringContaining("packed as tool")]);
  });

  test("below the folder is named", async () => {
    await mkdir(join(folder, "repo", "addons", "tool"), { recursive: true });
    await writeFile(join(folder, "repo", "addons", "tool", "__init__.py"), code);
    const failure = await failureOf(planBuild(join(folder, "repo"), usual));
    expect(failure).toMatchObject({ code: "not-an-addon", exitCode: 2 });
    expect(failure.message).toContain(join("repo", "addons", "tool"));
  });
});
