// A program on the other machine, over an ssh session of its own: its stdin is the session's.

import { posixWord } from "../../text.ts";
import { type SshProcess, tell } from "./process.ts";
import type { SshRoute } from "./route.ts";

/** A script there that has begun. */
export interface RemoteCommand {
  ssh: SshProcess;
  /** What it writes to stdout from its beginning on. */
  output: AsyncGenerator<Uint8Array>;
}

/**
 * Starts a POSIX shell script there. It comes over stdin, so that the user's own shell there has
 * nothing to take apart; the script's stdin is what is written to `ssh.child.stdin` afterwards.
 *
 * @param words its `$1`, `$2`, …
 * @param heard is told what it writes to stderr, line by line.
 * @throws Failure as `SshRoute.session`.
 */
export async function startThere(
  route: SshRoute,
  script: string,
  words: readonly string[],
  heard?: (line: string) => void,
): Promise<RemoteCommand> {
  const ssh = await route.session("sh", heard);
  const mark = crypto.randomUUID();
  const marked = `printf '\\n%s\\n' ${mark}\n${script}`;
  // By 'exec' there is no shell left that reads ahead of what is meant for the script.
  const line = ["exec", "sh", "-c", marked, "sh", ...words].map(posixWord).join(" ");
  await tell(ssh, `${line}\n`);
  return { ssh, output: behind(`\n${mark}\n`, ssh.received()) };
}

/** What comes behind a mark: before it stands what login scripts print. */
async function* behind(
  mark: string,
  pieces: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let before: Buffer | undefined = Buffer.alloc(0);
  for await (const piece of pieces) {
    if (before === undefined) {
      yield piece;
      continue;
    }
    const seen: Buffer = Buffer.concat([before, piece]);
    const at = seen.indexOf(mark);
    if (at === -1) {
      before = seen.subarray(-1024 * 1024);
      continue;
    }
    before = undefined;
    // That it has begun is told by a first piece, which may be empty.
    yield seen.subarray(at + mark.length);
  }
}
