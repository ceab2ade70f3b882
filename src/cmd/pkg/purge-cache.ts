// `pkg purge-cache`: removes wheels from a wheelhouse on Blender's machine.

import { Failure, wrongUsage } from "../../failure.ts";
import { megabytes } from "../../megabytes.ts";
import { listWheelhouse, resolveWheelhouse } from "../../remote/wheelhouse/list.ts";
import { type Purge, type PurgeOrder, purge } from "../../remote/wheelhouse/purge.ts";
import type { Session } from "../../remote/wire/session.ts";
import { listed, ours, text } from "../../text.ts";
import { count } from "../../ui/format.ts";
import type { Output } from "../../ui/output.ts";
import { parseWheelChoice, selectWheels, type WheelChoice } from "../../wheels/select.ts";
import { command } from "../_command.ts";
import { targetOf } from "../_target.ts";
import { confirmedRemoval } from "./_confirm.ts";
import { remoteWheelhouseArg } from "./_flags.ts";
import { withPackages } from "./_with-packages.ts";

/** What is to be removed, or was. */
interface Removal {
  folder: string;
  files: Purge["files"];
  /** Things that no wheelhouse holds, and that go all the same. */
  others: readonly string[];
  /** Those that stay. */
  kept: readonly string[];
  /** Whether single wheels were named. */
  named: boolean;
}

function removalOf({ folder, files, foreign }: Purge, { force, names }: PurgeOrder): Removal {
  const all = force && names === null;
  return {
    folder,
    files,
    others: all ? foreign : [],
    kept: all ? [] : foreign,
    named: names !== null,
  };
}

function bytesOf({ files }: Removal): number {
  return files.reduce((sum, file) => sum + file.size, 0);
}

function jsonOf(removal: Removal) {
  return {
    op: "purge-cache",
    remote_wheelhouse: removal.folder,
    removed: [...removal.files.map((file) => file.name), ...removal.others],
    kept: removal.kept,
    bytes: bytesOf(removal),
  };
}

function described(removal: Removal): string {
  const { files, others, folder, named } = removal;
  const also = others.length === 0 ? "" : ` and other things (${listed(others)})`;
  const which = named ? `: ${listed(files.map((file) => file.name))}` : "";
  const size = megabytes(bytesOf(removal));
  // The third kind, remembered hashes, nobody counts.
  const wheels = files.filter(({ name }) => name.endsWith(".whl")).length;
  const parts = files.filter(({ name }) => name.endsWith(".part")).length;
  const cut = parts === 0 ? "" : ` and ${count(parts, "part")} of wheels`;
  return `${count(wheels, "wheel")}${cut} (${size})${also} in '${folder}'${which}`;
}

function choicesOf(words: readonly string[]): WheelChoice[] {
  return words.map((word) => {
    const choice = parseWheelChoice(word);
    if (choice !== undefined) return choice;
    throw wrongUsage(
      "bad-name",
      `'${word}' is neither a wheel's file name nor a package`,
      text`${ours("pkg purge-cache", "numpy")}, numpy==1.26.4, or a file name as '${ours("pkg wheelhouse")}' shows it`,
    );
  });
}

/**
 * What is to be removed, with single wheels by their file names.
 *
 * @throws Failure `no-such-wheel` where one of the choices means nothing in that folder.
 */
async function orderOf(
  session: Session,
  given: string | undefined,
  force: boolean,
  choices: readonly WheelChoice[],
): Promise<PurgeOrder> {
  if (choices.length === 0) {
    return { folder: given ?? (await resolveWheelhouse(session, undefined)), force, names: null };
  }
  const { folder, exists, files } = await listWheelhouse(session, given);
  const selection = selectWheels(
    files.map((file) => file.name),
    choices,
  );
  const { unknown } = selection;
  if (unknown.length === 0) return { folder, force, names: selection.files };
  const words = unknown.map(({ text }) => `'${text}'`).join(", ");
  const seen = exists ? `'${folder}' holds no wheel of ${words}` : `'${folder}' is not there`;
  const similar = [...new Set(unknown.flatMap((one) => one.similar))];
  const lists = text`'${ours("pkg wheelhouse", "--remote-wheelhouse", folder)}' lists what it holds`;
  throw new Failure("no-such-wheel", `${seen}; nothing was removed`, {
    hint: similar.length === 0 ? lists : text`did you mean ${listed(similar)}? ${lists}`,
    details: { unknown },
  });
}

/** Shows what has been removed, or that there was nothing. */
async function show(removal: Removal, nothing: string | undefined, output: Output): Promise<void> {
  if (output.json) return output.writeJson(jsonOf(removal));
  if (nothing === undefined) output.success(`removed ${described(removal)}`);
  else output.note(nothing);
  if (removal.named || removal.kept.length === 0) return;
  output.note(`what no wheelhouse holds stays: ${listed(removal.kept)}`);
}

export const purgeCache = command({
  description: "Remove wheels from a remote wheelhouse, all of them or single ones",
  args: {
    name: {
      type: "positional",
      required: false,
      description: "Wheels by file name, or packages: numpy, numpy==1.26.4 (all wheels)",
    },
    "remote-wheelhouse": remoteWheelhouseArg,
    yes: { type: "boolean", alias: "y", description: "Don't ask" },
    force: {
      type: "boolean",
      description: "Also what no wheelhouse holds, and what a push is bringing just now",
    },
  },
  several: "name",
  options: async ({ args, positionals }) => ({
    folder: args["remote-wheelhouse"],
    choices: choicesOf(positionals),
    yes: args.yes,
    force: args.force,
    target: await targetOf(args),
  }),
  run: ({ folder: given, choices, yes, force, target }, context) =>
    withPackages(target, context, async (session) => {
      const { output } = context;
      const order = await orderOf(session, given, force, choices);
      const found = await purge(session, "look", order);
      const removal = removalOf(found, order);
      if (removal.files.length + removal.others.length === 0) {
        const { state, foreign } = found;
        const empty = foreign.length === 0 ? "is empty" : "holds no wheels";
        const is = state === "missing" ? "is not there" : empty;
        await show(removal, `nothing to remove: '${found.folder}' ${is}`, output);
        return 0;
      }
      if (!yes && !(await confirmedRemoval(described(removal), "them", context))) return 1;
      const purged = await purge(session, "purge", order);
      await show(removalOf(purged, order), undefined, output);
      return 0;
    }),
});
