// The executable of this program on the other machine: looked for by its hash, sent where it is missing.

import { Failure, systemCodeOf } from "../../failure.ts";
import { megabytes } from "../../megabytes.ts";
import { posixWord } from "../../text.ts";
import { sshFailed } from "./failures.ts";
import { pour } from "./process.ts";
import { startThere } from "./remote-command.ts";
import type { SshRoute } from "./route.ts";
import { lastWords, oneLine } from "./words.ts";

/** A machine as the executables' names have it: `linux-x64`, `darwin-arm64`, `linux-x64-musl`. */
export type MachineKind = string;

const platformScript = `uname -sm
for f in /lib/ld-linux* /lib64/ld-linux* /lib/*/ld-linux*; do if [ -e "$f" ]; then echo gnu; fi; done
for f in /lib/ld-musl-*; do if [ -e "$f" ]; then echo musl; fi; done`;

/**
 * Asks what kind of machine it is.
 *
 * @throws Failure `platform-unsupported` (kind `usage`); as `SshRoute.ask`.
 */
export async function kindThere(route: SshRoute): Promise<MachineKind> {
  const { output } = await route.ask(platformScript);
  const [said = "", ...libraries] = output.trim().split("\n");
  const [system, processor = ""] = said.split(" ");
  const platform = { Linux: "linux", Darwin: "darwin" }[system ?? ""];
  const architecture = { x86_64: "x64", amd64: "x64", aarch64: "arm64", arm64: "arm64" }[processor];
  if (platform === undefined || architecture === undefined) {
    throw new Failure(
      "platform-unsupported",
      `there is no executable for ${route.machine}: it is '${oneLine(said)}'`,
      {
        kind: "usage",
        hint: "this works for Linux and macOS on x64 and arm64; elsewhere start Blender there, and reach it with --ssh",
      },
    );
  }
  const musl = !libraries.includes("gnu") && libraries.includes("musl");
  return `${platform}-${architecture}${musl ? "-musl" : ""}`;
}

/** The executable to be there. */
export interface CarriedExecutable {
  /** Its file on this machine. */
  path: string;
  sha256: string;
  version: string;
}

/** Where it is there, unquoted and from the home folder on. */
function folderOf({ version, sha256 }: CarriedExecutable): string {
  return `.cache/blender-remote-cli/executables/${version}-${sha256.slice(0, 16)}`;
}

/** Prints `there PATH` where the file is there, whole, and nobody else's; its folder's time says when. */
const lookScript = (folder: string, sha256: string) => `cd || exit 1
d="$PWD/"${posixWord(folder)}
if [ -d "$d" ] && [ ! -h "$d" ]; then
  set -- $(LC_ALL=C ls -ldn "$d")
  if [ "$3" = "$(id -u)" ]; then case "$1" in drwx------*)
    sum=$(sha256sum <"$d/blender-remote-cli" || shasum -a 256 <"$d/blender-remote-cli")
    case "$sum" in ${sha256}*) touch "$d"; echo "there $d/blender-remote-cli"; exit 0;; esac;; esac; fi
fi
echo "missing $d/blender-remote-cli"`;

/**
 * Removes the executables of other versions that nobody runs and nobody has asked for within an hour,
 * in whose time a command may be about to run one; from the folder of this one on. Where `ps` doesn't
 * tell what runs, all stay. Only files of ours are removed, and folders that are empty then.
 */
const tidyScript = `cd .. && all=$(ps -A -ww -o args= 2>/dev/null || ps -o args 2>/dev/null) || exit 0
for d in "$PWD"/*-????????????????; do
  [ -d "$d" ] && [ ! -h "$d" ] && [ -n "$(find "$d" -prune -mmin +60)" ] || continue
  case "$all" in *"$d/blender-remote-cli"*) continue;; esac
  rm -f "$d/blender-remote-cli" "$d"/part.* && rmdir "$d" && echo "removed $d" >&2
done`;

/** `$1`: the folder, `$2`: the hash. Its stdin is the file. */
const placeScript = `umask 077
cd && mkdir -p "$1" && chmod 700 "$1" && cd "$1" || exit 1
part="part.$$"
trap 'rm -f "$part"' EXIT
cat >"$part" || exit 1
sum=$(sha256sum <"$part" || shasum -a 256 <"$part")
case "$sum" in "$2"*) ;; *) echo "the file that arrived has another hash: $sum" >&2; exit 1;; esac
chmod 700 "$part" && mv -f "$part" blender-remote-cli || exit 1
(${tidyScript}) || :`;

/**
 * Sees to it that the executable is there, whole.
 *
 * @param sending is given the sending, for as long as that takes.
 * @returns its absolute path there.
 * @throws Failure `executable-not-sent`, `wrong-executable`; as `SshRoute.ask`.
 */
export async function executableThere(
  route: SshRoute,
  carried: CarriedExecutable,
  sending: (work: Promise<void>, what: string) => Promise<void>,
): Promise<string> {
  const folder = folderOf(carried);
  const look = async () => {
    const { output } = await route.ask(`(${lookScript(folder, carried.sha256)})`);
    return /^(there|missing) (\/.*)$/s.exec(output.trim());
  };
  const found = await look();
  if (found?.[1] === "there") return found[2] ?? "";
  const bytes = Bun.file(carried.path).size;
  const what = `sending the executable to ${route.machine}, ${megabytes(bytes)}`;
  await sending(send(route, carried, folder), what);
  const [, state, path = ""] = (await look()) ?? [];
  if (state !== "there") {
    throw new Failure(
      "executable-not-sent",
      `the executable was sent to ${route.machine}, and isn't there as it should be: ${path}`,
      { hint: "see whether that folder belongs to you there, with rights for nobody else" },
    );
  }
  await requireVersion(route, path, carried.version);
  return path;
}

async function send(route: SshRoute, carried: CarriedExecutable, folder: string): Promise<void> {
  const { ssh, output } = await startThere(route, placeScript, [folder, carried.sha256]);
  await output.next();
  await Promise.race([written(ssh.child.stdin, carried.path), ssh.ended]);
  const status = await ssh.ended;
  if (status === 0) return;
  if (status === sshFailed) throw route.failure(ssh, status);
  throw new Failure(
    "executable-not-sent",
    `the executable didn't get to ${route.machine}: ${lastWords(ssh.said())}`,
    {
      hint: "see whether there is room in ~/.cache there, and whether it can be written to",
    },
  );
}

/** Writes a file to a pipe, as far as the other end takes it. */
async function written(pipe: Bun.FileSink, path: string): Promise<void> {
  try {
    for await (const piece of Bun.file(path).stream()) await pour(pipe, piece);
    await pipe.end();
  } catch (error) {
    // Why it took no more, the end of that program says.
    if (systemCodeOf(error) !== "EPIPE") throw error;
  }
}

async function requireVersion(route: SshRoute, path: string, version: string): Promise<void> {
  const { status, output } = await route.ask(`${posixWord(path)} --version 2>&1`);
  const said = output.trim();
  if (status === 0 && said === version) return;
  await route.ask(`rm -f ${posixWord(path)}`);
  throw new Failure(
    "wrong-executable",
    `that executable isn't blender-remote-cli ${version} for ${route.machine}: '--version' said '${oneLine(said)}'`,
    { hint: "give the file of this version's release for that machine: --ssh-executable FILE" },
  );
}
