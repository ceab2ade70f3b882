import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmod, mkdir, mkdtemp, readdir, rm, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, sep } from "node:path";
import fc from "fast-check";
import { stage } from "../../../../src/local/addon/swap.ts";
import { TreeBuilder } from "../../../../src/local/addon-source/file-tree.ts";
import { type AddonSource, openSource } from "../../../../src/local/addon-source/source.ts";
import { failureOf } from "../../../support/failure.ts";
import { isWindows, posixOnly, pythonCommand } from "../../../support/systems.ts";
import { type ZipEntry, zip, zipOf } from "../../../support/zip.ts";

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "blender-remote-source-"));
});
afterEach(() => rm(dir, { recursive: true }));

const info = 'bl_info = {"name": "It"}\n';
const manifest = `schema_version = "1.0.0"
id = "my_ext"
version = "1.2.3"
name = "My Ext"
tagline = "Does it"
maintainer = "Me <me@example.org>"
type = "add-on"
license = ["SPDX:GPL-3.0-or-later"]
blender_version_min = "4.2.0"
`;

type Files = Readonly<Record<string, string>>;

async function write(name: string, data: string | Uint8Array): Promise<string> {
  const path = join(dir, name);
  await mkdir(dirname(path), { recursive: true });
  await Bun.write(path, data);
  return path;
}

async function folder(name: string, files: Files): Promise<string> {
  await mkdir(join(dir, name), { recursive: true });
  for (const [path, text] of Object.entries(files)) await write(`${name}/${path}`, text);
  return join(dir, name);
}

/** The same files in a folder. */
function inFolder(name: string, files: Files): Files {
  return Object.fromEntries(Object.entries(files).map(([path, text]) => [`${name}/${path}`, text]));
}

function seen({ kind, moduleName, single, files }: AddonSource) {
  return { kind, moduleName, single, files: files.map(({ path }) => path).sort() };
}

/** Everything below a folder: file contents by path; folders end with `/`. */
async function treeAt(path: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(path, { withFileTypes: true, recursive: true })) {
    const full = join(entry.parentPath, entry.name);
    const relative = full.slice(path.length + 1).replaceAll(sep, "/");
    if (entry.isDirectory()) found[`${relative}/`] = "";
    else found[relative] = (await Bun.file(full).bytes()).toBase64();
  }
  return found;
}

const legacy = (moduleName: string, files: string[], single = false) => ({
  kind: "legacy" as const,
  moduleName,
  single,
  files: files.sort(),
});
const extension = (files: string[]) => ({
  kind: "extension" as const,
  moduleName: "my_ext",
  single: false,
  files: [...files, "__init__.py", "blender_manifest.toml"].sort(),
});

