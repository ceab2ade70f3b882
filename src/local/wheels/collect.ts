// Finds the wheels that files and folders of this machine name.

import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Failure, messageOf, systemCodeOf } from "../../failure.ts";
import { listed, ours, shellWord, text } from "../../text.ts";
import { isSourceArchive } from "../../wheels/filename.ts";
import { expanded } from "../files/patterns.ts";
import { realPath } from "../files/real-path.ts";
import { sha256Of } from "../files/sha256.ts";
import { examineWheel, type LocalWheel } from "./examine.ts";

/** How many files are examined, and open, at the same time. */
const examinedAtOnce = 16;

/** A file that is named like a wheel, and where it was found. */
export interface FoundWheel extends LocalWheel {
  /** The folder that it, or a link to it, is in. */
  folder: string;
}

/** What paths come to. */
interface Found {
  wheels: FoundWheel[];
  /** What isn't pushed though it may have been meant, a sentence each. */
  warnings: string[];
}

/**
 * Finds the wheels that paths name: files as they are, folders searched deeply. In order of file
 * name; each file once, whichever way it was reached.
 *
 * @throws Failure `not-a-path` for an address, `missing-path`, `not-a-wheel`, `no-wheels`, `same-name-twice`;
 *   as `expanded`.
 */
export async function collectWheels(paths: readonly string[]): Promise<Found> {
  const found = new Map<string, { real: string; folder: string }>();
  const sources = new Set<string>();
  for (const path of await expanded(paths)) {
    const here = await wheelsAt(path);
    if (here.wheels.length === 0) throw noWheels(path, here.sources);
    for (const source of here.sources) sources.add(source);
    for (const wheel of here.wheels) {
      // A link that leads nowhere is reported later, with the other bad wheels.
      const real = await realPath(wheel).catch(() => wheel);
      const name = basename(wheel);
      const other = found.get(name);
      if (other === undefined) found.set(name, { real, folder: dirname(wheel) });
      else if (other.real !== real) await requireSame(name, other.real, real);
    }
  }
  const names = [...found].sort(([a], [b]) => (a < b ? -1 : 1));
  const wheels: FoundWheel[] = [];
  const left = names.entries();
  const work = async () => {
    for (const [index, [name, { real, folder }]] of left) {
      wheels[index] = { ...(await examineWheel(name, real)), folder };
    }
  };
  await Promise.all(Array.from({ length: examinedAtOnce }, work));
  return { wheels, warnings: sources.size === 0 ? [] : [unbuilt([...sources])] };
}

/** How a wheel comes of a source archive. */
function build(archive: string): string {
  return `build a wheel of it first, with a Python like Blender's: pip wheel --no-deps ${archive}`;
}

/** Names of archives in a message; the rest is counted. */
const mostSources = 3;

function namesOf(sources: readonly string[]): string[] {
  return [...new Set(sources.map((source) => basename(source)))].sort();
}

function unbuilt(sources: readonly string[]): string {
  const names = namesOf(sources);
  const [verb, them] = names.length === 1 ? ["needs", "it"] : ["need", "them"];
  return `${listed(names, mostSources)} ${verb} building; wheels only are pushed ('pip wheel' makes wheels of ${them})`;
}

function noWheels(path: string, sources: readonly string[]): Failure {
  if (sources.length > 0) {
    const names = listed(namesOf(sources), mostSources);
    const message = `there is no wheel (*.whl) in '${path}', only what needs building: ${names}`;
    return new Failure("no-wheels", message, { hint: build("ARCHIVE") });
  }
  return new Failure("no-wheels", `there is no wheel (*.whl) in '${path}'`, {
    hint: text`'${ours("pkg download", "PACKAGE", "--dest", path)}' gets wheels that fit Blender`,
  });
}

function missing(path: string, error: unknown): Failure {
  const what =
    systemCodeOf(error) === "ENOENT"
      ? `there is no '${path}'`
      : `can't read '${path}': ${messageOf(error)}`;
  return new Failure("missing-path", what, {
    kind: "usage",
    hint: "give wheels, or folders that hold wheels",
    cause: error,
  });
}

function isAddress(path: string): boolean {
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(path);
}

/** Paths of files in or below a folder, or of the one file that was given. */
interface FoundPaths {
  wheels: string[];
  sources: string[];
}

async function wheelsAt(path: string): Promise<FoundPaths> {
  if (isAddress(path)) {
    throw new Failure("not-a-path", `'${path}' is an address, and files and folders are pushed`, {
      kind: "usage",
      hint: text`download it and push the file; or let Blender's pip get it: ${ours("pkg pip", "--", "install", path)}`,
    });
  }
  const info = await stat(path).catch((error: unknown) => {
    throw missing(path, error);
  });
  if (!info.isDirectory()) {
    if (isWheel(path)) return { wheels: [path], sources: [] };
    const isSource = isSourceArchive(basename(path));
    const what = isSource
      ? "isn't a wheel and needs building; wheels only are pushed"
      : "isn't a wheel (*.whl)";
    throw new Failure("not-a-wheel", `'${path}' ${what}`, {
      kind: "usage",
      hint: isSource ? build(shellWord(path)) : "give wheels, or folders that hold wheels",
    });
  }
  const found: FoundPaths = { wheels: [], sources: [] };
  await search(path, new Set(), found);
  return found;
}

function isWheel(path: string): boolean {
  return path.toLowerCase().endsWith(".whl");
}

/**
 * Links are followed, each folder is entered once.
 *
 * @param entered real paths of folders; added to.
 * @param found added to.
 */
async function search(folder: string, entered: Set<string>, found: FoundPaths): Promise<void> {
  const real = await realPath(folder);
  if (entered.has(real)) return;
  entered.add(real);
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    throw missing(folder, error);
  });
  for (const entry of entries) {
    const path = join(folder, entry.name);
    const info = entry.isSymbolicLink() ? await stat(path).catch(() => undefined) : entry;
    if (info?.isDirectory()) await search(path, entered, found);
    else if (info !== undefined && !info.isFile()) continue;
    else if (isWheel(path)) found.wheels.push(path);
    else if (isSourceArchive(entry.name)) found.sources.push(path);
  }
}

async function requireSame(name: string, one: string, other: string): Promise<void> {
  const [a, b] = await Promise.all([sha256Of(one), sha256Of(other)]);
  if (a === b) return;
  throw new Failure("same-name-twice", `two different files are named ${name}: ${one}, ${other}`, {
    kind: "usage",
    hint: "push them into different remote wheelhouses, or remove one",
  });
}
