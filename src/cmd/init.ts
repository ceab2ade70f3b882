// `init`: chooses the Blender on this machine that the other commands use.

import { copyFile } from "node:fs/promises";
import { homedir } from "node:os";
import { Failure, messageOf } from "../failure.ts";
import { blenderFacts } from "../local/blender/blender-facts.ts";
import type { Blender } from "../local/blender/executable.ts";
import { candidatesAt, findBlenders, usualPlaces } from "../local/blender/find-blenders.ts";
import {
  type ConfigurationFile,
  configurationPath,
  defaults,
  interpret,
  openConfiguration,
} from "../local/config/config.ts";
import { assign } from "../local/config/edit.ts";
import { examplePath, ours, text } from "../text.ts";
import type { Output } from "../ui/output.ts";
import { choose } from "../ui/prompt.ts";
import { waiting } from "../ui/waiting.ts";
import { type Context, command } from "./_command.ts";
import { changing } from "./_configuration.ts";
import { globalArgs } from "./_declaration.ts";
import { parsePort, parseSeconds } from "./_target.ts";
import { thereArgs } from "./_there-args.ts";

/** The Blender to take: the only one there is, or the one that a person chooses. */
export async function pick(
  found: readonly Blender[],
  output: Pick<Output, "interactive" | "note">,
  signal: AbortSignal,
): Promise<string> {
  const [first] = found;
  if (first === undefined) {
    throw new Failure("no-blender-found", "no Blender was found on PATH or in the usual folders", {
      hint: text`give its path: ${ours("init", examplePath)}`,
    });
  }
  if (found.length === 1) {
    output.note(`found Blender ${first.version}: ${first.executable}`);
    return first.executable;
  }
  const lines = found.map(({ executable, version }) => `${version}  ${executable}`);
  if (output.interactive) {
    return found[await choose("Which Blender?", lines, signal)]?.executable ?? first.executable;
  }
  throw new Failure("several-blenders", `several Blenders were found:\n  ${lines.join("\n  ")}`, {
    kind: "usage",
    hint: text`give the one to use: ${ours("init", first.executable)}`,
  });
}

async function installedBlenders({ output, signal }: Context): Promise<Blender[]> {
  const places = usualPlaces(process.platform, process.env, homedir());
  const finding = candidatesAt(places).then((candidates) => findBlenders(candidates, signal));
  return waiting(output, "looking for Blenders", finding);
}

export const init = command({
  there: true,
  description: "Choose the Blender on this machine that the other commands use",
  args: {
    blender: {
      type: "positional",
      required: false,
      description: "Blender's executable; without it Blenders are looked for",
    },
    backup: { type: "boolean", description: "Keep a copy of an older configuration (.bak)" },
    port: {
      ...globalArgs.port,
      description: "Store this port for the service (mcp_service.default_port)",
    },
    host: { ...globalArgs.host, description: "Not stored: goes with the other commands" },
    ...thereArgs,
  },
  options({ args }) {
    const port = args.port === undefined ? undefined : parsePort(args.port, "--port");
    if (args.host !== undefined) {
      throw new Failure("no-host-in-config", "init chooses a Blender on this machine", {
        kind: "usage",
        hint: `--host isn't stored: give --host ${args.host} with the commands that speak to the service`,
      });
    }
    return {
      path: configurationPath(args.config),
      blender: args.blender,
      backup: args.backup,
      port,
      seconds: args.timeout === undefined ? undefined : parseSeconds(args.timeout, "--timeout"),
    };
  },
  async run({ path, blender, backup: wanted, port, seconds }, context) {
    const { output, signal } = context;
    // First, so that a broken file is found before Blender is started for nothing.
    const { timeoutSeconds } = interpret(await openConfiguration(path));
    const chosen = blender ?? (await pick(await installedBlenders(context), output, signal));
    const asking = blenderFacts(chosen, seconds ?? timeoutSeconds, signal);
    const facts = await waiting(output, `asking ${chosen} what it is`, asking);
    const { backup, stored } = await changing(path, seconds, context, async (file) => {
      const copy = wanted && file.exists ? `${path}.bak` : null;
      if (copy !== null) await keepCopy(path, copy);
      store(file, facts, port);
      return { backup: copy, stored: interpret(file).port };
    });

    if (output.json) {
      await output.writeJson({ op: "init", config: path, backup, port: stored, blender: facts });
      return;
    }
    await output.result(`Blender ${facts.version}: ${facts.exec_path}\nconfiguration: ${path}`);
    if (port !== undefined) output.note(`the service's port: ${port}`);
    if (backup !== null) output.note(`the older configuration is kept as ${backup}`);
    output.note(text`next: ${ours("install")}`);
  },
});

/** Puts what was found and said into the file, and defaults for the keys that it lacks. */
function store(file: ConfigurationFile, facts: object, port: number | undefined): void {
  for (const [key, value] of Object.entries(facts)) assign(file, ["blender", key], value);
  if (port !== undefined) assign(file, ["mcp_service", "default_port"], port);
  for (const [section, keys] of Object.entries(defaults)) {
    for (const [key, value] of Object.entries(keys)) {
      if (!file.document.hasIn([section, key])) assign(file, [section, key], value);
    }
  }
}

async function keepCopy(path: string, backup: string): Promise<void> {
  try {
    await copyFile(path, backup);
  } catch (cause) {
    throw new Failure("backup-failed", `can't copy ${path} to ${backup}: ${messageOf(cause)}`, {
      hint: "nothing was changed",
      cause,
    });
  }
}