describe("sources as people have them, as a zip and as a folder", () => {
  const cases: [string, Files, ReturnType<typeof seen>, string[]][] = [
    [
      "environments of Python's",
      {
        "pkg/__init__.py": info,
        "pkg/venv/pyvenv.cfg": "",
        "pkg/venv/lib/x/__init__.py": info,
        "env/pyvenv.cfg": "",
        "env/lib/y/__init__.py": info,
        "pkg/env/not_one.py": "",
      },
      legacy("pkg", ["__init__.py", "env/not_one.py"]),
      [],
    ],
    [
      "a package on top",
      { "pkg/__init__.py": info, "pkg/sub/a.py": "" },
      legacy("pkg", ["__init__.py", "sub/a.py"]),
      [],
    ],
    [
      "flat",
      { "__init__.py": info, "a.py": "", "README.md": "" },
      legacy("my_source", ["README.md", "__init__.py", "a.py"]),
      ["'my-source-1.2.0' is no name that an add-on can have; installed as my_source"],
    ],
    [
      "GitHub's, flat",
      { "my-addon-main/__init__.py": info, "my-addon-main/.gitignore": "" },
      legacy("my_addon", [".gitignore", "__init__.py"]),
      ["'my-addon-main' is no name that an add-on can have; installed as my_addon"],
    ],
    [
      "GitHub's, the package deeper inside",
      { "r-main/README.md": "", "r-main/src/pkg/__init__.py": info, "r-main/setup.py": "x = 1" },
      legacy("pkg", ["__init__.py"]),
      ["the add-on was found in r-main/src/pkg"],
    ],
    [
      "several top entries and left-overs",
      {
        "pkg/__init__.py": info,
        "pkg/__pycache__/__init__.cpython-311.pyc": "",
        "pkg/.DS_Store": "",
        "pkg/._b.py": "",
        "pkg/.git/config": "",
        LICENSE: "",
        "__MACOSX/pkg/._a.py": info,
      },
      legacy("pkg", ["__init__.py"]),
      [],
    ],
    [
      "a lone .py beside a README",
      { "my-tool.py": `"""Docs."""\n${info}`, "README.md": "" },
      legacy("my_tool", ["my_tool.py"], true),
      ["'my-tool' is no name that an add-on can have; installed as my_tool"],
    ],
    [
      "an inner package of an add-on with bl_info of its own is a part of it",
      { "pkg/__init__.py": info, "pkg/other/__init__.py": info, "pkg/one.py": info },
      legacy("pkg", ["__init__.py", "one.py", "other/__init__.py"]),
      [],
    ],
    [
      "examples and tests beside it",
      {
        "pkg/__init__.py": info,
        "tests/data/fake/__init__.py": info,
        "build/lib/pkg/__init__.py": info,
      },
      legacy("pkg", ["__init__.py"]),
      ["left out as tests, examples or copies: build/lib/pkg/, tests/data/fake/"],
    ],
    [
      "a .py beside an __init__.py that does nothing",
      { "r-main/addon.py": info, "r-main/__init__.py": '"""Docs."""\n# Nothing.\n' },
      legacy("addon", ["addon.py"], true),
      ["the add-on was found in r-main/addon.py"],
    ],
    [
      "an add-on in a package that does nothing",
      { "__init__.py": "", "pkg/__init__.py": info },
      legacy("pkg", ["__init__.py"]),
      [],
    ],
    [
      "an extension on top",
      { "__init__.py": "", "blender_manifest.toml": manifest, "a.py": "" },
      extension(["a.py"]),
      [],
    ],
    [
      "an extension deeper inside, of another name",
      { "r-main/x/__init__.py": "", "r-main/x/blender_manifest.toml": manifest },
      extension([]),
      ["the add-on was found in r-main/x"],
    ],
    [
      "a manifest on top without code, the add-on below",
      { "blender_manifest.toml": manifest, "pkg/__init__.py": info },
      legacy("pkg", ["__init__.py"]),
      [],
    ],
  ];

  test.each(cases)("%s", async (_, files, expected, notes) => {
    const archive = await write("my-source-1.2.0.zip", zipOf(files));
    for (const path of [archive, await folder("my-source-1.2.0", files)]) {
      using source = await openSource(path);
      expect(seen(source)).toEqual(expected);
      expect(source.notes).toEqual(notes);
      expect(source.path).toBe(path);
    }
  });

  test("a .py", async () => {
    using source = await openSource(await write("the tool (1).py", info));
    expect(seen(source)).toEqual(legacy("the_tool", ["the_tool.py"], true));
  });

  test("a zip without the suffix", async () => {
    using source = await openSource(await write("download", zipOf({ "pkg/__init__.py": info })));
    expect(source.moduleName).toBe("pkg");
  });

  test("an extension with bl_info has a legacy name too", async () => {
    const files = { "x-1/__init__.py": info, "x-1/blender_manifest.toml": manifest };
    using source = await openSource(await folder("both", files));
    expect(source).toMatchObject({ kind: "extension", moduleName: "my_ext", legacyName: "my_ext" });
    using other = await openSource(
      await folder("mine", { "pkg/__init__.py": info, "pkg/blender_manifest.toml": manifest }),
    );
    expect(other).toMatchObject({ kind: "extension", moduleName: "my_ext", legacyName: "pkg" });
  });

  test("names in archives of macOS, which don't say that they are UTF-8, and of DOS", async () => {
    const mac = zip([{ name: "größe/__init__.py", data: info, flags: 0 }]);
    using one = await openSource(await write("mac.zip", mac));
    expect(one.moduleName).toBe("größe");
    const bytes = Buffer.from("gr\x94sse/__init__.py", "latin1");
    using other = await openSource(
      await write("dos.zip", zip([{ name: bytes, data: info, flags: 0 }])),
    );
    expect(other.moduleName).toBe("grösse");
  });

  test("Windows' separators, said", async () => {
    const archive = zipOf({ "pkg\\__init__.py": info, "pkg\\sub\\a.py": "", "pkg\\empty\\": "" });
    using source = await openSource(await write("windows.zip", archive));
    expect(seen(source)).toEqual(legacy("pkg", ["__init__.py", "sub/a.py"]));
    expect(source.folders).toContain("empty");
    expect(source.notes).toEqual(["the archive has Windows' \\ in its paths; taken for /"]);
  });
});

