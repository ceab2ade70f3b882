// What is broken about installed packages, in words, and what to type.

import * as v from "valibot";
import { megabytes } from "../../megabytes.ts";
import { listed, ours, type Text, text } from "../../text.ts";
import { countSchema } from "../numbers.ts";
import type { Package } from "./package.ts";

/** What broken_metadata.py finds; `pkg info --json` prints it. */
export const brokenSchema = v.strictObject({
  folder: v.pipe(v.string(), v.description("the folder on sys.path")),
  path: v.pipe(v.string(), v.description("what is broken in it, absolute")),
  problem: v.pipe(v.string(), v.description("a clause that says what about it")),
  kind: v.pipe(
    v.picklist(["metadata", "half", "unrecorded", "leftover", "held", "unfinished", "twice"]),
    v.description(
      "metadata: of one package; half: one is half installed; leftover: of a pip that was interrupted; held: what was replaced or removed while a program has it loaded (Windows), and goes later; unfinished: a change of the user modules that was cut off; twice: one package has the metadata of several versions",
    ),
  ),
  name: v.pipe(v.string(), v.description("whose it is, normalised (PEP 503); may be empty")),
  is_folder: v.pipe(v.boolean(), v.description("else it is a file, or a link")),
  target: v.pipe(
    v.picklist(["site", "user-modules", ""]),
    v.description("the --target by which its folder is installed into; empty for another folder"),
  ),
  size: v.pipe(v.nullable(countSchema), v.description("of what is left, in bytes")),
});

/** Something broken among the installed packages, or left there half done. */
export type BrokenPackage = v.InferOutput<typeof brokenSchema>;

/** A broken thing for people. */
export interface BrokenLine {
  message: string;
  hint: Text;
}

/** Packages of which one folder has the metadata of several versions. */
export function twiceThere(packages: readonly Package[]): BrokenPackage[] {
  const places = Map.groupBy(packages, ({ name, location }) => JSON.stringify([name, location]));
  return [...places.values()].flatMap((copies) => {
    const [first] = copies;
    if (first === undefined || copies.length < 2) return [];
    const versions = copies.map(({ version }) => version).join(" and ");
    return [
      {
        folder: first.location,
        path: first.location,
        problem: `it has metadata of ${first.name} ${versions}, and only one can be there`,
        kind: "twice",
        name: first.name,
        is_folder: true,
        target: first.source === "user-modules" || first.source === "site" ? first.source : "",
        size: null,
      },
    ];
  });
}

function removal({ path, is_folder: isFolder }: BrokenPackage): string {
  const remove = isFolder ? "import shutil; shutil.rmtree" : "import os; os.remove";
  return `${remove}(${JSON.stringify(path)})`;
}

/** What takes a broken thing away, to be typed. */
function removed(broken: BrokenPackage): Text {
  return ours("execute", "--code", removal(broken));
}

function hintOf(broken: BrokenPackage): Text {
  const { kind, name, target } = broken;
  if (kind === "unfinished") {
    return text`'${ours("pkg clean")}' puts back what was there, and so does the next install or uninstall`;
  }
  if (kind === "twice" && target === "") return "remove the metadata of all but one by hand";
  if (kind === "leftover" || name === "" || target === "")
    return text`remove it: ${removed(broken)}`;
  const flags = target === "site" ? [] : ["--target", target];
  const again = ours("pkg install", name, "--force-reinstall", ...flags);
  if (kind === "twice") return text`install it again: ${again}`;
  // pip removes nothing without a RECORD.
  if (kind === "unrecorded") {
    return text`remove it: ${removed(broken)}; then install it again: ${ours("pkg install", name, ...flags)}`;
  }
  return text`install it again: ${again}; or, where it is nobody's, remove it: ${removed(broken)}`;
}

/** What `pkg clean` and the next install remove: leftovers of pip where pip installs. */
export function isDebris({ kind, target }: BrokenPackage): boolean {
  return kind === "leftover" && target !== "";
}

/** How many leftovers a sentence names. */
const namedLeftovers = 4;

/** Leftovers of one folder, in one sentence. */
export function debrisText(folder: string, left: readonly BrokenPackage[]): string {
  const names = left.map(({ path }) => path.slice(folder.length + 1));
  const bytes = left.reduce((sum, { size }) => sum + (size ?? 0), 0);
  return `${listed(names, namedLeftovers)} in ${folder} (${megabytes(bytes)})`;
}

function debrisLines(broken: readonly BrokenPackage[]): BrokenLine[] {
  const folders = Map.groupBy(broken.filter(isDebris), ({ folder }) => folder);
  return [...folders].map(([folder, left]) => ({
    message: `a pip that was interrupted has left ${debrisText(folder, left)}`,
    hint: text`'${ours("pkg clean")}' removes it, and so does the next install or uninstall`,
  }));
}

/**
 * What stays for now because a program has it loaded, a line for each folder: nobody needs to do
 * anything about it.
 */
export function heldLines(broken: readonly BrokenPackage[]): string[] {
  const folders = Map.groupBy(broken.filter(isHeld), ({ folder }) => folder);
  return [...folders].map(
    ([folder, left]) =>
      `Windows keeps what a program has loaded: ${debrisText(folder, left)}; when that has ended, the next install or uninstall removes it`,
  );
}

function isHeld({ kind }: BrokenPackage): boolean {
  return kind === "held";
}

/** What is broken, a line each, and what to type; what is held is no trouble. */
export function brokenLines(broken: readonly BrokenPackage[]): BrokenLine[] {
  const single = broken.filter((one) => !isDebris(one) && !isHeld(one));
  const lines = single.map((one) => ({
    message: `${one.path} is ${one.kind === "unfinished" ? "unfinished" : "broken"}: ${one.problem}`,
    hint: hintOf(one),
  }));
  return [...lines, ...debrisLines(broken)];
}

/** The same for places where a hint has no line of its own: one warning each. */
export function brokenWarnings(broken: readonly BrokenPackage[]): Text[] {
  return brokenLines(broken).map(({ message, hint }) => text`${message} (${hint})`);
}

/**
 * What a pip that ended in an exception was failed by, and the way on; undefined if by nothing known.
 *
 * @param output what pip wrote.
 */
export function brokenFailure(
  broken: readonly BrokenPackage[],
  output: string,
): BrokenLine | undefined {
  const metadata = broken.filter(({ kind }) => kind === "metadata");
  // It also warns of metadata that it skips, and goes on.
  const errors = output.replaceAll(/^WARNING:.*$/gm, "");
  const named = metadata.find(({ path }) => errors.includes(path));
  const undecoded = metadata.find(({ problem }) => problem.includes("UTF-8")) ?? metadata[0];
  const crashed = /^(?:UnicodeDecodeError|TypeError): /m.test(errors);
  const cause = named ?? (crashed ? undecoded : undefined);
  if (cause === undefined) return undefined;
  const message = `pip can't go on where metadata is broken: ${cause.path}: ${cause.problem}`;
  return { message, hint: text`remove it, then run the same command again: ${removed(cause)}` };
}
