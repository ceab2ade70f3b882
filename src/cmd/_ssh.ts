// The way through ssh that `--ssh` asks for, for the life of one command.

import { existsSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { wrongUsage } from "../failure.ts";
import { programOnPath, systemProgram } from "../local/files/programs.ts";
import { temporaryFolder } from "../local/files/temporary-folder.ts";
import { checkSshOption, parseDestination } from "../remote/ssh/destination.ts";
import { noSsh } from "../remote/ssh/failures.ts";
import { SshRoute } from "../remote/ssh/route.ts";
import { createOutput } from "../ui/output.ts";
import { keepLinesAway } from "../ui/passing-line.ts";
import { atEnd } from "./_at-end.ts";

/** The flags that say through which ssh a command goes. */
export interface SshFlags {
  ssh?: string | undefined;
  "ssh-option"?: readonly string[] | undefined;
  json?: boolean | undefined;
  verbose?: boolean | undefined;
}

/** Windows' own, which its agent belongs to; Git brings another one. */
function sshProgram(): string {
  if (process.platform === "win32") {
    const own = systemProgram(join("OpenSSH", "ssh"));
    if (existsSync(own)) return own;
  }
  const program = programOnPath("ssh");
  if (program === undefined) throw noSsh("it isn't on PATH");
  return program;
}

/** Sockets have short paths. */
const longestRoot = 55;

async function socketFolder(): Promise<string> {
  const root = tmpdir();
  const folder = await temporaryFolder(
    "blender-remote-ssh-",
    root.length > longestRoot ? "/tmp" : root,
  );
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/**
 * The route that the flags ask for; nothing is connected yet. It is closed when the command ends.
 *
 * @throws Failure `bad-ssh`, `bad-ssh-option`, `ssh-option-alone`, all of kind `usage`; `no-ssh`.
 */
export function sshRouteOf(flags: SshFlags): SshRoute {
  const options = (flags["ssh-option"] ?? []).map(checkSshOption);
  if (flags.ssh === undefined) {
    throw wrongUsage(
      "ssh-option-alone",
      "--ssh-option says how ssh goes, and no --ssh says where",
      "give --ssh [user@]host[:port]",
    );
  }
  const { json = false, verbose = false } = flags;
  const output = createOutput({ json, verbose, quiet: false });
  const route = new SshRoute({
    destination: parseDestination(flags.ssh),
    program: sshProgram(),
    options,
    // On /dev/tty, whatever stdin is; scripts that read JSON are asked nothing.
    mayAsk: process.stderr.isTTY === true && !json,
    privateFolder: socketFolder,
    clearTerminal: keepLinesAway,
    heard: (line) => output.debug(`ssh: ${line}`),
  });
  route.prepare();
  atEnd(() => route.close());
  return route;
}