describe("--name", () => {
  const two = { "a/__init__.py": info, "b/__init__.py": info, "README.md": "" };

  test("renames a package and a lone .py", async () => {
    using source = await openSource(await folder("pkg", { "__init__.py": info }), { name: "mine" });
    expect(seen(source)).toEqual(legacy("mine", ["__init__.py"]));
    expect(source.notes).toEqual(["'pkg' is installed as mine"]);
    using single = await openSource(await write("x.py", info), { name: "mine" });
    expect(seen(single)).toEqual(legacy("mine", ["mine.py"], true));
  });

  test("says which of several", async () => {
    const archive = await write("two.zip", zipOf(two));
    const failure = await failureOf(openSource(archive));
    expect(failure).toMatchObject({ code: "ambiguous-source", exitCode: 1 });
    expect(failure.message).toContain("2 add-ons");
    expect(failure.message).toContain("a/ (a), b/ (b)");
    expect(failure.hint).toContain("--name a");
    using source = await openSource(archive, { name: "b" });
    expect(source.moduleName).toBe("b");
    expect((await failureOf(openSource(archive, { name: "c" }))).message).toContain('is "c"');
  });

  test("can't tell two of one name apart", async () => {
    const files = { "one/pkg/__init__.py": info, "other/pkg/__init__.py": info };
    const failure = await failureOf(openSource(await folder("x", files), { name: "pkg" }));
    expect(failure).toMatchObject({ code: "ambiguous-source" });
    expect(failure.hint).toContain("give the folder");
  });

  test.each(["my-addon", "class", "", "a.b", "../x", "1st", "modules", "a\n"])(
    "%j is refused",
    async (name) => {
      const path = await folder("pkg", { "__init__.py": info });
      expect(await failureOf(openSource(path, { name }))).toMatchObject({
        code: "bad-name",
        exitCode: 2,
      });
    },
  );

  test("is needed where the source's own name is none", async () => {
    const path = await write("---.py", info);
    const failure = await failureOf(openSource(path));
    expect(failure).toMatchObject({ code: "bad-name", exitCode: 2 });
    expect(failure.hint).toContain("--name");
    using source = await openSource(path, { name: "it" });
    expect(source.moduleName).toBe("it");
  });

  test("an extension keeps its id", async () => {
    const path = await folder("x", { "__init__.py": "", "blender_manifest.toml": manifest });
    expect(await failureOf(openSource(path, { name: "other" }))).toMatchObject({
      code: "bad-name",
      exitCode: 2,
    });
    using source = await openSource(path, { name: "my_ext" });
    expect(source.moduleName).toBe("my_ext");
  });
});

describe("a hint's --name works when it is followed", () => {
  const one = { "pkg/__init__.py": info };
  const ext = { "__init__.py": info, "blender_manifest.toml": manifest };
  test.each<[string, Files, string | undefined, string]>([
    ["the first of two", { ...one, "b/__init__.py": info }, undefined, "b"],
    ["the one that has a name of its own", { "---.py": info, "b.py": info }, undefined, "b"],
    [
      "the one whose name no other has",
      { "x/pkg/__init__.py": info, "y/pkg/__init__.py": info, "z.py": info },
      "pkg",
      "z",
    ],
    [
      "an extension among others",
      { ...one, "a/__init__.py": "", ...inFolder("a", ext) },
      "a",
      "my_ext",
    ],
    ["a bad name for several", { "my-tool.py": info, "other.py": info }, "my-tool", "my_tool"],
    ["a keyword among several", { "class.py": info, "other.py": info }, "class", "class_"],
    ["modules among several", { "modules.py": info, "other.py": info }, "modules", "modules_"],
    ["a bad name", one, "my-addon", "my_addon"],
    ["a keyword", one, "class", "class_"],
    ["a keyword that is a number too", one, "1st", "_1st"],
    ["modules", one, "modules", "modules_"],
    ["nothing that could be a name", one, "../", "my_addon"],
    ["an empty one", one, "", "my_addon"],
    ["a source that has none", { "---.py": info }, undefined, "my_addon"],
  ])("%s", async (_, files, name, hinted) => {
    const path = await folder("source", files);
    const { hint } = await failureOf(openSource(path, { name }));
    expect(/--name (\S+?)(,|$)/.exec(`${hint}`)?.[1]).toBe(hinted);
    using source = await openSource(path, { name: hinted });
    expect(source.moduleName).toBe(hinted);
  });

  test.each(["other", "my-ext"])("an extension's is to be left out: %s", async (name) => {
    const path = await folder("source", ext);
    const { hint } = await failureOf(openSource(path, { name }));
    expect(hint).toMatch(/^leave --name out, or .*: --as legacy$/);
    using source = await openSource(path);
    expect(source.moduleName).toBe("my_ext");
  });

  test("as the legacy add-on that it is as well, an extension may have another name", async () => {
    const path = await folder("source", ext);
    using legacy = await openSource(path, { name: "other", form: "legacy" });
    expect(legacy).toMatchObject({ legacyName: "other", moduleName: "my_ext" });
    const { hint } = await failureOf(openSource(path, { name: "my-ext", form: "legacy" }));
    expect(hint).toContain("--name my_ext");
  });

  test("the folder modules is no add-on of Blender's", async () => {
    using source = await openSource(await folder("modules", { "__init__.py": info }));
    expect(source.moduleName).toBe("modules_");
    using both = await openSource(await folder("in", inFolder("modules", ext)));
    expect(both.legacyName).toBe("my_ext");
  });
});

