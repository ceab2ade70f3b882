// Add-ons as they are found in the wild: each source with what has to become of it.

import { gzipSync } from "node:zlib";
import { type AddonText, extensionFiles, legacyText as withTitle } from "./addon-sources.ts";
import type { WildFiles, Writable } from "./wild-writers.ts";
import { type ZipEntry, zip, zipOf } from "./zip.ts";

/** What has to become of a source: it is installed and enabled as this module, or refused. */
export type WildOutcome =
  | { module: string; warns?: readonly RegExp[]; files?: number }
  | { code: string; says: RegExp };

export interface WildSource extends Writable {
  /** Where both differ: in a Blender without extensions, and since 4.2. */
  outcome: WildOutcome | { old: WildOutcome; since42: WildOutcome };
  /** Why Blender's own installer enables something else, where it does in one of the Blenders. */
  unlike?: string;
}

let titles = 0;
/** A legacy add-on with a title of its own: others with the same title would be warned about. */
const legacyText = (options: AddonText = {}) =>
  withTitle({ title: `Wild ${++titles}`, ...options });

/** An add-on that can be enabled only when all of its files have come, under their names. */
const wholeText = () =>
  `${legacyText({
    top: `from .part import VALUE
FOUND = os.listdir(os.path.join(os.path.dirname(__file__), "data"))`,
    register: `if VALUE != 42 or FOUND != ["größe.txt"]: raise RuntimeError(f"not whole: {FOUND}")`,
  })}`;
const whole = (): WildFiles => ({
  "__init__.py": wholeText(),
  "part.py": `${"# Deflated, this is smaller.\n".repeat(50)}VALUE = 42\n`,
  "data/größe.txt": "größe",
});

const wholeExtension = (id: string): WildFiles => ({
  ...whole(),
  ...extensionFiles(id, { init: wholeText().replace(/^bl_info = \{[^}]*\}/s, "") }),
});

function inFolder(folder: string, files: WildFiles): WildFiles {
  return Object.fromEntries(Object.entries(files).map(([name, one]) => [`${folder}/${name}`, one]));
}

const extensionOnly: WildOutcome = {
  code: "no-extensions",
  says: /is an extension, and Blender 3/,
};
const extended = (id: string, warns: readonly RegExp[] = []): WildSource["outcome"] => ({
  old: extensionOnly,
  since42: { module: `bl_ext.user_default.${id}`, warns },
});

