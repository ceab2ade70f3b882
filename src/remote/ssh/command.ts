// The command lines with which the system's OpenSSH is called.

import type { Destination } from "./destination.ts";

/** How ssh gets to a machine. */
export interface SshSettings {
  /** The path of OpenSSH's `ssh`. */
  program: string;
  destination: Destination;
  /** `KEY=VALUE` for `-o`, before ours. */
  options: readonly string[];
  /** Whether it may ask for a passphrase, a password or about a host key on the terminal. */
  mayAsk: boolean;
  /** Keeps our own lines off the terminal while ssh may ask there. */
  clearTerminal: () => Disposable;
  /** Makes a folder that only this user can read, for a socket of ssh's; whoever makes it removes it. */
  privateFolder: () => Promise<string>;
  /** Is told what ssh says on stderr, line by line. */
  heard: (line: string) => void;
}

/**
 * The arguments that all calls have, up to the command: what the user's configuration has for
 * terminals and forwardings isn't for us, as scp has it too.
 */
function sharedArguments({ destination, options, mayAsk }: SshSettings): string[] {
  const ours = ["RemoteCommand=none", "RequestTTY=no", "ClearAllForwardings=yes"];
  const usual = ["ForwardAgent=no", "ForwardX11=no", "PermitLocalCommand=no", "LogLevel=INFO"];
  const quiet = mayAsk ? [] : ["BatchMode=yes"];
  const { user, port } = destination;
  return [
    ...[...ours, ...options, ...usual, ...quiet].flatMap((option) => ["-o", option]),
    ...(user === undefined ? [] : ["-l", user]),
    ...(port === undefined ? [] : ["-p", `${port}`]),
  ];
}

/** A command line for ssh. */
export interface SshCommand {
  words: readonly string[];
  /** Whether it needs no terminal, so that it may be apart from ours. */
  apart: boolean;
}

/** Ignores Ctrl-C, and hands that on to ssh. */
const untouched = ["/bin/sh", "-c", 'trap "" INT; exec "$@"', "sh"];

/**
 * A whole command line for ssh. Ctrl-C on the terminal is kept from it: over it the work there is yet
 * to be ended.
 *
 * @param flags ssh's own, behind those that all calls have.
 * @param first whether it is the one that makes the connection, and may ask on the terminal.
 * @param remote the command there; without it none.
 */
export function sshCommand(
  settings: SshSettings,
  flags: readonly string[],
  first: boolean,
  remote?: string,
): SshCommand {
  const asks = first && settings.mayAsk;
  const words = [
    ...(asks && process.platform !== "win32" ? untouched : []),
    settings.program,
    ...sharedArguments(settings),
    ...flags,
    "--",
    settings.destination.host,
    ...(remote === undefined ? [] : [remote]),
  ];
  return { words, apart: !asks && process.platform !== "win32" };
}

/** The environment of ssh: a token is for us alone, and the user's `SendEnv` might take it along. */
export function sshEnvironment(): NodeJS.ProcessEnv {
  const { BLENDER_REMOTE_TOKEN: _, ...rest } = process.env;
  return rest;
}