test("wheels that the manifest doesn't name are told", async () => {
  const wheel = "wheels/a-1.0-py3-none-any.whl";
  const files = { "__init__.py": "", [wheel]: "", "more/b-1.0-py3-none-any.WHL": "" };
  const named = `${manifest}wheels = ["./${wheel}"]\n`;
  const notes = async (text: string, name: string) => {
    using source = await openSource(
      await folder(name, { ...files, "blender_manifest.toml": text }),
    );
    return source.notes;
  };
  expect(await notes(named, "one")).toEqual([
    "Blender won't install \"more/b-1.0-py3-none-any.WHL\": wheels in blender_manifest.toml doesn't name it",
  ]);
  expect(await notes(manifest, "two")).toEqual([
    `Blender won't install "more/b-1.0-py3-none-any.WHL", "${wheel}": wheels in blender_manifest.toml doesn't name them`,
  ]);
});

describe("what isn't an add-on", () => {
  test.each<[string, Files]>([
    ["no files", {}],
    ["a package without bl_info", { "pkg/__init__.py": "import bpy\n" }],
    [
      "bl_info in a comment, a string, a function, a comparison",
      {
        "pkg/__init__.py": `# bl_info = 1\nx = """\nbl_info = {}\n"""\ndef f():\n    bl_info = {}\nbl_info == 1\nf(\nbl_info = 1)\n`,
      },
    ],
    [
      "bl_info in a module of a package",
      { "pkg/__init__.py": "from .a import bl_info", "pkg/a.py": info },
    ],
    ["a wheel", { "pkg-1.0.dist-info/WHEEL": "", "pkg/__init__.py": "" }],
  ])("%s", async (_, files) => {
    for (const path of [await write("x.zip", zipOf(files)), await folder("x", files)]) {
      const failure = await failureOf(openSource(path));
      expect(failure).toMatchObject({ code: "no-addon-in-source", exitCode: 1 });
      expect(failure.message).toContain(Object.keys(files)[0] ?? "no files");
      expect(failure.hint).toContain("bl_info");
    }
  });

  test("an address", async () => {
    const failure = await failureOf(openSource("https://example.org/addon.zip"));
    expect(failure).toMatchObject({ code: "not-a-source", exitCode: 2, hint: "download it first" });
  });

  test.each([
    ["nothing there", "nowhere.zip", undefined, "missing-path", 2],
    ["another kind of file", "x.tar.gz", "\x1f\x8b", "not-a-source", 2],
    ["a page that says it is a zip", "x.zip", "<html>404</html>", "not-a-zip", 1],
    ["an empty file", "x.zip", "", "not-a-zip", 1],
    ["a .py without bl_info", "x.py", "print('hello')", "no-addon-in-source", 1],
    ["a package's own module", "__init__.py", "bl_info = {}", "not-a-source", 2],
  ])("%s", async (_, name, data, code, exitCode) => {
    const path = data === undefined ? join(dir, name) : await write(name, data);
    const failure = await failureOf(openSource(path));
    expect(failure).toMatchObject({ code, exitCode });
    expect(failure.message).toContain(path);
  });

  test("a theme", async () => {
    const text = manifest.replace('"add-on"', '"theme"');
    const path = await folder("x", { "blender_manifest.toml": text, "theme.xml": "" });
    expect(await failureOf(openSource(path))).toMatchObject({ code: "theme", exitCode: 1 });
  });

  test("an extension whose wheels or code are missing", async () => {
    const wheels = `${manifest}wheels = ["./wheels/a-1-py3-none-any.whl"]\n`;
    const files = { "__init__.py": "", "blender_manifest.toml": wheels };
    const failure = await failureOf(openSource(await folder("x", files)));
    expect(failure).toMatchObject({ code: "bad-manifest" });
    expect(failure.message).toContain("./wheels/a-1-py3-none-any.whl");
    using whole = await openSource(
      await folder("y", { ...files, "wheels/a-1-py3-none-any.whl": "" }),
    );
    expect(whole.manifest?.wheels).toEqual(["./wheels/a-1-py3-none-any.whl"]);
    const code = await failureOf(
      openSource(await folder("z", { "blender_manifest.toml": manifest })),
    );
    expect(code).toMatchObject({ code: "bad-manifest" });
    expect(code.message).toContain("__init__.py");
  });
});

