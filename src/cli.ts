// From a command line to the command that it names, and from there to an exit code.

import { checkArguments, helpOf, suggestion, typedName } from "./cmd/_arguments.ts";
import type { Command, Group } from "./cmd/_command.ts";
import { type Arguments, globalArgs } from "./cmd/_declaration.ts";
import { root } from "./cmd/_tree.ts";
import { Failure } from "./failure.ts";
import { ours, shellWord, text, type UserFlags } from "./text.ts";
import { createOutput, type Output } from "./ui/output.ts";
import { asFailure, reportFailure } from "./ui/report.ts";

/** What may stand where a command is missing; anything else is a typing mistake. */
const groupArgs: Arguments = {
  ...globalArgs,
  help: { type: "boolean", alias: "h" },
  version: { type: "boolean", alias: "V" },
};

interface Selection {
  /** Its names: `pkg push`; empty for the program itself. */
  name: string;
  node: Command | Group;
  /** What is left for the command: every token but the command's own names. */
  tokens: string[];
}

const valueFlags = new Set(
  Object.entries(globalArgs).flatMap(([name, def]) => (def.type === "string" ? [`--${name}`] : [])),
);

/** Follows the command names in `tokens`; global flags may stand anywhere between them. */
async function select(tokens: readonly string[]): Promise<Selection> {
  let node: Command | Group = root;
  let name = "";
  const left: string[] = [];
  for (let index = 0; index < tokens.length; index++) {
    const token = tokens[index] ?? "";
    if (node.kind === "command") {
      left.push(...tokens.slice(index));
      break;
    }
    if (token.startsWith("-")) {
      left.push(token);
      const value = tokens[index + 1];
      if (valueFlags.has(token) && value !== undefined) {
        left.push(value);
        index++;
      }
      continue;
    }
    const load = node.commands.get(token);
    if (load === undefined) {
      const near = node.synonyms.get(token) ?? suggestion(token, [...node.commands.keys()]);
      throw new Failure("unknown-command", `unknown command '${token}' for ${typedName(name)}`, {
        kind: "usage",
        hint: near === undefined ? helpOf(name) : text`did you mean '${ours(below(name, near))}'?`,
      });
    }
    node = await load();
    name = below(name, token);
  }
  return { name, node, tokens: left };
}

function below(name: string, word: string): string {
  return name === "" ? word : `${name} ${word}`;
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

/** These flags with their values, as they stand among the tokens. */
function given(tokens: readonly string[], ...names: string[]): string[] {
  return tokens.flatMap((token, index) => {
    const [name, inline] = token.split(/=(.*)/s);
    const value = inline ?? tokens[index + 1];
    if (name === undefined || value === undefined || !names.includes(name)) return [];
    return [name, shellWord(value)];
  });
}

/** What the user said is meant, for the commands in hints. */
function userFlags(tokens: readonly string[]): UserFlags {
  return {
    service: given(tokens, "--host", "--port"),
    configuration: given(tokens, "--config"),
    profile: given(tokens, "--profile"),
    blender: given(tokens, "--blender-exec"),
  };
}

function refuseGroup(name: string, tokens: readonly string[]): never {
  checkArguments(tokens, { command: name, args: groupArgs, several: undefined, takesRest: false });
  throw new Failure("missing-command", `${typedName(name)} needs a command`, {
    kind: "usage",
    hint: helpOf(name),
  });
}

async function perform(
  before: readonly string[],
  rest: readonly string[] | undefined,
  output: Output,
): Promise<number> {
  // "help pkg push" as "pkg push --help", as git and gh take it.
  if (before[0] === "help") return perform([...before.slice(1), "--help"], rest, output);
  const wantsHelp = before.some((token) => token === "--help" || token === "-h");
  const { name, node, tokens } = await select(before.filter((t) => t !== "--help" && t !== "-h"));
  if (wantsHelp || (node === root && tokens.length === 0)) {
    const { help } = await import("./cmd/_help.ts");
    await output.write(await help(name, node));
    return 0;
  }
  if (node.kind === "group") return refuseGroup(name, tokens);
  const signal = interruptSignal();
  return node.run(await node.parse(tokens, rest, name), { output, signal, command: name });
}

async function run(before: readonly string[], rest: readonly string[] | undefined) {
  const wants = (...flags: string[]) => flags.some((flag) => before.includes(flag));
  const output = createOutput({
    json: wants("--json"),
    quiet: wants("--quiet", "-q"),
    verbose: wants("--verbose", "-v"),
    flags: userFlags(before),
  });
  try {
    return await perform(before, rest, output);
  } catch (error) {
    const failure = asFailure(error);
    await reportFailure(failure, output);
    return failure.exitCode;
  }
}

/** Runs the command line (without the program's name); gives the exit code. */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  const dashes = argv.indexOf("--");
  if (dashes === -1) return run(argv, undefined);
  return run(argv.slice(0, dashes), argv.slice(dashes + 1));
}
