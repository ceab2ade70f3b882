import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  applyChanges,
  extensionFolder,
  wheelChanges,
  wheelDifferences,
} from "../../../../src/local/extension/wheel-folder.ts";
import type { OfferedFile } from "../../../../src/local/index/projects.ts";
import { HashCache } from "../../../../src/local/wheels/hash-cache.ts";
import { failureOf } from "../../../support/failure.ts";

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "blender-remote-extension-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const head = `schema_version = "1.0.0"
id = "it"
version = "1.0.0"
name = "It"
tagline = "It is"
maintainer = "Me"
type = "add-on"
blender_version_min = "4.2.0"
license = ["SPDX:MIT"]
`;
const name = (one: string) => `${one}-1.0-py3-none-any.whl`;
const sha256 = (text: string) => new Bun.CryptoHasher("sha256").update(text).digest("hex");
const offered = (one: string, hashes: Record<string, string>): OfferedFile => ({
  filename: name(one),
  url: `https://index/${one}`,
  hashes,
  size: null,
  from: "https://index/",
  requiresPython: null,
  yanked: null,
  metadata: null,
  uploaded: null,
});

/** An extension whose manifest lists these paths, with these files. */
async function folder(listed: readonly string[], files: readonly string[], bytes = head) {
  await writeFile(
    join(dir, "blender_manifest.toml"),
    `${bytes}${listed.length === 0 ? "" : `wheels = ${JSON.stringify(listed)}\n`}`,
  );
  for (const path of files) {
    await mkdir(join(dir, path, ".."), { recursive: true });
    await writeFile(join(dir, path), path);
  }
  return await extensionFolder(dir);
}

test("what is changed in the manifest while the wheels come stays", async () => {
  const own = await folder([], []);
  const changes = await wheelChanges(own, [offered("new", {})]);
  await writeFile(own.path, head.replace('"1.0.0"\nname', '"1.1.0" # next\nname'));
  await applyChanges(own, changes);
  const { manifest, source } = await extensionFolder(dir);
  expect(manifest).toMatchObject({ version: "1.1.0", wheels: [`./wheels/${name("new")}`] });
  expect(source).toContain("# next");
});

test("a folder with the name of a wheel is none", async () => {
  const own = await folder([`./wheels/${name("old")}`], [`wheels/${name("old")}/file`]);
  const changes = await wheelChanges(own, []);
  expect(changes).toMatchObject({ outdated: [], unknown: [] });
  await applyChanges(own, changes);
  expect(await readdir(join(dir, "wheels"))).toEqual([name("old")]);
});

test("what was listed and isn't needed goes, everything else stays", async () => {
  const [old, kept, mine] = ["old", "kept", "mine"].map((one) => `wheels/${name(one)}`);
  const own = await folder(
    [`./${old}`, `./${kept}`, `./elsewhere/${name("far")}`, `./../${name("above")}`],
    [old ?? "", kept ?? "", mine ?? "", `elsewhere/${name("far")}`, "wheels/notes.txt"],
  );
  const changes = await wheelChanges(own, [offered("kept", {}), offered("new", {})]);
  expect(changes).toMatchObject({
    unlisted: [`./wheels/${name("new")}`],
    outdated: [name("old")],
    unknown: [name("mine")],
    elsewhere: [`./elsewhere/${name("far")}`],
  });
  await applyChanges(own, changes);
  expect((await readdir(join(dir, "wheels"))).sort()).toEqual([
    name("kept"),
    name("mine"),
    "notes.txt",
  ]);
  expect(await readdir(join(dir, "elsewhere"))).toEqual([name("far")]);
  const { manifest } = await extensionFolder(dir);
  expect(manifest.wheels).toEqual([`./wheels/${name("kept")}`, `./wheels/${name("new")}`]);
});

test("a manifest that lists the same in its own way stays as it is", async () => {
  const listed = [`wheels/${name("b")}`, `./wheels/../wheels/${name("a")}`];
  const files = [offered("a", {}), offered("b", {})];
  const changes = await wheelChanges(await folder(listed, []), files);
  expect(changes).toMatchObject({ text: null, unlisted: [], surplus: [] });
  const twice = await folder([...listed, `./wheels/${name("b")}`], []);
  expect((await wheelChanges(twice, files)).text).not.toBeNull();
});

test("differences to what is needed, by content too", async () => {
  const path = (one: string) => `./wheels/${name(one)}`;
  const own = await folder(
    ["same", "other", "gone", "unsure"].map(path),
    ["same", "other", "unsure", "more"].map(path),
  );
  const files = [
    offered("same", { sha256: sha256(path("same")) }),
    offered("other", { sha256: sha256("something else") }),
    offered("gone", { sha256: sha256("") }),
    offered("unsure", {}),
  ];
  const known = await HashCache.open({ XDG_CACHE_HOME: dir });
  const changes = await wheelChanges(own, files);
  expect(await wheelDifferences(own, files, changes, known)).toEqual([
    { kind: "missing", path: path("gone") },
    { kind: "not-in-manifest", path: path("more") },
    { kind: "changed", path: path("other") },
  ]);
});

describe("a manifest", () => {
  test("keeps its mark and its line ends", async () => {
    const text = `\uFEFF${head.replaceAll("\n", "\r\n")}`;
    const own = await folder([], [], text);
    await applyChanges(own, await wheelChanges(own, [offered("a", {})]));
    expect(await readFile(own.path, "utf8")).toBe(
      `${text}wheels = [\r\n  "./wheels/${name("a")}",\r\n]\r\n`,
    );
  });

  test("that isn't there, isn't UTF-8 or isn't one is refused", async () => {
    expect((await failureOf(extensionFolder(dir))).code).toBe("no-manifest");
    await writeFile(join(dir, "blender_manifest.toml"), new Uint8Array([0x61, 0xff]));
    expect((await failureOf(extensionFolder(dir))).message).toEndWith(": it isn't UTF-8");
    await writeFile(join(dir, "blender_manifest.toml"), "id = 1\n");
    expect((await failureOf(extensionFolder(dir))).code).toBe("bad-manifest");
  });
});
