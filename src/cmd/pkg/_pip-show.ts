// What pip writes, shown while it runs or kept for `--json`.

import { diagnosePip } from "../../remote/pip/diagnosis.ts";
import type { PipResult, PipSinks } from "../../remote/pip/follow.ts";
import { LastBytes } from "../../remote/pip/last-bytes.ts";
import { ours, type Text, text } from "../../text.ts";
import { waiting } from "../../ui/waiting.ts";
import type { Context } from "../_command.ts";
import { unlessAborted } from "../_unless-aborted.ts";

/** What `--json` keeps of each stream, in bytes; what pip wrote before that is counted. */
const keptForJson = 8 * 1024 * 1024;

/** What is kept of each stream to find the cause of a failure in. */
const keptForHints = 4096;

/** What a run of pip that was shown has come to. */
export interface ShownPip {
  result: PipResult;
  /** The end of what it wrote to its standard error. */
  said: string;
  /** What `--json` prints of it. */
  json: Record<string, unknown>;
}

/** pip's own exit status; a signal's negative number as a shell would show it. */
export function exitCodeOf({ returncode }: PipResult): number {
  return returncode < 0 ? 128 - returncode : returncode;
}

/** Causes that pip's own words don't say, or not in a way that helps here. */
const explained = new Set(["no-pip", "externally-managed", "no-input", "in-use"]);

function hintAfter(stderr: string): Text | undefined {
  const cause = diagnosePip(stderr, { wheelhouse: undefined });
  if (cause === undefined || !explained.has(cause.code)) return undefined;
  if (cause.code !== "externally-managed") return cause.hint;
  return text`what has a name and a version goes into Blender's user folder: ${ours("pkg install", "NAME", "--target", "user-modules")} (and ${ours("pkg uninstall", "NAME")} takes it out); for anything else give pip --target and the folder that '${ours("pkg info")}' shows as Modules`;
}

/** Shows what pip writes while it runs, or keeps it for the one JSON value. */
export async function showPip(
  { output, signal }: Context,
  run: (sinks: PipSinks) => Promise<PipResult>,
): Promise<ShownPip> {
  const limit = output.json ? keptForJson : keptForHints;
  const kept = { stdout: new LastBytes(limit), stderr: new LastBytes(limit) };
  const running = run({
    stdout: async (bytes) => {
      kept.stdout.push(bytes);
      if (!output.json) await unlessAborted(output.writeProgram("stdout", bytes), signal);
    },
    stderr: async (bytes) => {
      kept.stderr.push(bytes);
      if (!output.json) await unlessAborted(output.writeProgram("stderr", bytes), signal);
    },
  });
  // Elsewhere than on a terminal, what is written is pip's alone.
  const result = await (output.terminal ? waiting(output, "waiting for pip", running) : running);
  const { stdout, stderr } = kept;
  if (!output.json && result.returncode !== 0) {
    const hint = hintAfter(stderr.text());
    if (hint !== undefined) await output.hint(hint);
  }
  const json = {
    op: "pip",
    returncode: result.returncode,
    duration_s: result.duration,
    stdout: stdout.text(),
    stderr: stderr.text(),
    dropped: { stdout: stdout.dropped, stderr: stderr.dropped },
  };
  return { result, said: stderr.text(), json };
}
