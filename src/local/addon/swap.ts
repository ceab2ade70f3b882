// Unpacks an add-on beside its place, and undoes exchanges that were not finished.

import { randomBytes } from "node:crypto";
import { lstat, mkdir, open, readdir, rename, rm, unlink, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import * as v from "valibot";
import { Failure, messageOf, systemCodeOf } from "../../failure.ts";
import type { AddonSource, SourceFile } from "../addon-source/source.ts";
import { startOf } from "../blender/process.ts";
import { wholeText } from "../files/whole-file.ts";

/*
 * An exchange is a hidden folder beside the add-ons, in which a new one is made and an old one kept:
 *
 *   <add-ons>/.blender-remote-cli-<random>/owner.json  whose it is; its first file
 *                                          plan.json   what it is for; written before anything moves
 *                                          new/NAME    the new one, until it is swapped in
 *                                          old/…       what was in its place, once that was moved away
 *
 * Where `new` is empty, the new one is in place. Putting back means: the new one back to `new`, the old
 * ones back to their places. The end is one rename of the whole to a name of discarded ones, after
 * which there is nothing left to put back. So each step is one rename, and what a killed process leaves
 * says what is to be done. swap.py takes the steps in Blender; here they are prepared, and undone
 * when Blender is gone.
 */

/** Blender's scans for add-ons and extensions leave out folders whose name begins with a dot. */
const prefix = ".blender-remote-cli-";
const discardedPrefix = `${prefix}discarded-`;

/** Up to how many bytes a file is written in one call, which takes less than half of the time. */
const writtenWhole = 1024 ** 2;

const foldersAtOnce = 4;

/** Bytes of a note of ours beside an exchange. */
const mostOfNote = 10_000_000;

const planSchema = v.object({
  /** The file or folder that is to be put in place; null where something is only set aside. */
  name: v.nullable(v.string()),
  /** What it takes the place of: a package and a module of one name hide each other. */
  replaces: v.array(v.string()),
  /** Device and inode of what is put in place, by which it is known again. */
  identity: v.nullable(v.string()),
});

type Plan = v.InferOutput<typeof planSchema>;

/** The command that an exchange belongs to. Folders that `--into` names may be shared. */
const ownerSchema = v.object({
  host: v.string(),
  pid: v.number(),
  started: v.nullable(v.string()),
});

/** An add-on that is unpacked beside its place. */
export interface Staged {
  /** The hidden folder, absolute; for `Exchange` of swap.py, and `putBack`. */
  exchange: string;
  /** The unpacked package or .py, absolute, until it is swapped in. */
  path: string;
  /** Its place, absolute. */
  destination: string;
}

export interface StageOptions {
  /** Default: what the source is; `legacy` for an extension with a `legacyName`. */
  form?: AddonSource["kind"];
  signal?: AbortSignal;
}

function cannotWrite(path: string, error: unknown): Failure {
  const code = systemCodeOf(error);
  return new Failure("write-failed", `can't write ${path}: ${messageOf(error)}`, {
    hint:
      code === "ENOSPC" || code === "EDQUOT"
        ? "make room on that disk; what was installed before is unchanged"
        : "see that the add-ons folder can be written; what was installed before is unchanged",
    cause: error,
  });
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT") return false;
    throw error;
  }
}

async function identityOf(path: string): Promise<string> {
  const { dev, ino } = await lstat(path, { bigint: true });
  return `${dev}:${ino}`;
}

async function newExchange(folder: string): Promise<string> {
  const exchange = join(folder, `${prefix}${randomBytes(6).toString("hex")}`);
  await mkdir(exchange, { recursive: true });
  const owner = { host: hostname(), pid: process.pid, started: await startOf(process.pid) };
  await writeFile(join(exchange, "owner.json"), JSON.stringify(owner));
  await mkdir(join(exchange, "new"));
  await mkdir(join(exchange, "old"));
  return exchange;
}

/** Whether an exchange belongs to another command that runs, as far as can be told from here. */
async function isOthers(exchange: string): Promise<boolean> {
  const text = await wholeText(join(exchange, "owner.json"), mostOfNote).catch(() => "");
  const { success, output } = v.safeParse(v.pipe(v.string(), v.parseJson(), ownerSchema), text);
  if (!success || output.pid === process.pid) return false;
  if (output.host !== hostname()) return true;
  return output.started !== null && (await startOf(output.pid)) === output.started;
}

async function writePlan(exchange: string, plan: Plan): Promise<void> {
  const path = join(exchange, "plan.json");
  await writeFile(`${path}.part`, JSON.stringify(plan), { flush: true });
  await rename(`${path}.part`, path);
}

/**
 * Unpacks an add-on beside its place and checks all of it. Nothing is replaced: that is for `Exchange`
 * of swap.py. When anything fails, nothing of it is left.
 *
 * Files aren't flushed to the disk one by one: what a killed process has written isn't lost, and for an
 * add-on of 2000 files flushing took seconds, and again when they were removed.
 *
 * @param folder the add-ons folder or extension repository, absolute; made where it is missing.
 * @throws Failure `write-failed`; as `FileTree.content`; the signal's reason.
 */
