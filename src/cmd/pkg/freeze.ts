// `pkg freeze`: prints what is installed, as a requirements file.

import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { wrongUsage } from "../../failure.ts";
import { writeFileAtomically } from "../../local/files/atomic-write.ts";
import { requireFolderOf } from "../../local/files/output-place.ts";
import type { InstallTarget } from "../../remote/install/request.ts";
import { type Package, pipsOwn } from "../../remote/packages/package.ts";
import { lookAtPackages } from "../../remote/packages/snapshot.ts";
import { again, text } from "../../text.ts";
import { count } from "../../ui/format.ts";
import { isVersion } from "../../wheels/version-order.ts";
import { command } from "../_command.ts";
import { targetOf } from "../_target.ts";
import { targetArg } from "./_flags.ts";
import { withPackages } from "./_with-packages.ts";

/** Where the file goes. */
async function placeOf(word: string | undefined): Promise<string | undefined> {
  if (word === undefined) return undefined;
  const path = resolve(word);
  await requireFolderOf(path, "--output");
  const there = await stat(path).catch(() => undefined);
  if (there?.isDirectory() !== true) return path;
  throw wrongUsage("output-is-folder", `${path} is a folder`, "name the file: --output FILE");
}

/**
 * The packages that count, by name; of several copies the one that an import gets.
 *
 * @param all those too that Blender, the system, extensions and add-ons brought, and pip.
 */
export function frozen(
  packages: readonly Package[],
  target: InstallTarget | undefined,
  all: boolean,
): Package[] {
  const places = target === undefined ? ["site", "user-modules"] : [target];
  const found = new Map<string, Package>();
  for (const one of packages) {
    const isMeant = all || (places.includes(one.source) && !pipsOwn.has(one.name));
    if (isMeant && one.name !== "bpy" && !found.has(one.name)) found.set(one.name, one);
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A comment in one line: what others named may have line ends, and more lines would be options. */
function comment(text: string): string {
  return `# ${text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]/gu, " ")}`;
}

/** A line of a requirements file; what no index has, and what no file can name, is a comment. */
export function lineOf({ name, version, editable, location }: Package): string {
  if (editable) return comment(`${name} ${version} is an editable install, found in ${location}`);
  if (!/^[\w.-]+$/.test(name) || !/^[\w.!+*-]+$/.test(version))
    return comment(`${name} ${version} has a name or version that can't be one, in ${location}`);
  return `${name}${!isVersion(version) ? "===" : "=="}${version}`;
}

export const freeze = command({
  description: "Print what is installed in Blender as a requirements file, for 'pkg sync -r'",
  args: {
    target: { ...targetArg, description: "Only what is in this place" },
    all: { type: "boolean", description: "Also what Blender, the system and add-ons brought" },
    output: {
      type: "string",
      alias: "o",
      valueHint: "file",
      description: "Write it to this file, in the place of an older one",
    },
  },
  async options({ args }) {
    if (args.all && args.target !== undefined) {
      throw wrongUsage("two-modes", "--all is for all places, and --target for one", "give one");
    }
    const path = await placeOf(args.output);
    return { place: args.target, all: args.all, path, target: await targetOf(args) };
  },
  run: async ({ place, all, path, target }, context) => {
    const { output } = context;
    const { packages } = await withPackages(target, context, lookAtPackages);
    const rows = frozen(packages, place, all);
    for (const { name } of rows.filter(({ editable }) => editable))
      output.warn(`${name} is an editable install, which no file of requirements can name`);
    const lines = rows.map((one) => `${lineOf(one)}\n`).join("");
    if (path !== undefined) await writeFileAtomically(path, lines);
    if (output.json) {
      const about = rows.map(({ name, version, source, location, editable }) => {
        return { name, version, source, location, editable };
      });
      await output.writeJson({ op: "freeze", path: path ?? null, packages: about });
    } else if (path === undefined) await output.write(lines);
    else output.success(`${path}: ${count(rows.length, "package")}`);
    if (rows.length === 0 && !all)
      output.note(text`nothing was installed by anybody; '${again("--all")}' shows the rest`);
  },
});
