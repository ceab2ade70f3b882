// The flags by which users say what is meant, for the commands in hints.

import * as v from "valibot";
import { shellWord } from "../text.ts";

/** Which service, and how one gets in. */
export const serviceFlags = ["--host", "--port", "--token-file", "--no-auth"] as const;
/** On which other machine it is. */
export const sshFlags = ["--ssh", "--ssh-option"] as const;
/** Which Blender on this machine, with which preferences. */
export const blenderFlags = ["--blender-exec", "--profile", "--isolated"] as const;
/** Which configuration; every command has one. */
const configurationFlags = ["--config"] as const;

const withoutValue: ReadonlySet<string> = new Set(["--isolated", "--no-auth"]);
const repeatable: ReadonlySet<string> = new Set(["--ssh-option"]);
const all: ReadonlySet<string> = new Set([
  ...serviceFlags,
  ...sshFlags,
  ...blenderFlags,
  ...configurationFlags,
]);

/** A command line without these flags, and the flags. */
export interface Sorted {
  /** By flag, what was typed for it: `["--port", "7000"]`. */
  flags: ReadonlyMap<string, readonly string[]>;
  others: readonly string[];
}

/** Sorts them out of what stands before `--`. */
export function sorted(tokens: readonly string[]): Sorted {
  const flags = new Map<string, readonly string[]>();
  const others: string[] = [];
  for (let index = 0; index < tokens.length; index++) {
    const token = tokens[index] ?? "";
    const [name = "", inline] = token.split(/=(.*)/s);
    if (!all.has(name)) others.push(token);
    else if (withoutValue.has(name)) flags.set(name, [name]);
    else {
      const value = inline ?? tokens[++index];
      const before = repeatable.has(name) ? (flags.get(name) ?? []) : [];
      if (value !== undefined) flags.set(name, [...before, name, value]);
    }
  }
  return { flags, others };
}

/** Those that a command takes, as they are typed for it and quoted for a shell; `--config` goes with every command. */
export function repeated({ flags }: Sorted, taken: readonly string[]): string[] {
  return [...taken, ...configurationFlags].flatMap((flag) => flags.get(flag) ?? []).map(shellWord);
}

/** The environment variable by which the executable on another machine hears how it was reached. */
export const typedElsewhere = "BLENDER_REMOTE_TYPED";

/**
 * What was typed on the machine that this command was called from through `--ssh`, for the commands
 * in hints; nobody else hears of it.
 */
export function flagsTypedElsewhere(): readonly string[] {
  const told = process.env[typedElsewhere];
  delete process.env[typedElsewhere];
  if (told === undefined) return [];
  const words = v.safeParse(v.pipe(v.string(), v.parseJson(), v.array(v.string())), told);
  return words.success ? words.output : [];
}
