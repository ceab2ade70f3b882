// Finds the wheels that files and folders of this machine name.

import { readdir, realpath, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { Failure, messageOf, systemCodeOf } from "../../failure.ts";
import { ours, text } from "../../text.ts";
import { sha256Of } from "../files/sha256.ts";
import { examineWheel, type LocalWheel } from "./examine.ts";

/** How many files are examined, and open, at the same time. */
const examinedAtOnce = 16;

/**
 * Finds the wheels that paths name: files as they are, folders searched deeply. In order of file
 * name; each file once, whichever way it was reached.
 *
 * @throws Failure `not-a-path` for an address, `missing-path`, `not-a-wheel`, `no-wheels`, `same-name-twice`.
 */
export async function collectWheels(paths: readonly string[]): Promise<LocalWheel[]> {
  const found = new Map<string, string>();
  for (const path of paths) {
    const wheels = await wheelsAt(path);
    if (wheels.length === 0) {
      throw new Failure("no-wheels", `there is no wheel (*.whl) in '${path}'`, {
        hint: text`fill the folder with 'pip download'; '${ours("pkg info")}' shows the line that fits`,
      });
    }
    for (const wheel of wheels) {
      // A link that leads nowhere is reported later, with the other bad wheels.
      const real = await realpath(wheel).catch(() => wheel);
      const name = basename(wheel);
      const other = found.get(name);
      if (other !== undefined && other !== real) await requireSame(name, other, real);
      else found.set(name, real);
    }
  }
  const names = [...found].sort(([a], [b]) => (a < b ? -1 : 1));
  const wheels: LocalWheel[] = [];
  const left = names.entries();
  const work = async () => {
    for (const [index, [name, path]] of left) wheels[index] = await examineWheel(name, path);
  };
  await Promise.all(Array.from({ length: examinedAtOnce }, work));
  return wheels;
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

async function wheelsAt(path: string): Promise<string[]> {
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
    if (isWheel(path)) return [path];
    throw new Failure("not-a-wheel", `'${path}' isn't a wheel (*.whl)`, {
      kind: "usage",
      hint: "source archives must be built first: pip wheel",
    });
  }
  return wheelsIn(path, new Set());
}

function isWheel(path: string): boolean {
  return path.toLowerCase().endsWith(".whl");
}

/**
 * Links are followed, each folder is entered once.
 *
 * @param entered real paths of folders; added to.
 */
async function wheelsIn(folder: string, entered: Set<string>): Promise<string[]> {
  const real = await realpath(folder);
  if (entered.has(real)) return [];
  entered.add(real);
  const found: string[] = [];
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    throw missing(folder, error);
  });
  for (const entry of entries) {
    const path = join(folder, entry.name);
    const info = entry.isSymbolicLink() ? await stat(path).catch(() => undefined) : entry;
    if (info?.isDirectory()) found.push(...(await wheelsIn(path, entered)));
    else if ((info === undefined || info.isFile()) && isWheel(path)) found.push(path);
  }
  return found;
}

async function requireSame(name: string, one: string, other: string): Promise<void> {
  const [a, b] = await Promise.all([sha256Of(one), sha256Of(other)]);
  if (a === b) return;
  throw new Failure("same-name-twice", `two different files are named ${name}: ${one}, ${other}`, {
    kind: "usage",
    hint: "push them into different remote wheelhouses, or remove one",
  });
}
