// The list of a wheelhouse, wheelhouse.json: what it has, for which targets, and who asked for it.

import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { Failure, messageOf, systemCodeOf } from "../../failure.ts";
import { normalizedName, parseWheelName } from "../../wheels/filename.ts";
import { writeFileAtomically } from "../files/atomic-write.ts";
import { lockFile } from "../files/file-lock.ts";
import { sha256Of } from "../files/sha256.ts";
import { wholeText } from "../files/whole-file.ts";
import type { FetchedWheel } from "./fetch-wheels.ts";
import { askersOf, type TargetPlan } from "./plan.ts";

const wheelSchema = v.object({
  /** Of the file. */
  name: v.string(),
  package: v.string(),
  version: v.string(),
  sha256: v.string(),
  size: v.number(),
  /** Where it came from. */
  url: v.string(),
  targets: v.array(v.string()),
  /** `pandas 2.2.3: numpy>=1.26`; without a package where it was asked for. */
  required_by: v.array(v.string()),
});

const listSchema = v.object({
  version: v.literal(1),
  targets: v.record(
    v.string(),
    v.object({ python: v.string(), kept: v.record(v.string(), v.string()) }),
  ),
  /** Sorted by name; `pkg push` compares what it sends with `name` and `sha256`. */
  wheels: v.array(wheelSchema),
});

/** What stands in a wheelhouse.json. */
export type WheelhouseList = v.InferOutput<typeof listSchema>;

/** Bytes of a list. */
const most = 100_000_000;

export const wheelhouseListName = "wheelhouse.json";

/**
 * Reads the list of a folder; undefined where it has none.
 *
 * @throws Failure `bad-wheelhouse-list`, kind `usage`.
 */
export async function wheelhouseList(folder: string): Promise<WheelhouseList | undefined> {
  const path = join(folder, wheelhouseListName);
  try {
    return v.parse(listSchema, JSON.parse(await wholeText(path, most)));
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT" || systemCodeOf(error) === "ENOTDIR") return undefined;
    const reason = error instanceof Error ? error.message : String(error);
    throw new Failure("bad-wheelhouse-list", `${path} can't be read: ${reason}`, {
      kind: "usage",
      hint: "remove it: it is written anew",
      cause: error,
    });
  }
}

/** The list of what plans need. */
export function listOf(
  plans: readonly TargetPlan[],
  wheels: readonly FetchedWheel[],
): WheelhouseList {
  const list: WheelhouseList = { version: 1, targets: {}, wheels: [] };
  for (const { target, packages } of plans) {
    const kept = packages.filter(({ file }) => file === null);
    list.targets[target.name] = {
      python: target.python,
      kept: Object.fromEntries(kept.map(({ name, version }) => [name, version])),
    };
  }
  for (const { file, sha256, size } of wheels) {
    const { filename, url } = file;
    const who = new Set<string>();
    const targets: string[] = [];
    const wheel = parseWheelName(filename);
    let [name, version] = [normalizedName(wheel?.distribution ?? ""), wheel?.version ?? ""];
    for (const { target, packages } of plans) {
      const one = packages.find((each) => each.file?.filename === filename);
      if (one === undefined) continue;
      targets.push(target.name);
      [name, version] = [one.name, one.version];
      for (const asker of askersOf(one)) who.add(asker);
    }
    const about = { name: filename, package: name, version, sha256, size, url };
    list.wheels.push({ ...about, targets, required_by: [...who] });
  }
  return list;
}

/** In seconds: to write a list takes far less, to remove many wheels on a slow drive a while. */
const longestWait = 60;

/** Waits until no other command writes this folder's list. */
async function lockList(folder: string, signal: AbortSignal): Promise<Disposable> {
  const path = join(folder, `.${wheelhouseListName}.lock`);
  const options = { seconds: longestWait, signal, onWait: () => {} };
  const lock = await lockFile(path, options).catch((error: unknown) => {
    signal.throwIfAborted();
    throw new Failure("write-failed", `can't lock ${path}: ${messageOf(error)}`, {
      hint: "the wheels are there; only their list is missing, which the same command writes",
      cause: error,
    });
  });
  if (lock !== undefined) return lock;
  throw new Failure(
    "wheelhouse-locked",
    `another blender-remote-cli is writing the list of ${folder}; waited ${longestWait} s for it`,
    { kind: "timeout", hint: "wait for it, and give the same command again" },
  );
}

/**
 * Writes the list of a folder, one command at a time. Wheels of an earlier list stay listed while
 * they are there.
 *
 * @param prune removes those instead, but for such as somebody has put others in the place of.
 * @returns file names: what was removed, what stayed of an earlier list, and what no list knows.
 * @throws Failure `wheelhouse-locked` (kind `timeout`), `write-failed`, `bad-wheelhouse-list`.
 */
export async function writeWheelhouseList(
  folder: string,
  list: WheelhouseList,
  prune: boolean,
  signal: AbortSignal,
): Promise<{ removed: string[]; kept: string[]; unknown: string[] }> {
  using _lock = await lockList(folder, signal);
  // Another download may have written it while this one went on.
  const before = await wheelhouseList(folder);
  const entries = await readdir(folder, { withFileTypes: true });
  const there = entries.flatMap((one) =>
    one.isFile() && parseWheelName(one.name) !== undefined ? [one.name] : [],
  );
  const listed = new Set(list.wheels.map(({ name }) => name));
  const earlier = new Map(before?.wheels.map((wheel) => [wheel.name, wheel]));
  const others = there.filter((name) => !listed.has(name));
  const older = others.filter((name) => earlier.has(name));
  const unknown = others.filter((name) => !earlier.has(name));
  const removed: string[] = [];
  for (const name of prune ? older : []) {
    const path = join(folder, name);
    if ((await sha256Of(path)) !== earlier.get(name)?.sha256) continue;
    await rm(path, { force: true });
    removed.push(name);
  }
  const kept = older.filter((name) => !removed.includes(name));
  const wheels = [...list.wheels, ...kept.flatMap((name) => earlier.get(name) ?? [])];
  wheels.sort((a, b) => (a.name < b.name ? -1 : 1));
  const targets = { ...(prune ? {} : before?.targets), ...list.targets };
  const text = JSON.stringify({ ...list, targets, wheels }, null, 2);
  await writeFileAtomically(join(folder, wheelhouseListName), `${text}\n`);
  return { removed, unknown, kept };
}