/** The programs, and what their zips are refused or warned about for. */
const writers: readonly {
  writer: Writable["writer"];
  refused?: Extract<WildOutcome, { code: string }>;
  warns?: readonly RegExp[];
}[] = [
  { writer: "python" },
  { writer: "python stored" },
  { writer: "python bzip2" },
  { writer: "python lzma" },
  { writer: "python zip64" },
  { writer: "python streamed" },
  { writer: "explorer" },
  { writer: "old windows", warns: [/the archive has Windows' \\ in its paths; taken for \//] },
  { writer: "finder" },
  { writer: "7z deflate" },
  {
    writer: "7z deflate64",
    refused: { code: "unsupported-archive", says: /packed by method 9; only 0 \(stored\), 8/ },
  },
  { writer: "7z bzip2" },
  { writer: "7z lzma" },
  {
    writer: "7z ppmd",
    refused: { code: "unsupported-archive", says: /packed by method 98; only 0 \(stored\), 8/ },
  },
  { writer: "7z encrypted", refused: { code: "encrypted-archive", says: /is encrypted/ } },
  { writer: "7z aes", refused: { code: "encrypted-archive", says: /is encrypted/ } },
  { writer: "git" },
  { writer: "folder" },
];

const foundIn = /^the add-on was found in /;

/** Layouts, each packed by every program; `n` is a name of its own. */
const layouts: readonly {
  name: string;
  /** The top folder that git adds, or the archive's name says. */
  path: (n: string) => string;
  files: (n: string) => WildFiles;
  outcome: (n: string) => WildSource["outcome"];
  warns?: (writer: Writable["writer"]) => readonly RegExp[];
}[] = [
  {
    name: "flat",
    path: (n) => n,
    files: whole,
    outcome: (n) => ({ module: n }),
  },
  {
    name: "package",
    path: (n) => `${n}_release`,
    files: (n) => ({ "README.md": "", LICENSE: "", ...inFolder(n, whole()) }),
    outcome: (n) => ({ module: n }),
    warns: (writer) => (writer === "git" ? [foundIn] : []),
  },
  {
    name: "nested",
    path: (n) => `${n}-main`,
    files: (n) => ({ "README.md": "", "setup.py": "", ...inFolder(`src/${n}`, whole()) }),
    outcome: (n) => ({ module: n }),
    warns: () => [foundIn],
  },
  {
    name: "lone",
    path: (n) => `${n}-1.0`,
    files: (n) => ({ [`${n}.py`]: legacyText(), "docs/README.md": "" }),
    outcome: (n) => ({ module: n }),
    warns: (writer) => (writer === "git" ? [foundIn] : []),
  },
  {
    name: "extension",
    path: (n) => `${n}-1.0.0`,
    files: (n) => wholeExtension(n),
    outcome: (n) => extended(n),
  },
];

const slug = (text: string) => text.replaceAll(/\W+/g, "_");

function withWarnings(outcome: WildOutcome, warns: readonly RegExp[]): WildOutcome {
  return "code" in outcome ? outcome : { ...outcome, warns: [...(outcome.warns ?? []), ...warns] };
}

/** Every layout by every program. */
const crossed: readonly WildSource[] = layouts.flatMap((layout) =>
  writers.map(({ writer, refused, warns = [] }) => {
    const name = `${layout.name}_${slug(writer)}`;
    const path = layout.path(name) + (writer === "folder" ? "" : ".zip");
    const told = [...warns, ...(layout.warns?.(writer) ?? [])];
    const outcome = layout.outcome(name);
    return {
      path,
      writer,
      files: layout.files(name),
      outcome:
        refused ??
        ("old" in outcome
          ? { ...outcome, since42: withWarnings(outcome.since42, told) }
          : withWarnings(outcome, told)),
    };
  }),
);

const one = (n: string, text = legacyText()): WildFiles => ({ [`${n}/__init__.py`]: text });
const installed = (module: string, ...warns: RegExp[]): WildOutcome => ({ module, warns });
const refused = (code: string, says: RegExp): WildOutcome => ({ code, says });
const renamed = "a name that Python's import statement takes";

/** A source that Python zips. */
function zipped(
  path: string,
  files: WildFiles | Uint8Array,
  outcome: WildSource["outcome"],
  unlike?: string,
): WildSource {
  return { path, writer: "python", files, outcome, ...(unlike === undefined ? {} : { unlike }) };
}

/** A file, or what is no zip of Python's. */
const raw = (
  path: string,
  content: string | Uint8Array,
  ...rest: [WildSource["outcome"], string?]
) => zipped(path, typeof content === "string" ? Buffer.from(content) : content, ...rest);

const entry = (name: string, data = "", more: Partial<ZipEntry> = {}): ZipEntry => ({
  name,
  data,
  ...more,
});
const init = (n: string) => entry(`${n}/__init__.py`, legacyText());
const link = (name: string, target: string) => entry(name, target, { mode: 0o120777 });

/** What people do with names. */
const named: readonly WildSource[] = [
  raw("lone_file.py", legacyText(), installed("lone_file")),
  raw("dash-file.py", legacyText(), installed("dash_file", /'dash-file' is no name/), renamed),
  raw("dotted.file.py", legacyText(), installed("dotted_file", /'dotted.file' is no name/)),
  zipped("dash.zip", one("dash-main"), installed("dash", /'dash-main' is no name/), renamed),
  zipped("dots.zip", one("dots-1.2.3"), installed("dots", /'dots-1.2.3' is no name/)),
  zipped("spaces.zip", one("with spaces"), installed("with_spaces", /no name/), renamed),
  zipped("keyword.zip", one("class"), installed("class_", /'class' is no name/), renamed),
  zipped("number.zip", one("3d-tools"), installed("_3d_tools", /no name/), renamed),
  zipped("unicode.zip", one("größe_ñ_名前"), installed("größe_ñ_名前")),
  zipped("modules.zip", one("modules"), installed("modules_", /'modules' is no name/)),
  zipped("flat-main (1).zip", { "__init__.py": legacyText() }, installed("flat", /no name/)),
  zipped("UPPER.ZIP", one("upper"), installed("upper")),
  zipped("download", one("no_suffix"), installed("no_suffix")),
  {
    path: "folder-main",
    writer: "folder",
    files: { "__init__.py": legacyText() },
    outcome: installed("folder", /'folder-main' is no name/),
  },
];

/** Where the add-on is, and what is beside it. */
const places: readonly WildSource[] = [
  zipped("twice.zip", one("twice/twice"), installed("twice", foundIn)),
  zipped("deep.zip", one("a/b/c/d/deep"), installed("deep", foundIn)),
  zipped(
    "inner.zip",
    { ...one("outer"), ...one("outer/inner") },
    { module: "outer", warns: [], files: 2 },
  ),
  zipped(
    "tests.zip",
    { ...one("tested"), ...one("tests/fake"), "examples/e.py": legacyText() },
    { module: "tested", warns: [/left out as tests, examples or copies/], files: 1 },
  ),
  zipped(
    "two.zip",
    { ...one("first"), ...one("second") },
    refused("ambiguous-source", /2 add-ons in .*first\/ \(first\), second\/ \(second\)/),
    "a source is one add-on, and --name says which",
  ),
  zipped(
    "same_name.zip",
    { ...one("a/same"), ...one("b/same") },
    refused("ambiguous-source", /2 add-ons in .*a\/same\/ \(same\), b\/same\/ \(same\)/),
  ),
  zipped(
    "empty_init.zip",
    { "kept-main/__init__.py": "", "kept-main/kept_addon.py": legacyText() },
    installed("kept_addon", foundIn),
  ),
  zipped(
    "part.zip",
    { "suite/__init__.py": "import bpy\n", "suite/part.py": legacyText() },
    refused("no-addon-in-source", /suite\/__init__.py has no bl_info; suite\/part.py has one/),
  ),
  zipped("no_info.zip", one("no_info", "import bpy\n"), refused("no-addon-in-source", /no_info/)),
  raw("no_info.py", "import bpy\n", refused("no-addon-in-source", /it holds no_info.py/)),
  zipped("readme.zip", { "README.md": "" }, refused("no-addon-in-source", /README.md/)),
  zipped("empty.zip", {}, refused("no-addon-in-source", /no files/)),
  zipped(
    "folders.zip",
    { "only/": "", "only/folders/": "" },
    refused("no-addon-in-source", /no files/),
  ),
  zipped(
    "release.zip",
    { "release/real.zip": zipOf({ "real/__init__.py": legacyText() }), "release/README.md": "" },
    refused("no-addon-in-source", /another archive: release\/real.zip/),
  ),
  zipped(
    "compiled.zip",
    { "compiled/__init__.pyc": "" },
    refused("no-addon-in-source", /__init__.pyc/),
  ),
  zipped(
    "left_over.zip",
    {
      ...one("left"),
      "left/__pycache__/__init__.cpython-311.pyc": "",
      "left/.git/config": "",
      "left/.DS_Store": "",
      "left/.venv/pyvenv.cfg": "",
      "left/.venv/lib/a.py": "",
    },
    { module: "left", warns: [], files: 1 },
  ),
  zipped(
    "environments.zip",
    {
      ...one("envs"),
      "envs/venv/pyvenv.cfg": "",
      "envs/venv/lib/site/__init__.py": legacyText(),
      "env/pyvenv.cfg": "",
      "env/lib/site.py": legacyText(),
      "envs/env/kept.py": "",
    },
    { module: "envs", warns: [], files: 2 },
  ),
  {
    path: "environments",
    writer: "folder",
    files: { ...one("envs_folder"), "venv/pyvenv.cfg": "", "venv/lib/site.py": legacyText() },
    outcome: { module: "envs_folder", warns: [], files: 1 },
  },
];

const infoWith = (blender: string) => legacyText({ blender });

/** What stands in the add-on's own text. */
const texts: readonly WildSource[] = [
  zipped("bom.zip", one("bom", `\ufeff${legacyText()}`), installed("bom")),
  zipped("crlf.zip", one("crlf", legacyText().replaceAll("\n", "\r\n")), installed("crlf")),
  zipped(
    "latin1.zip",
    {
      "latin/__init__.py": Buffer.from(`# coding: latin-1\n# größe\n${legacyText()}`, "latin1"),
    },
    installed("latin", /it isn't UTF-8/),
  ),
  zipped(
    "annotated.zip",
    one("annotated", legacyText().replace("bl_info =", "bl_info: dict =")),
    installed("annotated"),
  ),
  zipped(
    "computed.zip",
    one("computed", legacyText({ version: "tuple([1, 2])" })),
    installed("computed", /its bl_info can't be read/),
  ),
  zipped(
    "docstring.zip",
    one("documented", `"""bl_info = {}"""\nimport bpy\n${legacyText()}`),
    installed("documented"),
  ),
  zipped(
    "conditional.zip",
    one("conditional", `if True:\n    bl_info = {"name": "x"}\n`),
    refused("no-addon-in-source", /conditional/),
  ),
  zipped("newer.zip", one("newer", infoWith("(9, 0, 0)")), installed("newer", /9\.0/)),
  zipped("older.zip", one("older", infoWith("(2, 79, 0)")), {
    old: refused("enable-failed", /made for Blender 2\.79\.0, which is too old/),
    since42: installed("older"),
  }),
  zipped(
    "no_register.zip",
    one("no_register", legacyText().replace(/def register.*/s, "")),
    refused("enable-failed", /register/),
  ),
  zipped(
    "syntax.zip",
    one("syntax", `${legacyText()}def (:\n`),
    refused("enable-failed", /SyntaxError/),
  ),
  zipped(
    "missing.zip",
    one("missing", legacyText({ top: "import no_such_module_at_all" })),
    refused("missing-module", /no_such_module_at_all/),
  ),
];

/** What zips hold besides plain files. */
const members: readonly WildSource[] = [
  zipped(
    "link.zip",
    { "linked/__init__.py": { link: "real/code.py" }, "linked/real/code.py": legacyText() },
    installed("linked"),
  ),
  zipped(
    "link_inside.zip",
    { ...one("link_inside"), "link_inside/a.md": { link: "b/c.md" }, "link_inside/b/c.md": "" },
    { module: "link_inside", warns: [], files: 3 },
  ),
  {
    path: "linked_folder",
    writer: "folder",
    files: { "__init__.py": { link: "real/code.py" }, "real/code.py": legacyText() },
    outcome: installed("linked_folder"),
  },
  {
    path: "linked_git.zip",
    writer: "git",
    files: {
      "p/__init__.py": legacyText(),
      "p/docs.md": { link: "../README.md" },
      "README.md": "",
    },
    outcome: installed("p", foundIn),
  },
  raw(
    "out.zip",
    zip([init("link_out"), link("link_out/passwd", "/etc/passwd")]),
    refused("unsafe-source", /link to "\/etc\/passwd"/),
    "the link leads out of the add-on, and Blender makes it a text file with the target's name",
  ),
  raw(
    "link_folder.zip",
    zip([init("link_folder"), entry("link_folder/real/a.py"), link("link_folder/l", "real")]),
    refused("unsafe-source", /link to a folder/),
    "Blender makes it a text file with the target's name, which no add-on means",
  ),
  raw("same_twice.zip", zip(Array(2).fill(init("same_twice"))), installed("same_twice")),
  raw(
    "other_twice.zip",
    zip([init("other_twice"), entry("other_twice/a", "1"), entry("other_twice/a", "2")]),
    refused("unsafe-source", /twice, with different content/),
    "of two different files, one would be taken by chance",
  ),
  raw(
    "outside_twice.zip",
    zip([init("outside_twice"), entry("README", "1"), entry("README", "2"), entry("what?")]),
    installed("outside_twice"),
  ),
  raw(
    "before.zip",
    Buffer.concat([Buffer.from("#!/bin/sh\n"), zip([init("before")])]),
    installed("before", /before or behind/),
  ),
  raw(
    "behind.zip",
    Buffer.concat([zip([init("behind")]), Buffer.from("\n\n")]),
    installed("behind", /before or behind/),
  ),
  { ...zipped("comment.zip", one("comment"), installed("comment")), comment: "a".repeat(1000) },
  raw(
    "dot.zip",
    zip([entry("./dot/__init__.py", legacyText()), entry("dot//a.py")]),
    installed("dot"),
  ),
  raw(
    "modes.zip",
    zip([
      entry("modes/__init__.py", legacyText(), { mode: 0 }),
      entry("modes/a.py", "", { mode: 0o104755 }),
    ]),
    installed("modes"),
  ),
  raw(
    "windows_names.zip",
    zip([
      init("windows_names"),
      entry("windows_names/aux.py"),
      entry("windows_names/a.py"),
      entry("windows_names/A.py"),
    ]),
    installed("windows_names", /not every system can hold .*aux.py.*A.py/),
  ),
  raw(
    "control.zip",
    zip([init("control"), entry("control/a\u001b.py")]),
    refused("unsafe-source", /control characters/),
    "such a name could write to whoever's terminal",
  ),
  raw(
    "absolute.zip",
    zip([init("absolute"), entry("/absolute/a.py")]),
    refused("unsafe-source", /absolute path/),
    "an honest zip has no such paths",
  ),
  raw(
    "drive.zip",
    zip([init("drive"), entry("C:\\drive\\a.py")]),
    refused("unsafe-source", /drive letter/),
    "an honest zip has no such paths",
  ),
  raw(
    "up.zip",
    zip([init("up"), entry("up/../../up.py")]),
    refused("unsafe-source", /leads out of the source/),
    "an honest zip has no such paths",
  ),
];

const notAddons: readonly WildSource[] = [
  raw(
    "cut.zip",
    zip([init("cut"), entry("cut/a.py", "a = 1\n".repeat(99))]).subarray(0, 300),
    refused("broken-archive", /cut off or damaged/),
  ),
  raw("crc.zip", zip([{ ...init("crc"), crc: 1 }]), refused("broken-archive", /checksum/)),
  raw("size.zip", zip([{ ...init("size"), size: 9 }]), refused("broken-archive", /size/)),
  raw(
    "bad_bzip2.zip",
    zip([{ ...init("bad_bzip2"), stored: true, method: 12 }]),
    refused("broken-archive", /bzip/),
  ),
  raw(
    "bad_lzma.zip",
    zip([{ ...init("bad_lzma"), stored: true, method: 14 }]),
    refused("broken-archive", /LZMA/),
  ),
  raw(
    "zstd.zip",
    zip([{ ...init("zstd"), stored: true, method: 93 }]),
    refused("unsupported-archive", /method 93/),
  ),
  raw("page.zip", "<!DOCTYPE html><title>404</title>", refused("not-a-zip", /isn't a zip archive/)),
  raw(
    "addon.tar.gz",
    gzipSync(legacyText()),
    refused("not-a-source", /neither a folder nor a .zip/),
  ),
  raw(
    "addon.7z",
    Buffer.from("377abcaf271c0004", "hex"),
    refused("not-a-source", /neither a folder/),
  ),
  raw("theme.xml", "<bpy></bpy>", refused("not-a-source", /neither a folder/)),
  raw("notes.txt", legacyText(), refused("not-a-source", /neither a folder/)),
];

const ext = (id: string, more = "", files: WildFiles = {}): WildFiles => ({
  ...extensionFiles(id, { more }),
  ...files,
});
const manifestOf = (id: string) => `${extensionFiles(id)["blender_manifest.toml"]}`;
const wheel = "wheels/a_wheel-1.0-py3-none-any.whl";

const extensions: readonly WildSource[] = [
  zipped("ext-main.zip", inFolder("ext-main", ext("ext_github")), extended("ext_github")),
  zipped(
    "ext_deep.zip",
    inFolder("repo/source/x", ext("ext_deep")),
    extended("ext_deep", [foundIn]),
  ),
  {
    path: "ext_folder",
    writer: "folder",
    files: ext("ext_other_id"),
    outcome: extended("ext_other_id"),
  },
  zipped(
    "both.zip",
    { ...ext("both_flat"), "__init__.py": legacyText() },
    {
      old: installed(
        "both_flat",
        /installed as a legacy add-on/,
        /manifest says that it needs Blender 4/,
      ),
      since42: installed("bl_ext.user_default.both_flat"),
    },
  ),
  zipped("both_in.zip", inFolder("both_in", { ...ext("both_id"), "__init__.py": legacyText() }), {
    old: installed(
      "both_in",
      /installed as a legacy add-on/,
      /manifest says that it needs Blender 4/,
    ),
    since42: installed("bl_ext.user_default.both_id"),
  }),
  zipped(
    "ext_mac.zip",
    { ...ext("ext_mac"), "__MACOSX/._blender_manifest.toml": "", ".DS_Store": "" },
    extended("ext_mac"),
  ),
  zipped("ext_newer.zip", extensionFiles("ext_newer", { oldest: "9.0.0" }), {
    old: extensionOnly,
    since42: refused("incompatible", /9\.0\.0/),
  }),
  zipped("ext_old.zip", ext("ext_max", 'blender_version_max = "4.2.0"'), {
    old: extensionOnly,
    since42: refused("incompatible", /4\.2\.0/),
  }),
  zipped("ext_platform.zip", ext("ext_platform", 'platforms = ["windows-x64", "macos-arm64"]'), {
    old: extensionOnly,
    since42: refused("incompatible", /it is for windows-x64, macos-arm64/),
  }),
  zipped(
    "ext_here.zip",
    ext("ext_here", 'platforms = ["linux-x64", "linux-arm64"]'),
    extended("ext_here"),
  ),
  zipped(
    "ext_code.zip",
    { "blender_manifest.toml": manifestOf("ext_code") },
    refused("bad-manifest", /there is no __init__.py/),
  ),
  zipped(
    "ext_compiled.zip",
    { "blender_manifest.toml": manifestOf("ext_compiled"), "__init__.pyc": "" },
    refused("bad-manifest", /there is no __init__.py/),
  ),
  zipped(
    "ext_id.zip",
    { ...ext("x"), "blender_manifest.toml": manifestOf("my-ext") },
    refused("bad-manifest", /id is "my-ext"/),
  ),
  zipped(
    "ext_toml.zip",
    { ...ext("x"), "blender_manifest.toml": "id = " },
    refused("bad-manifest", /blender_manifest.toml/),
  ),
  zipped(
    "ext_permissions.zip",
    ext("ext_permissions", `[permissions]\nfiles = "Reads"\nwheels = ["./${wheel}"]`, {
      [wheel]: "",
    }),
    refused("bad-manifest", /permissions is .*: it must be a table of strings/),
  ),
  zipped(
    "ext_wheel_gone.zip",
    ext("ext_wheel_gone", `wheels = ["./${wheel}"]`),
    refused("bad-manifest", /wheels names .*isn't there/),
    "Blender enables it without the wheel, and it would miss it when it is used",
  ),
  zipped(
    "ext_wheel_unnamed.zip",
    ext("ext_wheel_unnamed", "", { [wheel]: "" }),
    extended("ext_wheel_unnamed", [
      /Blender won't install .*a_wheel.*: wheels in blender_manifest.toml/,
    ]),
  ),
  zipped(
    "ext_theme.zip",
    { "blender_manifest.toml": manifestOf("a_theme").replace('"add-on"', '"theme"'), "a.xml": "" },
    refused("theme", /'a_theme' is a theme/),
  ),
];

/** All sources, and what has to become of each. */
export const wildSources: readonly WildSource[] = [
  ...crossed,
  ...named,
  ...places,
  ...texts,
  ...members,
  ...notAddons,
  ...extensions,
];
