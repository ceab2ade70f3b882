// Runs a command of ours on the other machine, with the executable that is put there.

import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { wrongUsage } from "../failure.ts";
import { sha256Of } from "../local/files/sha256.ts";
import {
  type CarriedExecutable,
  executableThere,
  kindThere,
  type MachineKind,
} from "../remote/ssh/executable.ts";
import { sshFailed } from "../remote/ssh/failures.ts";
import { tell } from "../remote/ssh/process.ts";
import { startThere } from "../remote/ssh/remote-command.ts";
import type { SshRoute } from "../remote/ssh/route.ts";
import { programName } from "../text.ts";
import type { Output } from "../ui/output.ts";
import { waiting } from "../ui/waiting.ts";
import { version } from "../version.ts";
import type { Context } from "./_command.ts";
import { sshRouteOf } from "./_ssh.ts";
import { usualPort } from "./_target.ts";
import { unlessAborted } from "./_unless-aborted.ts";
import { typedElsewhere } from "./_user-flags.ts";

/** A command line for the other machine. */
export interface ThereCommand {
  route: SshRoute;
  /** `--ssh` and what belongs to it, as the hints there repeat them. */
  typed: readonly string[];
  /** The command's names, its flags, and what stands after `--`. */
  words: readonly string[];
  /** The file that `--ssh-executable` names. */
  executable: string | undefined;
}

/** What is for this machine's side alone. */
const hereOnly = ["ssh", "ssh-option", "ssh-executable", "config"] as const;

/**
 * Takes a command line apart that `check` has gone over.
 *
 * @throws Failure as `sshRouteOf`, `portOf`; `not-there`, kind `usage`.
 */
export async function thereCommand(
  name: string,
  checked: readonly string[],
  rest: readonly string[] | undefined,
): Promise<ThereCommand> {
  const all = (flag: string) =>
    checked.flatMap((one) => (one.startsWith(`--${flag}=`) ? [one.slice(flag.length + 3)] : []));
  const [to] = all("ssh");
  if (to === undefined) throw new Error("--ssh isn't there");
  const options = all("ssh-option");
  if (all("token-file").length > 0) {
    throw wrongUsage(
      "not-there",
      "--token-file is a file of this machine, and the command runs on the other one",
      "leave it out: the service there makes its own token, which --ssh reads there",
    );
  }
  const has = (flag: string) => checked.includes(`--${flag}`);
  const flags = { json: has("json"), verbose: has("verbose"), quiet: has("quiet") };
  const route = sshRouteOf({ ...flags, ssh: to, "ssh-option": options });
  // What stood before '--' was checked: there, a word behind one would be another one's.
  const passed = checked.filter(
    (one) => one !== "--" && !hereOnly.some((flag) => one.startsWith(`--${flag}=`)),
  );
  // Both ends have a configuration; the port is the one that all commands from here ask.
  const asksPort = !["init", "install"].includes(name) && all("port").length === 0;
  const port = asksPort ? [`--port=${await usualPort(all("config")[0])}`] : [];
  return {
    route,
    typed: ["--ssh", to, ...options.flatMap((option) => ["--ssh-option", option])],
    words: [...name.split(" "), ...port, ...passed, ...(rest === undefined ? [] : ["--", ...rest])],
    executable: all("ssh-executable")[0],
  };
}

/** This machine's kind, by the same signs as the other's. */
function kindHere(): MachineKind {
  const libraries = ["/lib", "/lib64"].flatMap((folder) =>
    existsSync(folder) ? readdirSync(folder) : [],
  );
  const gnu = libraries.some((name) => name.startsWith("ld-linux"));
  const musl = !gnu && libraries.some((name) => name.startsWith("ld-musl"));
  return `${process.platform}-${process.arch}${musl ? "-musl" : ""}`;
}

/** Whether this is the compiled executable, and not its source run by Bun. */
function isCompiled(): boolean {
  return /[/\\](\$bunfs|~BUN)[/\\]/.test(Bun.main);
}

/** @throws Failure `no-executable-for`, kind `usage`. */
async function carriedFor(
  kind: MachineKind,
  route: SshRoute,
  given: string | undefined,
): Promise<CarriedExecutable> {
  const name = `${programName}-${kind}`;
  const beside = join(dirname(process.execPath), name);
  const own = isCompiled() && kind === kindHere() ? process.execPath : undefined;
  const path = given ?? own ?? (existsSync(beside) ? beside : undefined);
  if (path === undefined) {
    throw wrongUsage(
      "no-executable-for",
      `${route.machine} is ${kind}, and this executable is for ${kindHere()}`,
      `put the release's ${name} beside ${basename(process.execPath)}, or give --ssh-executable FILE`,
    );
  }
  if (!(await Bun.file(path).exists())) {
    const hint = `give the release's ${name}`;
    throw wrongUsage("no-executable-for", `--ssh-executable ${path} isn't there`, hint);
  }
  return { path, sha256: await sha256Of(path), version };
}

/**
 * `$@` is the program. It is told to end when a line comes, and when nothing can come any more: the
 * ssh connection is gone, or the one who asked.
 */
const runScript = `exec 3<&0
"$@" </dev/null 3<&- &
pid=$!
{ while read -r _; do kill -TERM "$pid"; done; kill -TERM "$pid"; } <&3 >/dev/null 2>&1 &
watch=$!
wait "$pid"; status=$?
kill "$watch" 2>/dev/null
exit "$status"`;

async function passOn(
  pieces: AsyncIterable<Uint8Array>,
  write: (text: string) => Promise<void>,
): Promise<void> {
  const decoder = new TextDecoder();
  for await (const piece of pieces) await write(decoder.decode(piece, { stream: true }));
  const cut = decoder.decode();
  if (cut !== "") await write(cut);
}

/**
 * Runs the command there as if it ran here: its output, its exit code, its end by Ctrl-C.
 *
 * @throws Failure `platform-unsupported`, `no-executable-for`, as `executableThere`.
 */
export async function runThere(
  { route, typed, words, executable: given }: ThereCommand,
  { output, signal }: Context,
): Promise<number> {
  const kind = await waiting(output, `connecting to ${route.machine}`, kindThere(route));
  const carried = await carriedFor(kind, route, given);
  const program = await executableThere(route, carried, (work, what) =>
    waiting(output, what, unlessAborted(work, signal)),
  );
  signal.throwIfAborted();
  const environment = `${typedElsewhere}=${JSON.stringify(typed)}`;
  return await follow(route, ["env", environment, program, ...words], output, signal);
}

/** A line of stderr from there, which knows no terminal: what this end would colour and break is. */
function show(line: string, output: Output): void {
  const [, label, message = ""] = /^(error|warning): (.*)$/s.exec(line) ?? [];
  if (label === "error") output.error(message);
  else if (label === "warning") output.warn(message);
  else void output.writeError(`${line}\n`);
}

async function follow(
  route: SshRoute,
  command: readonly string[],
  output: Output,
  signal: AbortSignal,
): Promise<number> {
  const { ssh, output: said } = await startThere(route, runScript, command, (line) =>
    show(line, output),
  );
  const end = () => void tell(ssh, "\n");
  signal.addEventListener("abort", end, { once: true });
  if (signal.aborted) end();
  try {
    await passOn(said, (text) => output.write(text));
    const status = await ssh.ended;
    if (status !== sshFailed && typeof status === "number") return status;
    signal.throwIfAborted();
    throw route.failure(ssh, status);
  } finally {
    signal.removeEventListener("abort", end);
  }
}
