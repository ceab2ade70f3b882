// From a command line to the command that it names, and from there to an exit code.

import { checkArguments, helpOf, typedName } from "./cmd/_arguments.ts";
import { closeAll } from "./cmd/_at-end.ts";
import type { Command, Group } from "./cmd/_command.ts";
import { type Arguments, globalArgs } from "./cmd/_declaration.ts";
import { flagsAmong } from "./cmd/_tokens.ts";
import { meaningFlagsOf, root } from "./cmd/_tree.ts";
import { flagsTypedElsewhere, repeated, sorted } from "./cmd/_user-flags.ts";
import { Failure, wrongUsage } from "./failure.ts";
import { programName, shellWord, type UserFlags } from "./text.ts";
import { createOutput, type Output } from "./ui/output.ts";
import { asFailure, reportFailure } from "./ui/report.ts";
import { version } from "./version.ts";

/** What may stand where a command is missing; anything else is a typing mistake. */
const groupArgs: Arguments = {
  ...globalArgs,
  help: { type: "boolean", alias: "h" },
  version: { type: "boolean", alias: "V" },
};

/** A command line in its parts. */
interface CommandLine {
  /** Before `--`. */
  before: readonly string[];
  /** Behind it; undefined where there is no `--`. */
  rest: readonly string[] | undefined;
}

interface Selection {
  /** Its names: `pkg push`; empty for the program itself. */
  name: string;
  node: Command | Group;
  /** What is left for the command: every token but the command's own names. */
  tokens: string[];
  /** Whether `help` stood among the names, as git and gh take it: `help pkg push`, `pkg help`. */
  help: boolean;
  /** Whether `version` stood in the place of a command. */
  version: boolean;
}

const valueFlags = new Set(
  Object.entries(globalArgs).flatMap(([name, def]) => (def.type === "string" ? [`--${name}`] : [])),
);

/** Follows the command names; global flags may stand anywhere between them. */
async function select({ before, rest }: CommandLine): Promise<Selection> {
  const found: Selection = { name: "", node: root, tokens: [], help: false, version: false };
  for (let index = 0; index < before.length; index++) {
    const token = before[index] ?? "";
    const { node, name, tokens } = found;
    if (node.kind === "command") {
      tokens.push(...before.slice(index));
      break;
    }
    if (token.startsWith("-")) {
      tokens.push(token);
      const value = before[index + 1];
      if (valueFlags.has(token) && value !== undefined) {
        tokens.push(value);
        index++;
      }
      continue;
    }
    const load = node.commands.get(token);
    if (load !== undefined) {
      found.node = await load();
      found.name = name === "" ? token : `${name} ${token}`;
    } else if (token === "help") found.help = true;
    else if (token === "version" && node === root) found.version = true;
    else {
      const { unknownCommand } = await import("./cmd/_unknown-command.ts");
      const left = [...tokens, ...before.slice(index + 1)];
      throw await unknownCommand(name, node, token, { before: left, rest });
    }
  }
  return found;
}

/**
 * Aborts at the first Ctrl-C, and when the system or the terminal ends this program, so that what
 * it began elsewhere is ended too; a second one ends the process at once.
 */
function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(130);
      const message = name === "SIGINT" ? "interrupted" : `ended by ${name}`;
      controller.abort(new Failure("interrupted", message, { kind: "interrupted" }));
    });
  }
  return controller.signal;
}

const typedElsewhere = flagsTypedElsewhere();

/** What hints repeat of the command line. */
function userFlags({ before, rest }: CommandLine): UserFlags {
  const behind = rest === undefined ? [] : ["--", ...rest];
  const flags = sorted([...typedElsewhere, ...before]);
  return {
    line: [programName, ...[...typedElsewhere, ...before, ...behind].map(shellWord)].join(" "),
    takenBy: (command) => repeated(flags, meaningFlagsOf(command)),
  };
}

