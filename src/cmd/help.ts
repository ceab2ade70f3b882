import { type CommandDef, renderUsage } from "citty";
import { version } from "../version.ts";
import type { Command, Group } from "./command.ts";

const exitStatus = `
EXIT STATUS

  0 done · 1 failed · 2 wrong usage · 3 not configured · 4 no service or no Blender answers
  5 not authorised · 124 time-out · 130 interrupted
`;

async function definition(path: string, node: Command | Group): Promise<CommandDef> {
  if (node.kind === "command") {
    return { meta: { name: path, description: node.description }, args: node.args };
  }
  const children = await Promise.all(
    [...node.commands].map(async ([name, load]): Promise<[string, CommandDef]> => {
      return [name, { meta: { description: (await load()).description } }];
    }),
  );
  return {
    meta: { name: path, description: `${node.description}, version ${version}` },
    subCommands: Object.fromEntries(children),
  };
}

/** The help text of a command or group, coloured only for a terminal. */
export async function help(path: string, node: Command | Group): Promise<string> {
  let text = await renderUsage(await definition(path, node));
  if (node.kind === "command" && node.rest !== undefined) {
    text = text.replace(/^(.*USAGE.*)$/m, `$1 -- ${node.rest}`);
  }
  if (node.kind === "command" && node.several !== undefined) {
    const name = node.several.toUpperCase();
    text = text.replace(`<${name}>`, `<${name}>…`);
  }
  text = text.replace(/[ ]+$/gm, "");
  const plain = process.stdout.isTTY !== true || process.env["NO_COLOR"] !== undefined;
  return `${plain ? Bun.stripANSI(text) : text}\n${exitStatus}`;
}
