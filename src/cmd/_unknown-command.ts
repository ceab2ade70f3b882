// What somebody may have meant by a word that is no command.

import { type Failure, wrongUsage } from "../failure.ts";
import { type OwnCommand, ours, type Text, text } from "../text.ts";
import { checkArguments, helpOf, suggestion, typedName } from "./_arguments.ts";
import type { Command, Group } from "./_command.ts";
import { root } from "./_tree.ts";
import { sorted } from "./_user-flags.ts";

/** What people say elsewhere for what `pkg` and `addon` have both. */
const both = {
  remove: "uninstall",
  rm: "uninstall",
  delete: "uninstall",
  add: "install",
  ls: "list",
};

/** Words that people try, by group, and what each means: a command, perhaps with options. */
const synonyms = new Map(
  Object.entries({
    pkg: { ...both, upgrade: "install --upgrade", update: "install --upgrade" },
    addon: { ...both, upgrade: "install", update: "install" },
    "": {
      exec: "execute",
      run: "execute",
      eval: "execute",
      python: "execute",
      python3: "execute",
      launch: "start",
      quit: "stop",
      kill: "stop",
      setup: "init",
      configure: "init",
      package: "pkg",
      packages: "pkg",
      extension: "addon",
      upload: "pkg push",
      pip: "pkg pip --",
    },
  }).map(([group, words]) => [group, new Map(Object.entries(words))]),
);

/** What stood around the word. */
interface Around {
  /** Before `--`. */
  before: readonly string[];
  rest: readonly string[] | undefined;
}

function below(name: string, word: string): string {
  return name === "" ? word : `${name} ${word}`;
}

/** A group and those below it, by their names. */
async function groupsFrom(name: string, group: Group): Promise<[string, Group][]> {
  const nodes = await Promise.all(
    [...group.commands].map(async ([word, load]) => ({ word, node: await load() })),
  );
  const deeper = nodes.map(({ word, node }) =>
    node.kind === "group" ? groupsFrom(below(name, word), node) : [],
  );
  return [[name, group], ...(await Promise.all(deeper)).flat()];
}

/** The commands that a word means exactly, here or in other groups. */
async function namesakes(name: string, word: string): Promise<string[]> {
  const groups = await groupsFrom("", root);
  const found = groups.map(([place, { commands }]) => {
    const there = commands.has(word) ? word : synonyms.get(place)?.get(word);
    return { place, there: there === undefined ? [] : [below(place, there)] };
  });
  const here = found.find(({ place }) => place === name)?.there ?? [];
  return here.length > 0 ? here : found.flatMap(({ there }) => there);
}

/** Whether a command takes what was typed besides. */
async function takes({ command, arguments: args }: OwnCommand): Promise<boolean> {
  let node: Command | Group = root;
  for (const word of command.split(" ")) {
    const load: (() => Promise<Command | Group>) | undefined =
      node.kind === "group" ? node.commands.get(word) : undefined;
    if (load === undefined) return false;
    node = await load();
  }
  if (node.kind === "group") return args.length === 0;
  const dashes = args.indexOf("--");
  const grammar = { ...node, command, takesRest: node.rest !== undefined, rest: undefined };
  try {
    checkArguments(dashes === -1 ? args : args.slice(0, dashes), grammar);
  } catch {
    return false;
  }
  return dashes === -1 || grammar.takesRest;
}

/** A command with what was typed besides; `meant` may hold options. */
function asMeant(meant: string, { before, rest }: Around): OwnCommand {
  const words = meant.split(" ");
  const first = words.findIndex((word) => word.startsWith("-"));
  const [names, options] = first === -1 ? [words, []] : [words.slice(0, first), words.slice(first)];
  const behind = rest === undefined ? [] : ["--", ...rest];
  return ours(names.join(" "), ...options, ...sorted(before).others, ...behind);
}

/** `'a'`, `'a' or 'b'`, `'a', 'b' or 'c'`. */
function either(commands: readonly OwnCommand[]): Text {
  return commands.reduce<Text>((before, one, index) => {
    if (index === 0) return text`'${one}'`;
    return index === commands.length - 1 ? text`${before} or '${one}'` : text`${before}, '${one}'`;
  }, "");
}

/**
 * The failure for a word that stands in the place of a command: its hint names those that may be
 * meant, with what was typed besides.
 *
 * @param name the names of the group that it stands behind; empty for the program itself.
 */
export async function unknownCommand(
  name: string,
  group: Group,
  word: string,
  around: Around,
): Promise<Failure> {
  const meant = await namesakes(name, word);
  if (meant.length === 0) {
    const near = suggestion(word, [...group.commands.keys()]);
    if (near !== undefined) meant.push(below(name, near));
  }
  const commands = meant.map((one) => asMeant(one, around));
  const fitting = await Promise.all(commands.map(takes));
  const named = fitting.includes(true) ? commands.filter((_, index) => fitting[index]) : commands;
  return wrongUsage(
    "unknown-command",
    `unknown command '${word}' for ${typedName(name)}`,
    named.length === 0 ? helpOf(name) : text`did you mean ${either(named)}?`,
  );
}