function outputFor(flags: ReadonlySet<string>, line: CommandLine): Output {
  return createOutput({
    json: flags.has("json"),
    quiet: flags.has("quiet"),
    verbose: flags.has("verbose"),
    flags: userFlags(line),
  });
}

/** What is answered without a command: the version, or the help. */
async function answer(
  { name, node, ...asked }: Selection,
  flags: ReadonlySet<string>,
  output: Output,
) {
  if (asked.version || (node.kind === "group" && flags.has("version"))) {
    if (output.json) await output.writeJson({ version });
    else await output.write(`${version}\n`);
    return;
  }
  if (!asked.help && !flags.has("help") && output.json) {
    throw wrongUsage("missing-command", `${typedName(name)} needs a command`, helpOf(name));
  }
  const { help } = await import("./cmd/_help.ts");
  await output.writeOwn(await help(name, node));
}

/** A command for this machine mustn't do here what was meant for another one. */
function requireSshMeant(name: string, tokens: readonly string[]): void {
  const { flags } = sorted(tokens);
  if (meaningFlagsOf(name).includes("--ssh")) return;
  const given = [...flags.keys()].find((flag) => flag.startsWith("--ssh"));
  if (given === undefined) return;
  const what = `${given} isn't for ${typedName(name)}, which works on this machine`;
  throw wrongUsage("ssh-not-meant", what, "run it on the other machine, by ssh itself");
}

async function perform(
  selection: Selection,
  { rest }: CommandLine,
  flags: ReadonlySet<string>,
  output: Output,
): Promise<number> {
  const { name, node, tokens } = selection;
  const asksHelp = selection.help || flags.has("help");
  if (node.kind === "group" && !asksHelp) {
    // No command at all is answered with the help, as gh and docker do; a typing mistake isn't.
    const grammar = { command: name, args: groupArgs, several: undefined, takesRest: false };
    checkArguments(tokens, grammar);
    if (rest !== undefined) {
      const what = `${typedName(name)} takes nothing after --`;
      throw wrongUsage("surplus-argument", what, helpOf(name));
    }
  }
  if (output.quiet && output.verbose) {
    throw wrongUsage("two-modes", "--quiet and --verbose don't go together", "give one of them");
  }
  if (node.kind === "group" || asksHelp) {
    await answer(selection, flags, output);
    return 0;
  }
  requireSshMeant(name, tokens);
  const work = async () => {
    // Reading the command line may wait for a pipe, and has begun nothing: a signal just ends it.
    if (node.there && sorted(tokens).flags.has("--ssh")) {
      const { runThere, thereCommand } = await import("./cmd/_there.ts");
      const typed = await thereCommand(name, node.check(tokens, rest, name), rest);
      return runThere(typed, { output, signal: interruptSignal(), command: name });
    }
    const options = await node.parse(tokens, rest, name);
    return node.run(options, { output, signal: interruptSignal(), command: name });
  };
  if (!output.verbose) return work();
  const { told } = await import("./cmd/_verbose.ts");
  return told(output, tokens, work);
}

async function run(line: CommandLine): Promise<number> {
  // Until the command is known, what all commands take.
  let output = outputFor(flagsAmong(line.before, groupArgs), line);
  try {
    const selection = await select(line);
    const { node, tokens } = selection;
    const args = node.kind === "command" ? { ...groupArgs, ...node.args } : groupArgs;
    const flags = flagsAmong(tokens, args);
    output = outputFor(flags, line);
    return await perform(selection, line, flags, output);
  } catch (error) {
    const failure = asFailure(error);
    await reportFailure(failure, output);
    return failure.exitCode;
  } finally {
    await closeAll();
  }
}

/** Runs the command line (without the program's name); gives the exit code. */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  const dashes = argv.indexOf("--");
  if (dashes === -1) return run({ before: argv, rest: undefined });
  return run({ before: argv.slice(0, dashes), rest: argv.slice(dashes + 1) });
}