test("a part of a package isn't taken for the whole", async () => {
  const whole = "from . import part\n";
  for (const part of ["part/__init__.py", "part.py", "deep/part.py", "deep/er/__init__.py"]) {
    const files = { "r/pkg/__init__.py": whole, [`r/pkg/${part}`]: info };
    for (const path of [await write("x.zip", zipOf(files)), await folder("x", files)]) {
      const failure = await failureOf(openSource(path));
      expect(failure).toMatchObject({ code: "no-addon-in-source" });
      expect(failure.message).toContain(
        `r/pkg/__init__.py has no bl_info; r/pkg/${part} has one, but is a part of that package`,
      );
      await rm(path, { recursive: true });
    }
  }
});

test("a zip in a zip is to be unpacked", async () => {
  const inner = zipOf({ "pkg/__init__.py": info });
  const path = await write(
    "outer.zip",
    zip([{ name: "release/pkg-1.0.zip", data: inner }, { name: "release/README.md" }]),
  );
  const failure = await failureOf(openSource(path));
  expect(failure.message).toContain("another archive: release/pkg-1.0.zip");
  expect(failure.hint).toBe("unpack it, then give pkg-1.0.zip");
});

describe("archives that must not be unpacked", () => {
  const init: ZipEntry = { name: "pkg/__init__.py", data: info };
  const odd = (name: string, why: string): [string, ZipEntry[], string, string] => {
    return [JSON.stringify(name).slice(0, 40), [init, { name }], "unsafe-source", why];
  };

  test.each<[string, ZipEntry[], string, string]>([
    odd("../evil.py", '"../evil.py" leads out'),
    odd("pkg/../../evil.py", "leads out"),
    odd("a\\..\\..\\b", '"a/../../b" leads out'),
    odd("/abs", "absolute"),
    odd("\\\\server\\share\\x", "absolute"),
    odd("C:\\x", "drive letter"),
    odd("c:x", "drive letter"),
    odd("pkg/a\0.py", "control characters"),
    odd("pkg/\u001b[31m.py", "control characters"),
    odd(`pkg/${"ä".repeat(128)}`, "255 bytes"),
    odd(`pkg/${"abc/".repeat(300)}x`, "1024 bytes"),
    [
      "one twice",
      [init, { name: "pkg/a", data: "1" }, { name: "pkg/a", data: "2" }],
      "unsafe-source",
      '"pkg/a" can\'t be installed: it is in it twice, with different content',
    ],
    [
      "its __init__.py twice",
      [init, { name: "pkg/__init__.py", data: `${info}#` }],
      "no-addon-in-source",
      "twice, with different content",
    ],
    [
      "a file that is a folder",
      [init, { name: "pkg/a" }, { name: "pkg/a/x" }],
      "unsafe-source",
      "both a file and a folder",
    ],
    [
      "a folder that is a file",
      [init, { name: "pkg/a" }, { name: "pkg/a/" }],
      "unsafe-source",
      "both a file and a folder",
    ],
    [
      "a link",
      [init, { name: "pkg/l", data: "/etc/passwd", mode: 0o120777 }],
      "unsafe-source",
      '"pkg/l" can\'t be installed: it is a link to "/etc/passwd"',
    ],
    [
      "a link for a folder",
      [init, { name: "pkg/l", data: "..", mode: 0o120777 }, { name: "pkg/l/x" }],
      "unsafe-source",
      "both a file and a folder",
    ],
    [
      "a device",
      [init, { name: "pkg/d", mode: 0o020666 }],
      "unsafe-source",
      "neither a file nor a folder",
    ],
    [
      "an encrypted one",
      [init, { name: "pkg/a", data: "secret", flags: 0x801 }],
      "encrypted-archive",
      '"pkg/a"',
    ],
    [
      "another method",
      [init, { name: "pkg/a", data: "x", method: 9 }],
      "unsupported-archive",
      "method 9; only 0 (stored), 8 (deflate), 12 (bzip2) and 14 (LZMA) are known",
    ],
    [
      "more bytes than fit",
      [init, ...Array.from({ length: 5 }, (_, n) => ({ name: `pkg/${n}`, size: 2 ** 30 }))],
      "too-large",
      "4 GiB",
    ],
    ["a bomb", [init, { name: "pkg/bomb", size: 300 * 2 ** 20 }], "zip-bomb", "times its size"],
    [
      "70,000 entries, of which it says 4464",
      Array.from({ length: 70_000 }, (_, n) => ({ name: `pkg/${n}`, stored: true })),
      "broken-archive",
      "more entries",
    ],
  ])("%s", async (_, entries, code, why) => {
    const path = await write("bad.zip", zip(entries));
    const failure = await failureOf(openSource(path));
    expect(failure.message).toContain(why);
    expect(failure).toMatchObject({ code, exitCode: 1 });
    expect(failure.hint).not.toBe("");
    expect(await readdir(dir)).toEqual(["bad.zip"]);
  });

  test("what isn't unpacked may be a link or have an odd name", async () => {
    const entries = [
      { ...init, name: "r-main/pkg/__init__.py" },
      { name: "r-main/CLAUDE.md", data: "R", mode: 0o120777 },
      { name: "r-main/what?" },
      { name: "r-main/a\u001bb" },
      { name: `r-main/${"ä".repeat(200)}` },
      { name: "r-main/README", data: "1" },
      { name: "r-main/README", data: "2" },
    ];
    using source = await openSource(await write("ok.zip", zip(entries)));
    expect(source.files).toHaveLength(1);
    expect(source.notes).toEqual(["the add-on was found in r-main/pkg"]);
  });

  test.each([
    ["pkg/aux.py", '"aux.py" is the name of a device on Windows'],
    ["pkg/CON", "device"],
    ["pkg/com1.tar.gz", "device"],
    ["pkg/dot./x", "dot or a space"],
    ["pkg/space ", "dot or a space"],
    ["pkg/a:stream", '":"'],
    ["pkg/what?.py", '"?"'],
    ["pkg/__INIT__.py", "one name where case doesn't count"],
    ["PKG/x.py", undefined],
    ["pkg/SUB/x.py", "one name where case doesn't count"],
  ])("a name that only other systems dislike is told: %s", async (name, why) => {
    const entries = [init, { name: "pkg/sub/a.py" }, { name }];
    const path = await write("my.zip", zip(entries));
    if (isWindows && why !== undefined) {
      expect((await failureOf(openSource(path))).message).toContain(why);
    } else {
      using source = await openSource(path);
      expect(source.files).toHaveLength(name.startsWith("pkg/") ? 3 : 2);
      if (why === undefined) expect(source.notes).toEqual([]);
      else expect(source.notes.join()).toContain(why);
    }
    const builder = (system: NodeJS.Platform) => {
      const tree = new TreeBuilder(system);
      for (const entry of entries) {
        tree.addFile(`${entry.name}`.split("/"), {
          size: 0,
          executable: false,
          problem: undefined,
        });
      }
      return tree.files.at(-1)?.problem;
    };
    const caseless = "one name where case doesn't count";
    expect(builder("win32")).toContain(why ?? caseless);
    if (why === undefined || why === caseless) expect(builder("darwin")).toContain(caseless);
    else expect(builder("darwin")).toBeUndefined();
  });

  test("an empty folder that Windows can't hold", () => {
    for (const [system, problem] of [
      ["win32", '"aux" is the name of a device on Windows'],
      ["linux", undefined],
    ] as const) {
      const tree = new TreeBuilder(system);
      tree.addFolder(["pkg", "aux"]);
      expect(tree.files.map((file) => file.problem)).toEqual(
        problem === undefined ? [] : [problem],
      );
    }
  });

  test("an extension whose id Windows has for a device", async () => {
    const path = await write(
      "id.zip",
      zip([
        { name: "__init__.py" },
        { name: "blender_manifest.toml", data: manifest.replace(/^id = .*$/m, 'id = "con"') },
      ]),
    );
    const failure = await failureOf(openSource(path));
    expect(failure).toMatchObject({ code: "bad-manifest" });
    expect(failure.message).toContain('id is "con": it is the name of a device on Windows');
  });

  posixOnly("there is no such file on Windows")("an add-on that is named so", async () => {
    using source = await openSource(await write("Aux.py", "bl_info = {}"));
    expect(source).toMatchObject({ moduleName: "Aux_" });
  });

  test("an add-on that is to be named so", async () => {
    const asked = openSource(await write("my.py", "bl_info = {}"), { name: "nul" });
    expect(await failureOf(asked)).toMatchObject({ code: "bad-name", exitCode: 2 });
  });

  test("an entry twice with the same content is one", async () => {
    const entries = [
      init,
      { name: "pkg/a.py", data: "1" },
      init,
      { name: "pkg/./a.py", data: "1" },
    ];
    using source = await openSource(await write("twice.zip", zip(entries)));
    expect(source.files.map(({ path }) => path)).toEqual(["__init__.py", "a.py"]);
  });

  test("a link to a file of the archive is that file", async () => {
    const link = (name: string, data: string) => ({ name, data, mode: 0o120777 });
    const entries = [
      link("pkg/first.py", "sub/second.py"),
      link("pkg/sub/second.py", "../../shared/real.py"),
      init,
      { name: "shared/real.py", data: "real = 1" },
    ];
    using source = await openSource(await write("my.zip", zip(entries)));
    const staged = await stage(source, join(dir, "addons"));
    for (const name of ["first.py", "sub/second.py"]) {
      expect(await Bun.file(join(staged.path, name)).text()).toBe("real = 1");
    }
  });

  test.each([
    ["itself", "l"],
    ["nothing", "gone"],
    ["a folder", "sub"],
    ["out of it", "../../x"],
    ["a system's file", "/etc/hostname"],
    ["far too far", "x/".repeat(3000)],
  ])("a link to %s can't be installed", async (_, target) => {
    const entries = [init, { name: "pkg/sub/a" }, { name: "pkg/l", data: target, mode: 0o120777 }];
    const failure = await failureOf(openSource(await write("bad.zip", zip(entries))));
    expect(failure.message).toContain('"pkg/l" can\'t be installed: it is a link to');
  });

  test("bytes before and behind a zip, as Blender takes them", async () => {
    const whole = zip([init, { name: "pkg/a.py", data: "a = 1\n".repeat(10_000) }]);
    const script = Buffer.from(`#!/bin/sh\n${"x".repeat(1000)}\n`);
    for (const [pieces, count] of [
      [[whole], 0],
      [[script, whole], 1],
      [[whole, Buffer.alloc(3000)], 1],
      [[script, whole, script], 1],
    ] as const) {
      using source = await openSource(await write("my.zip", Buffer.concat(pieces)));
      expect(source.notes).toHaveLength(count);
      const staged = await stage(source, join(dir, "addons"));
      expect((await Bun.file(join(staged.path, "a.py")).text()).length).toBe(60_000);
      await rm(staged.path, { recursive: true });
    }
    const cut = Buffer.concat([script, whole.subarray(0, whole.length - 30)]);
    expect(await failureOf(openSource(await write("cut.zip", cut)))).toMatchObject({
      code: "not-a-zip",
    });
  });

  test("70,000 entries, with the 64 bits to say so", async () => {
    const path = join(dir, "many.zip");
    const script =
      "import sys, zipfile\nwith zipfile.ZipFile(sys.argv[1], 'w') as z:\n for n in range(70000): z.writestr(f'pkg/{n}', '')";
    const { exitCode } = Bun.spawnSync([pythonCommand, "-c", script, path]);
    expect(exitCode).toBe(0);
    const failure = await failureOf(openSource(path));
    expect(failure).toMatchObject({ code: "too-many-files" });
    expect(failure.message).toContain("70000");
  });

  test("cut off anywhere", async () => {
    const whole = zipOf({ "pkg/__init__.py": info, "pkg/a.py": "a = 1\n".repeat(1000) });
    for (const length of [
      4,
      30,
      100,
      Math.floor(whole.length / 2),
      whole.length - 30,
      whole.length - 1,
    ]) {
      const failure = await failureOf(
        openSource(await write("cut.zip", whole.subarray(0, length))),
      );
      expect(failure).toMatchObject({ code: "broken-archive" });
      expect(failure.hint).toContain("again");
    }
  });

  const big = "x".repeat(200_000);
  test.each<[string, ZipEntry, string]>([
    ["a wrong checksum", { name: "pkg/a", data: big, crc: 1 }, "checksum"],
    ["more than it says", { name: "pkg/a", data: big, size: 1000 }, "too many bytes"],
    ["less than it says", { name: "pkg/a", data: big, size: 300_000 }, "not enough bytes"],
    ["garbage", { name: "pkg/a", data: "\xff\xff\xff\xff", stored: true, method: 8 }, "pkg/a"],
  ])("%s is found while it is unpacked, and nothing stays", async (_, entry, why) => {
    using source = await openSource(
      await write("bad.zip", zip([init, { name: "pkg/b", data: big }, entry])),
    );
    const failure = await failureOf(stage(source, join(dir, "addons")));
    expect(failure).toMatchObject({ code: "broken-archive" });
    expect(failure.message).toContain(why);
    expect(await readdir(join(dir, "addons"))).toEqual([]);
  });
});