export async function stage(
  source: AddonSource,
  folder: string,
  options: StageOptions = {},
): Promise<Staged> {
  const form = options.form ?? source.kind;
  const module = form === "legacy" ? source.legacyName : source.moduleName;
  if (module === undefined) throw new Error(`${source.moduleName} is no legacy add-on`);
  const name = source.single ? `${module}.py` : module;
  let exchange: string | undefined;
  try {
    exchange = await newExchange(folder);
    const path = join(exchange, "new", name);
    if (source.single) {
      for (const file of source.files) await write(file, path, options.signal);
    } else {
      await mkdir(path);
      const above = source.files.map((file) => dirname(file.path));
      for (const one of new Set([...source.folders, ...above])) {
        await mkdir(join(path, one), { recursive: true });
      }
      const isSmall = ({ size }: SourceFile) => size <= writtenWhole;
      await writeAll(source.files.filter(isSmall), path, options.signal);
      // Unpacking one may take much memory.
      for (const file of source.files) {
        if (!isSmall(file)) await write(file, join(path, file.path), options.signal);
      }
    }
    const replaces = form === "legacy" ? [module, `${module}.py`] : [module];
    await writePlan(exchange, { name, replaces, identity: await identityOf(path) });
    return { exchange, path, destination: join(folder, name) };
  } catch (error) {
    if (exchange !== undefined) await rm(exchange, { recursive: true, force: true });
    throw error instanceof Failure ? error : cannotWrite(exchange ?? folder, error);
  }
}

/**
 * Writes the files of several folders at the same time: in one folder, the system makes files one
 * after the other.
 */
async function writeAll(
  files: readonly SourceFile[],
  folder: string,
  signal?: AbortSignal,
): Promise<void> {
  const groups = Map.groupBy(files, ({ path }) => dirname(path)).values();
  let failed = false;
  const writer = async () => {
    try {
      for (const group of groups) {
        for (const file of group) {
          if (failed) return;
          await write(file, join(folder, file.path), signal);
        }
      }
    } catch (error) {
      failed = true;
      throw error;
    }
  };
  // None may still write when what was written is removed.
  const ends = await Promise.allSettled(Array.from({ length: foldersAtOnce }, writer));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
}

async function write(file: SourceFile, path: string, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  const mode = file.executable ? 0o777 : 0o666;
  if (file.size <= writtenWhole) {
    const pieces = await Array.fromAsync(file.content());
    return await writeFile(path, Buffer.concat(pieces), { flag: "wx", mode });
  }
  const handle = await open(path, "wx", mode);
  try {
    for await (const piece of file.content()) {
      signal?.throwIfAborted();
      await handle.writeFile(piece);
    }
  } finally {
    await handle.close();
  }
}

/** Ends an exchange as it is: what was replaced or set aside is removed. @throws Failure `write-failed`. */
async function discard(exchange: string): Promise<void> {
  const name = `${discardedPrefix}${randomBytes(6).toString("hex")}`;
  const discarded = join(dirname(exchange), name);
  try {
    // From here on there is nothing to put back.
    await rename(exchange, discarded);
  } catch (error) {
    throw cannotWrite(exchange, error);
  }
  await removeDiscarded(discarded);
}

/** What can't be removed now is hidden, and tried again by `recover`. */
async function removeDiscarded(path: string): Promise<void> {
  try {
    if (process.platform === "win32") await unlinkAll(path);
    await rm(path, { recursive: true, force: true });
  } catch {
    // Somebody still has a file of it open, or it isn't ours to write.
  }
}

/** Removes the links in a folder: whether Bun's `rm` goes through Windows' junctions, nobody says. */
export async function unlinkAll(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const info = await lstat(path);
    if (info.isSymbolicLink()) await unlink(path);
    else if (info.isDirectory()) await unlinkAll(path);
  }
}

async function planOf(exchange: string): Promise<Plan | undefined> {
  try {
    const text = await wholeText(join(exchange, "plan.json"), mostOfNote);
    return v.parse(planSchema, JSON.parse(text));
  } catch (error) {
    // A process that was killed before it wrote its plan had moved nothing.
    if (systemCodeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/**
 * Undoes an exchange wherever it stands: the new one away, the old ones back. What someone else has
 * put in an add-on's place meanwhile stays.
 *
 * @returns the names that stand in their places again.
 * @throws Failure `write-failed`.
 */
export async function putBack(exchange: string): Promise<string[]> {
  const folder = dirname(exchange);
  const back: string[] = [];
  try {
    const plan = await planOf(exchange);
    if (plan?.name != null) await takeAway(folder, exchange, plan.name, plan.identity);
    for (const name of plan === undefined ? [] : await readdir(join(exchange, "old"))) {
      if (await exists(join(folder, name))) continue;
      await rename(join(exchange, "old", name), join(folder, name));
      back.push(name);
    }
  } catch (error) {
    throw cannotWrite(exchange, error);
  }
  await discard(exchange);
  return back;
}

/** Moves what was swapped in back to `new`, unless someone else has replaced it since. */
async function takeAway(
  folder: string,
  exchange: string,
  name: string,
  identity: string | null,
): Promise<void> {
  const staged = join(exchange, "new", name);
  const place = join(folder, name);
  if ((await exists(staged)) || !(await exists(place))) return;
  if ((await identityOf(place)) === identity) await rename(place, staged);
}

/**
 * Ends what a killed process left in an add-ons folder or extension repository: an exchange that
 * wasn't finished is undone, unless another command, of other preferences or another machine, works on
 * it. To be called under the lock of the preferences, when no Blender of that lock runs any more.
 *
 * @param folder absolute; may be missing.
 * @returns the names of add-ons that stand in their places again.
 * @throws Failure `write-failed`.
 */
export async function recover(folder: string): Promise<string[]> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT") return [];
    throw new Failure("unreadable", `can't read ${folder}: ${messageOf(error)}`, {
      hint: "see that the add-ons folder can be read",
      cause: error,
    });
  }
  const back: string[] = [];
  for (const name of names.filter((one) => one.startsWith(prefix)).sort()) {
    const path = join(folder, name);
    if (await isOthers(path)) continue;
    if (name.startsWith(discardedPrefix)) await removeDiscarded(path);
    else back.push(...(await putBack(path)));
  }
  return back;
}
