// Extensions in folders, made by the tests.

import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** The fields of a manifest in which nothing is wrong. */
export const goodManifest: Readonly<Record<string, unknown>> = {
  schema_version: "1.0.0",
  id: "my_ext",
  version: "1.2.3-beta.1+b2",
  name: "My Ext",
  tagline: "Does it",
  maintainer: "Me <me@example.org>",
  type: "add-on",
  license: ["SPDX:GPL-3.0-or-later"],
  blender_version_min: "4.2.0",
};

/** Fields as TOML; those that are undefined are left out. */
export function tomlOf(fields: Readonly<Record<string, unknown>>): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`)
    .join("");
}

/** The code of an add-on that does nothing. */
export const idleCode = "def register():\n    pass\n\n\ndef unregister():\n    pass\n";

/** A file's content; `{ link }` for a link that leads there, `{ run }` for an executable. */
export type MadeFile = string | Uint8Array | { link: string } | { run: string };

/** Writes files into a folder, by their paths. */
export async function writeFiles(
  folder: string,
  files: Readonly<Record<string, MadeFile>>,
): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    if (typeof content === "string" || content instanceof Uint8Array)
      await writeFile(path, content);
    else if ("link" in content) await symlink(content.link, path);
    else {
      await writeFile(path, content.run);
      await chmod(path, 0o755);
    }
  }
}

/** Manifests with something odd in them, and the field that is odd. */
export const oddFields: readonly (readonly [field: string, value: unknown])[] = [
  ...["my-ext", "_x", "x_", "a__b", "../x", "1st", "", " ", "größe", "class", "ⅷ", "a b", 3].map(
    (value) => ["id", value] as const,
  ),
  ...["1.2", "1.02.3", "1.2.3.4", "v1.2.3", "1.2.3-01", "1.2.3-a.01b", "1.2.3+01", "1.2.3-", 1].map(
    (value) => ["version", value] as const,
  ),
  ...["1", "1.0", "2.0.0", true].map((value) => ["schema_version", value] as const),
  ...["", " ", "\u3000", "\ufeff", "a\u001b[31m", " a", "a ", "a\n", "\ufeffa", [], 1].flatMap(
    (value) => ["name", "maintainer", "website"].map((field) => [field, value] as const),
  ),
  ...["Ends.", "Ends…", "Brackets)", "[x]", "{y}", "Number 4", "½", "日本語", "é", "😀", "a!"].map(
    (value) => ["tagline", value] as const,
  ),
  ...["x".repeat(64), "x".repeat(65), `${"😀".repeat(63)}x`, "\u{20000}".repeat(64), "", 5].map(
    (value) => ["tagline", value] as const,
  ),
  ...["add-on", "theme", "keymap", "addon", "", ["add-on"]].map(
    (value) => ["type", value] as const,
  ),
  ...[[], [""], [" "], ["a", 1], "GPL", {}, [["a"]]].flatMap((value) =>
    ["license", "tags", "platforms", "wheels"].map((field) => [field, value] as const),
  ),
  ...[
    "4",
    "4.2",
    "4.2.0",
    "4.2.0.0",
    "4.2 LTS",
    "",
    "a.b.c",
    "4..2",
    "-1.2.3",
    "04.2.0",
    4.2,
  ].flatMap((value) =>
    ["blender_version_min", "blender_version_max"].map((field) => [field, value] as const),
  ),
  ...[
    "2024 Me",
    "2002-2024 Me",
    "2024",
    "2024 ",
    "Me",
    "2024-Me",
    "20a4 Me",
    "2024  Me",
    1,
    "-2024 Me",
    "2020-2022-2024 Me",
  ].map((value) => ["copyright", [value]] as const),
  ["copyright", []],
  ["copyright", "2024 Me"],
  ...[
    "./wheels/a-1-py3-none-any.whl",
    "a-1-py3-none-any.WHL",
    "a-1-2-py3-none-any.whl",
    "a-1-2-3-py3-none-any.whl",
    "a-1.whl",
    "a-1-py3-none-any.zip",
    "C:\\a-1-py3-none-any.whl",
    'a"-1-py3-none-any.whl',
    " a-1-py3-none-any.whl",
    "/a-1-py3-none-any.whl",
    "../a-1-py3-none-any.whl",
    "x-y-z/a-1.whl",
  ].map((value) => ["wheels", [value]] as const),
  ["new_in_the_future", 1],
];

/** Texts that are TOML, or nearly. */
export const oddToml: readonly string[] = [
  'permissions = ["files"]',
  "permissions = 1979-05-27",
  '[permissions]\nfiles = "Reads files"\nnetwork = "Asks a server"',
  '[permissions]\nfiles = "Reads files."',
  '[permissions]\ndisk = "Reads files"',
  "[permissions]\nfiles = true",
  "[permissions]",
  "permissions = {}",
  'permissions.clipboard = "Copies"',
  "permissions = 3",
  "date = 1979-05-27T07:32:00Z",
  "x = 1\nx = 2",
  'name = "again"',
  "x = [1,\n 2,\n # three\n]",
  "x = {a = 1,\n b = 2}",
  "x = {a = 1,}",
  'x = "\\e"',
  "x = '\\e'",
  'x = """a\n"b"\n"""',
  "x = 0xff",
  "x = 01",
  "x = +inf",
  "x = 1_000",
  "x = 1__0",
  "x = 1979-13-01",
  "x = 07:32:00",
  "[a]\n[a]",
  "[a.b]\n[a]",
  "[[a]]\n[[a]]",
  "[a]\nb.c = 1\n[a.b]",
  "x = tru",
  "x =",
  "= 1",
  "x y = 1",
  '"x y" = 1',
  "x = [1 2]",
  "x = 1 # \u0001",
  "x = 1\r\ny = 2",
  "x = 1\ry = 2",
  "\ufeffx = 1",
  'x = "\ud83d\ude00"',
  'x = "\\ud83d"',
  'x = "\\U0001F600"',
  "x = 1 y = 2",
];
