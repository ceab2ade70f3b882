// Command lines that are read without the user's own configuration and environment.

import { expect } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { cached } from "../../../scripts/cache.ts";
import type { Command } from "../../../src/cmd/_command.ts";
import { rendered } from "../../../src/text.ts";
import { failureOf } from "../../support/failure.ts";

delete process.env["BLENDER_REMOTE_PORT"];
delete process.env["BLENDER_REMOTE_GET_PIP"];
delete process.env["BLENDER_REMOTE_TOKEN"];

/** A folder for files that command lines name; it stays, since nothing tells when all tests have ended. */
export const folder = cached("command-lines");
mkdirSync(folder, { recursive: true });

/** Writes a file into that folder; its path. */
export function fileOf(name: string, content: string): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}

/** A configuration file that says nothing. */
export const emptyConfig = fileOf("empty.yaml", "");

/** The service and limits that a command speaks to where nothing says otherwise. */
export const usualTarget = {
  endpoint: { host: "127.0.0.1", port: 6688, access: expect.any(Object) },
  deadlines: { connect: 5, firstAnswer: 5, total: 300 },
};

/** The Blender on this machine that a command works with where nothing says otherwise. */
export const usualBlender = {
  executable: undefined,
  configuration: {
    path: emptyConfig,
    exists: true,
    blender: undefined,
    timeoutSeconds: 300,
    port: 6688,
    logLevel: "INFO",
  },
  seconds: 300,
  profile: { folder: undefined, isolated: false },
};

/** The options that a command line comes to. */
export function optionsOf<Options>(
  command: Command<Options>,
  tokens: readonly string[],
  rest?: readonly string[],
): Promise<Options> {
  return command.parse(["--config", emptyConfig, ...tokens], rest, "NAME");
}

/** How a command line is refused: with which code, exit code, and words of message and hint. */
export async function refusalOf(
  command: Command,
  tokens: readonly string[],
  rest?: readonly string[],
): Promise<{ code: string; exitCode: number; says: string }> {
  const failure = await failureOf(optionsOf(command, tokens, rest));
  const { code, exitCode, message, hint } = failure;
  return { code, exitCode, says: `${message}\n${rendered(hint ?? "")}` };
}
