// Expands `*` and `?` in paths where the shell leaves that to programs.

import { readdir } from "node:fs/promises";
import { join, win32 } from "node:path";
import { Failure } from "../../failure.ts";
import { requireNoDevice } from "./windows-names.ts";

/**
 * What paths stand for. Windows' shells hand patterns on as they are; there no name has `*` or `?`. Others
 * have expanded them already, and a name may have them.
 *
 * @param paths patterns may be in their last part, as cmd.exe has them; upper and lower case are the same.
 * @returns in their order, and those of a pattern by name.
 * @throws Failure `no-match`, `device-name`, kind `usage`.
 */
export async function expanded(
  paths: readonly string[],
  platform: NodeJS.Platform = process.platform,
): Promise<string[]> {
  if (platform !== "win32") return [...paths];
  return (await Promise.all(paths.map(matching))).flat();
}

/** `\\?\` before a path keeps Windows from changing it; it is no pattern. */
const verbatim = /^[\\/]{2}\?[\\/]/;

async function matching(path: string): Promise<string[]> {
  requireNoDevice(path, "win32");
  // In the top folder of a drive Bun finds nothing by such a path.
  if (/^[a-z]:[^\\/]/i.test(path)) return matching(win32.resolve(path));
  if (!/[*?]/.test(path.replace(verbatim, ""))) return [path];
  const pattern = win32.basename(path);
  const folder = path.slice(0, path.length - pattern.length);
  const names = /[*?]/.test(folder.replace(verbatim, ""))
    ? []
    : await readdir(folder || ".").catch(() => []);
  const wanted = asRegExp(pattern);
  const found = names.filter((name) => wanted.test(name)).sort();
  if (found.length > 0) return found.map((name) => (folder === "" ? name : join(folder, name)));
  throw new Failure("no-match", `nothing in ${folder || "this folder"} matches '${pattern}'`, {
    kind: "usage",
    hint: "give the folder itself, or another pattern: * and ? stand for parts of names",
  });
}

function asRegExp(pattern: string): RegExp {
  const parts = pattern.split(/([*?])/).map((part) => {
    if (part === "*") return ".*";
    return part === "?" ? "." : part.replaceAll(/[\\^$.|+()[\]{}]/g, "\\$&");
  });
  return new RegExp(`^${parts.join("")}$`, "isu");
}
