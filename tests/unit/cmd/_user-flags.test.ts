import { describe, expect, test } from "bun:test";
import type { Command, Group } from "../../../src/cmd/_command.ts";
import { meaningFlagsOf, root } from "../../../src/cmd/_tree.ts";
import { blenderFlags, repeated, serviceFlags, sorted } from "../../../src/cmd/_user-flags.ts";
import { Failure } from "../../../src/failure.ts";
import { quoted } from "../../support/systems.ts";

async function commandsBelow(node: Command | Group, name: string): Promise<[string, Command][]> {
  if (node.kind === "command") return [[name, node]];
  const found = [...node.commands].map(async ([word, load]) =>
    commandsBelow(await load(), name === "" ? word : `${name} ${word}`),
  );
  return (await Promise.all(found)).flat();
}

const commands = await commandsBelow(root, "");

/** Whether a command has a use for `--port`: a bad one is then refused. */
async function readsPort(command: Command): Promise<boolean> {
  const entries = Object.entries(command.args);
  const words = entries.flatMap(([, { type }]) => (type === "positional" ? ["numpy"] : []));
  if ("code" in command.args) words.splice(0, words.length, "--code=1");
  try {
    await command.parse([...words, "--port", "0"], command.rest === undefined ? undefined : ["x"]);
  } catch (error) {
    return error instanceof Failure && error.code === "bad-port";
  }
  return false;
}

describe("hints repeat the flags that the command declares", () => {
  for (const [name, command] of commands) {
    test(name, async () => {
      const flags = meaningFlagsOf(name);
      const declared = blenderFlags.filter((flag) => flag.slice(2) in command.args);
      expect(blenderFlags.filter((flag) => flags.includes(flag))).toEqual(declared);
      // init's port is one that is written down, for whatever the user means next.
      const speaks = name !== "init" && (await readsPort(command));
      expect(serviceFlags.every((flag) => flags.includes(flag))).toBe(speaks);
    });
  }
});

test("flags that say what is meant are told from the others, with their values", () => {
  const found = sorted(["a", "--port", "7", "--json", "--host=h h", "--isolated", "b", "--config"]);
  expect(found.others).toEqual(["a", "--json", "b"]);
  const words = repeated(found, ["--port", "--host", "--isolated", "--profile"]);
  expect(words.join(" ")).toBe(`--port 7 --host ${quoted("h h")} --isolated`);
  expect(repeated(found, [])).toEqual([]);
});
