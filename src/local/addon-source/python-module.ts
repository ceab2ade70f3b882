// Knows which names Python can import, and whether a module is an add-on.

import { isDevice } from "../files/windows-names.ts";

/** Python's keywords, which no module can be named (`keyword.kwlist` of Python 3.10 to 3.14). */
const keywords = new Set(
  (
    "False None True and as assert async await break class continue def del elif else except " +
    "finally for from global if import in is lambda nonlocal not or pass raise return try while " +
    "with yield"
  ).split(" "),
);

/** Whether it is an identifier of Python's (Language Reference, 2.3); keywords are, too. */
export function isIdentifier(name: string): boolean {
  return /^[\p{XID_Start}_]\p{XID_Continue}*$/u.test(name);
}

/** Whether Python's import statement takes it as a module's name. */
export function isModuleName(name: string): boolean {
  return isIdentifier(name) && !keywords.has(name);
}

/**
 * Whether an add-on can have this name. Blender takes the folder `modules` among the add-ons for
 * something else (`bpy.path.module_names`); `con` could be installed on Linux, and not on Windows.
 */
export function isAddonName(name: string): boolean {
  return isModuleName(name) && name !== "modules" && !isDevice(name);
}

/** What GitHub, GitLab and release pages append to a project's name. */
const suffixes = [
  // The second download of a file of the same name.
  / ?\(\d+\)$/,
  /-(main|master|dev|develop|trunk)$/i,
  // A commit.
  /-(?=[a-f]*\d)[0-9a-f]{7,40}$/,
  // A version: v2, 1.2, v1.2.3-rc.1.
  /[-_. ]+(v\d+(\.\d+)*|\d+(\.\d+)+)([-_.]?(alpha|beta|rc|a|b|pre|post|dev)[-_.]?\d*)?$/i,
];

/**
 * An add-on's name made of any name, or undefined if nothing of it can be used. A name that one can
 * have stays as it is; else a branch, version or commit at its end is dropped and what no
 * identifier can hold becomes `_`: `my-addon-main` is `my_addon`.
 */
export function moduleNameFrom(name: string): string | undefined {
  if (isAddonName(name)) return name;
  let bare = name;
  for (let before = ""; before !== bare; ) {
    before = bare;
    for (const suffix of suffixes) bare = bare.replace(suffix, "");
  }
  const joined = (bare === "" ? name : bare)
    .replace(/[^\p{XID_Continue}]+/gu, "_")
    .replace(/^_+|_+$/g, "");
  if (joined === "") return undefined;
  // A keyword, `modules`, a device, or it begins with a digit.
  return [joined, `${joined}_`, `_${joined}`].find(isAddonName);
}

/**
 * The tokens that are needed to tell statements from what is inside strings and brackets. In `r`
 * strings, too, a backslash before a quote keeps the string from ending.
 */
const token = new RegExp(
  [
    /#[^\n]*/,
    /'''(?:\\.|[^\\])*?'''|"""(?:\\.|[^\\])*?"""/,
    // A string without a closing quote ends with the line.
    /'(?:\\.|[^\\\n'])*'?|"(?:\\.|[^\\\n"])*"?/,
    /\\\n/,
    /[([{)\]}\n]/,
  ]
    .map(({ source }) => source)
    .join("|"),
  "gs",
);

/** Whether a module does nothing: it holds no more than comments and strings. */
export function isBlank(source: string): boolean {
  return source.replace(token, (found) => (/^[#'"]/.test(found) ? "" : found)).trim() === "";
}

/**
 * Whether a module assigns `bl_info` at its top level, by which Blender knows a legacy add-on. The
 * text isn't run and its value isn't read: Blender does that.
 */
export function assignsAddonInfo(source: string): boolean {
  if (!source.includes("bl_info")) return false;
  const text = source.replace(/\r\n?/g, "\n");
  const begins = (position: number) =>
    /^bl_info\s*(:[^=\n]*)?=(?!=)/.test(text.slice(position, position + 200));
  if (begins(0)) return true;
  let depth = 0;
  for (const { 0: found, index } of text.matchAll(token)) {
    if ("([{".includes(found)) depth += 1;
    else if (")]}".includes(found)) depth = Math.max(0, depth - 1);
    else if (found === "\n" && depth === 0 && begins(index + 1)) return true;
  }
  return false;
}