describe("folders", () => {
  posixOnly("links take a right of their own on Windows")(
    "a link within is the file it leads to; others are refused",
    async () => {
      const path = await folder("pkg", { "__init__.py": info, "a.py": "a = 1", "sub/x": "" });
      await symlink("a.py", join(path, "b.py"));
      using source = await openSource(path);
      const staged = await stage(source, join(dir, "addons"));
      expect(await Bun.file(join(staged.path, "b.py")).text()).toBe("a = 1");
      for (const [target, why] of [
        [join(dir, "outside.txt"), "leads out of the folder"],
        ["..", "leads out of the folder"],
        ["sub", "a link to a folder"],
        ["gone", "leads nowhere"],
      ] as const) {
        await write("outside.txt", "");
        await symlink(target, join(path, "link"));
        const failure = await failureOf(openSource(path));
        expect(failure).toMatchObject({ code: "unsafe-source" });
        expect(failure.message).toContain('"link"');
        expect(failure.message).toContain(why);
        await rm(join(path, "link"));
      }
    },
  );

  posixOnly("links take a right of their own on Windows")(
    "a link to the source itself is followed",
    async () => {
      const path = await folder("real", { "__init__.py": info });
      await symlink(path, join(dir, "linked"));
      using source = await openSource(join(dir, "linked"));
      expect(source.moduleName).toBe("linked");
    },
  );

  posixOnly("Windows has no such files")("a pipe is refused, not read", async () => {
    const path = await folder("pkg", { "__init__.py": info });
    expect(Bun.spawnSync(["mkfifo", join(path, "pipe")]).exitCode).toBe(0);
    expect((await failureOf(openSource(path))).message).toContain("neither a file nor a folder");
  });

  test("a file that changes between the look and the copy", async () => {
    const path = await folder("pkg", { "__init__.py": info });
    for (const text of ["", `${info}more`]) {
      await write("pkg/__init__.py", info);
      using source = await openSource(path);
      await write("pkg/__init__.py", text);
      const failure = await failureOf(stage(source, join(dir, "addons")));
      expect(failure).toMatchObject({ code: "source-changed" });
      expect(await readdir(join(dir, "addons"))).toEqual([]);
    }
  });
});

