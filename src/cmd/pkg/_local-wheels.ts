// Wheels and folders of this machine, in the place of names: `pkg install ./foo-1.0-py3-none-any.whl`.

import { existsSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { Failure, wrongUsage } from "../../failure.ts";
import { expanded } from "../../local/files/patterns.ts";
import { metadataIn } from "../../local/index/wheel-metadata.ts";
import { type WheelToPush, wheelsToPush } from "../../local/wheels/push-wheels.ts";
import { knownTagsOf } from "../../remote/python/interpreter.ts";
import type { Session } from "../../remote/wire/session.ts";
import { listed, ours, shellWord, text } from "../../text.ts";
import {
  isUniversal,
  normalizedName,
  packageOfWheel,
  parseWheelName,
} from "../../wheels/filename.ts";
import { misfitTable } from "../../wheels/misfit-table.ts";
import { type NamedRequirement, parseRequirement } from "../../wheels/requirement.ts";
import { resolve } from "../../wheels/resolve.ts";
import { versionKey } from "../../wheels/version-order.ts";
import type { Context } from "../_command.ts";

/** A path that stands in the place of a requirement. */
export interface LocalPath {
  path: string;
  /** `[all]` behind a wheel, with the brackets. */
  extras: string;
  isFolder: boolean;
}

/** A folder is a path with a separator, as pip has it: a bare word is a name, whatever lies here. */
const pathForm = process.platform === "win32" ? /[\\/]|^\./ : /\/|^\./;

/** The path that a word names; undefined for what is no path, or something else than wheels. */
function localPath(word: string): LocalPath | undefined {
  // An address, and a name with one (PEP 508).
  if (/:\/\/|^[\w.-]+\s*(?:\[[^[\]]*\])?\s*@/.test(word)) return undefined;
  const [, path = word, extras = ""] = /^(.*\.whl)\s*(\[[^[\]]*\])?$/is.exec(word) ?? [];
  const isWheel = /\.whl$/i.test(path);
  const info = statSync(path, { throwIfNoEntry: false });
  if (info?.isDirectory() === true && pathForm.test(word)) {
    requireNoProject(word);
    return { path: word, extras: "", isFolder: true };
  }
  if (!isWheel) return undefined;
  if (info !== undefined) return { path, extras, isFolder: false };
  throw wrongUsage(
    "missing-path",
    `there is no '${path}' on this machine`,
    text`one of Blender's machine: ${ours("pkg pip", "--", "install", word)}`,
  );
}

/** For pip a folder is a project, of which a wheel would have to be built. */
function requireNoProject(folder: string): void {
  const has = (name: string) => existsSync(join(folder, name));
  if (has("blender_manifest.toml")) {
    throw wrongUsage(
      "not-wheels",
      `'${folder}' is an extension of Blender`,
      ours("addon install", folder),
    );
  }
  const file = ["pyproject.toml", "setup.py"].find(has);
  if (file === undefined) return;
  throw wrongUsage(
    "not-wheels",
    `'${folder}' is a project (it has ${file}), of which a wheel must be built first`,
    `pip wheel --no-deps --wheel-dir dist ${shellWord(folder)}; then give the wheel's file`,
  );
}

/**
 * Tells paths from names.
 *
 * @throws Failure `missing-path`, `not-wheels`, and as `expanded`, kind `usage`.
 */
export async function pathsAmong(
  words: readonly string[],
): Promise<{ paths: LocalPath[]; specs: string[] }> {
  const paths: LocalPath[] = [];
  const specs: string[] = [];
  for (const word of words) {
    // Versions may have a star, too.
    const isPattern = /[*?].*\.whl$/i.test(word);
    for (const each of isPattern ? await expanded([word]) : [word]) {
      const path = localPath(each);
      if (path === undefined) specs.push(each);
      else paths.push(path);
    }
  }
  return { paths, specs };
}

/** Wheels of this machine that are to be installed. */
export interface LocalWheels {
  wheels: WheelToPush[];
  /** Just these versions. */
  requirements: NamedRequirement[];
  /** What was passed over, a sentence each. */
  notes: string[];
}

/**
 * Finds the wheels that paths name and that are to be installed: the files that are named, and of a
 * folder each package in the newest version that fits. Nothing is sent.
 *
 * @throws Failure as `wheelsToPush`; `bad-wheel`, `bad-metadata`, `tags-dont-fit`, `tags-unknown`.
 */
export async function localWheels(
  session: Session,
  paths: readonly LocalPath[],
  { signal }: Context,
): Promise<LocalWheels> {
  const all: LocalWheels = { wheels: [], requirements: [], notes: [] };
  for (const path of paths) {
    const { whole, bad, warnings } = await wheelsToPush([path.path], { verify: false, signal });
    const [damaged] = bad;
    if (damaged !== undefined)
      throw new Failure("bad-wheel", `${damaged.name}: ${damaged.problem}; nothing was sent`, {
        hint: "get that wheel again",
      });
    all.notes.push(...warnings);
    const chosen = await chosenOf(session, path, whole);
    all.notes.push(...chosen.notes);
    for (const wheel of chosen.wheels) {
      if (all.wheels.some(({ name }) => name === wheel.name)) continue;
      await requireItself(wheel);
      all.wheels.push(wheel);
      all.requirements.push(requirementOf(wheel.name, path.extras));
    }
  }
  return all;
}

/** A wheel that was renamed would be installed as what it is, and not as what was asked for. */
async function requireItself({ name, path }: WheelToPush): Promise<void> {
  const wheel = parseWheelName(name);
  const says = await metadataIn({ filename: name, url: pathToFileURL(path).href }, path);
  const isItself =
    normalizedName(says.name) === normalizedName(wheel?.distribution ?? "") &&
    versionKey(says.version) === versionKey(wheel?.version ?? "");
  if (isItself) return;
  throw new Failure(
    "bad-wheel",
    `${name}: its metadata says that it is ${says.name} ${says.version}; nothing was sent`,
    { hint: "give it the name back that it had" },
  );
}

function requirementOf(filename: string, extras: string): NamedRequirement {
  const wheel = parseWheelName(filename);
  const read = parseRequirement(`${wheel?.distribution}${extras}==${wheel?.version}`);
  if (read.ok) return read.requirement;
  throw wrongUsage(
    "bad-requirement",
    `can't install '${filename}${extras}': ${read.reason}`,
    "extras are names with commas between them: ./foo-1.0-py3-none-any.whl[one,two]",
  );
}

/** pip's own wheel lies in folders of `pkg download --with-pip`; pip isn't replaced by the way. */
const passedOver = "pip";

async function chosenOf(
  session: Session,
  { path, isFolder }: LocalPath,
  whole: readonly WheelToPush[],
): Promise<Pick<LocalWheels, "wheels" | "notes">> {
  const nameOf = ({ name }: WheelToPush) => packageOfWheel(name);
  const candidates = whole.filter((one) => !isFolder || nameOf(one) !== passedOver);
  const tags = await tagsFor(session, candidates);
  const wheels: WheelToPush[] = [];
  const misfits: string[] = [];
  for (const [name, some] of Map.groupBy(candidates, nameOf)) {
    const read = parseRequirement(name);
    const files = some.map((one) => one.name);
    const found = read.ok ? resolve(read.requirement, files, tags) : undefined;
    const best = found?.code === "ok" ? found.wheel.filename : undefined;
    if (found?.code === "no-fitting-wheel") misfits.push(...misfitTable(found.wheels));
    wheels.push(...some.filter((one) => one.name === best));
  }
  if (misfits.length > 0) {
    const lines = misfits.map((line) => `\n  ${line}`).join("");
    throw new Failure(
      "tags-dont-fit",
      `nothing was sent: Blender's Python doesn't take what is in '${path}'${lines}`,
      { hint: text`${ours("pkg download", "PACKAGE")} gets wheels that fit` },
    );
  }
  const left = whole.filter((one) => !wheels.includes(one)).map(({ name }) => basename(name));
  const notes = left.length === 0 ? [] : [`passed over in ${path}: ${listed(left, 3)}`];
  return { wheels, notes };
}

/** Wheels for every Python 3 need no question. */
async function tagsFor(
  session: Session,
  wheels: readonly WheelToPush[],
): Promise<readonly string[] | null> {
  if (wheels.every(({ name }) => isUniversal(name))) return null;
  const { tags, unknown } = await knownTagsOf(session);
  if (tags !== null) return tags;
  throw new Failure(
    "tags-unknown",
    `nothing was sent: it isn't known which wheels fit Blender's Python: ${unknown}`,
    { hint: text`${ours("pkg info")} shows what is missing there` },
  );
}
