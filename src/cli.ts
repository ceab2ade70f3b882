import type { ArgsDef } from "citty";
import { checkArguments, suggestion } from "./cmd/_arguments.ts";
import { type Command, type Group, globalArgs } from "./cmd/_command.ts";
import { programName, root } from "./cmd/_tree.ts";
import { Failure } from "./failure.ts";
import { shellWord } from "./text.ts";
import { createOutput } from "./ui/output.ts";
import { asFailure, reportFailure } from "./ui/report.ts";

/** What may stand where a command is missing; anything else is a typing mistake. */
const groupArgs: ArgsDef = {
  ...globalArgs,
  help: { type: "boolean", alias: "h" },
  version: { type: "boolean", alias: "V" },
};

interface Selection {
  path: string;
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
  let path = programName;
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
      throw new Failure("unknown-command", `unknown command '${token}' for ${path}`, {
        kind: "usage",
        hint: near === undefined ? `${path} --help` : `did you mean '${path} ${near}'?`,
      });
    }
    node = await load();
    path = `${path} ${token}`;
  }
  return { path, node, tokens: left };
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

async function run(before: readonly string[], rest: readonly string[] | undefined) {
  const wants = (...flags: string[]) => flags.some((flag) => before.includes(flag));
  const output = createOutput({
    json: wants("--json"),
    quiet: wants("--quiet", "-q"),
    verbose: wants("--verbose", "-v"),
    flags: {
      service: given(before, "--host", "--port"),
      configuration: given(before, "--config"),
      profile: given(before, "--profile"),
      blender: given(before, "--blender-exec"),
    },
  });
  try {
    // "help pkg push" as "pkg push --help", as git and gh take it.
    if (before[0] === "help") return await run([...before.slice(1), "--help"], rest);
    const { path, node, tokens } = await select(before.filter((t) => t !== "--help" && t !== "-h"));
    if (
      wants("--help", "-h") ||
      (node.kind === "group" && path === programName && !tokens.length)
    ) {
      const { help } = await import("./cmd/_help.ts");
      await output.write(await help(path, node));
      return 0;
    }
    if (node.kind === "group") {
      checkArguments(tokens, { path, args: groupArgs, several: undefined, takesRest: false });
      throw new Failure("missing-command", `${path} needs a command`, {
        kind: "usage",
        hint: `${path} --help`,
      });
    }
    if (rest !== undefined && node.rest === undefined) {
      throw new Failure("surplus-argument", `${path} takes nothing after --`, {
        kind: "usage",
        hint: `${path} --help`,
      });
    }
    const { args, several, elsewhere } = node;
    const takesRest = node.rest !== undefined;
    const rawArgs = checkArguments(tokens, { path, args, several, takesRest, elsewhere });
    return await node.run(rawArgs, { output, rest: rest ?? [], signal: interruptSignal() });
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
