// One ssh process: what it says on stderr is kept, how it ends is told.

import { messageOf, systemCodeOf } from "../../failure.ts";
import { type SshCommand, type SshSettings, sshEnvironment } from "./command.ts";
import { noSsh } from "./failures.ts";

/** What is kept of stderr, in characters. */
const mostSaid = 16 * 1024;

/**
 * How long an ssh that has ended is still listened to, in ms: a program that it has started, such as a
 * ProxyCommand, may keep its stderr and stdout open.
 */
const lingering = 200;

/** An ssh that was started. */
export interface SshProcess {
  child: Bun.Subprocess<"pipe", "pipe", "pipe">;
  /** What comes on its stdout, until it has ended. */
  received(): AsyncGenerator<Uint8Array>;
  /** What it has said on stderr so far, its last 16 KiB. */
  said(): string;
  /** Its exit code or the signal that ended it, once it has ended and all that it said is known. */
  ended: Promise<number | string>;
}

/** @throws Failure `no-ssh`. */
export function startSsh({ words, apart }: SshCommand, settings: SshSettings): SshProcess {
  let said = "";
  const child = (() => {
    try {
      return Bun.spawn([...words], {
        env: sshEnvironment(),
        stdin: "pipe",
        stdout: "pipe",
        stderr: "pipe",
        windowsHide: true,
        detached: apart,
      });
    } catch (error) {
      throw noSsh(`${settings.program}: ${messageOf(error)}`);
    }
  })();
  const stderr = child.stderr.getReader();
  const listening = (async () => {
    const decoder = new TextDecoder();
    let line = "";
    for (let next = await stderr.read(); !next.done; next = await stderr.read()) {
      const text = decoder.decode(next.value, { stream: true });
      said = (said + text).slice(-mostSaid);
      const lines = (line + text).split(/\r?\n/);
      line = (lines.pop() ?? "").slice(-mostSaid);
      for (const whole of lines) settings.heard(whole);
    }
    line += decoder.decode();
    if (line !== "") settings.heard(line);
  })();
  const ended = child.exited.then(async () => {
    const late = setTimeout(() => void stderr.cancel(), lingering);
    await listening;
    clearTimeout(late);
    return child.signalCode ?? child.exitCode ?? -1;
  });
  return { child, received: () => stdoutOf(child, ended), said: () => said, ended };
}

/**
 * Hands bytes to a pipe. Either call may give a promise that fails where nobody reads any more, and one
 * that nobody waits for would end this program.
 *
 * @returns what is to be waited for where not all is taken yet.
 */
export function pour(pipe: Bun.FileSink, bytes: string | Uint8Array): Promise<unknown> | number {
  const written: unknown = pipe.write(bytes);
  const flushed = pipe.flush();
  return written instanceof Promise ? Promise.all([written, flushed]) : flushed;
}

/**
 * Writes to an ssh's stdin, and waits until that is taken. An ssh that has ended takes nothing more;
 * why, its end says.
 */
export async function tell({ child }: SshProcess, words: string): Promise<void> {
  try {
    await pour(child.stdin, words);
  } catch (error) {
    if (systemCodeOf(error) !== "EPIPE") throw error;
  }
}

async function* stdoutOf(
  child: SshProcess["child"],
  ended: Promise<unknown>,
): AsyncGenerator<Uint8Array> {
  const reader = child.stdout.getReader();
  void ended.then(() => reader.cancel());
  for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
}