posixOnly("it is no part of a mode on Windows")(
  "what may be executed may be so afterwards",
  async () => {
    const entries = [
      { name: "pkg/__init__.py", data: info },
      { name: "pkg/tool", data: "#!/bin/sh", mode: 0o100755 },
    ];
    const path = await folder("pkg", { "__init__.py": info, tool: "" });
    await chmod(join(path, "tool"), 0o755);
    for (const one of [await write("x.zip", zip(entries)), path]) {
      using source = await openSource(one);
      const staged = await stage(source, join(dir, "addons"));
      expect((await stat(join(staged.path, "tool"))).mode & 0o111).not.toBe(0);
      expect((await stat(join(staged.path, "__init__.py"))).mode & 0o111).toBe(0);
    }
  },
);

/** Random trees: names are distinct where case doesn't count, files may be empty or of several pieces. */
const names = fc
  .stringMatching(/^[a-zäß][a-z0-9 ß-]{0,8}[a-z0-9]$/u)
  .filter((name) => !/^(con|prn|aux|nul|com\d|lpt\d)$/.test(name));
const tree = fc.letrec<{ tree: Record<string, unknown> }>((tie) => ({
  tree: fc.dictionary(
    names,
    fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.uint8Array({ maxLength: 2000 }),
      fc.uint8Array({ minLength: 100, maxLength: 200 }).map((some) => Buffer.alloc(150_000, some)),
      tie("tree"),
    ),
    { maxKeys: 5, noNullPrototype: true },
  ),
})).tree;

function flat(node: Record<string, unknown>, above: string): ZipEntry[] {
  return Object.entries(node).flatMap(([name, value]) => {
    if (value instanceof Uint8Array) return [{ name: `${above}${name}`, data: value }];
    const inner = flat(Object(value), `${above}${name}/`);
    return [{ name: `${above}${name}/` }, ...inner];
  });
}

test("any tree that is zipped and staged is the same tree", async () => {
  await fc.assert(
    fc.asyncProperty(tree, fc.boolean(), async (random, stored) => {
      const entries = [{ name: "__init__.py", data: info }, ...flat(random, "")];
      const path = await write(
        "tree.zip",
        zip(entries.map((one) => ({ ...one, stored, name: `pkg/${one.name}` }))),
      );
      using source = await openSource(path);
      const staged = await stage(source, join(dir, "addons"));
      const expected = entries.map(({ name, data }) => [
        name,
        Buffer.from(data ?? "").toString("base64"),
      ]);
      expect(await treeAt(staged.path)).toEqual(Object.fromEntries(expected));
      await rm(staged.exchange, { recursive: true });
    }),
    { numRuns: 60 },
  );
});
