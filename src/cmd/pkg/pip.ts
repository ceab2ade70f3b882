import { Failure } from "../../failure.ts";
import type { Connection } from "../../remote/connection.ts";
import { pythonOf } from "../../remote/environment.ts";
import {
  cancelPip,
  describePip,
  followPip,
  type PipResult,
  type PipSinks,
  pipThere,
  runPip,
} from "../../remote/pip.ts";
import { diagnosePip } from "../../remote/pip-diagnosis.ts";
import type { Output } from "../../ui/output.ts";
import { command } from "../command.ts";
import { targetOf, withSession } from "../target.ts";
import { Tail } from "./tail.ts";

/** What `--json` keeps of each stream, in bytes; what pip wrote before that is counted. */
const keptForJson = 8 * 1024 * 1024;

/** What is kept of each stream to find the cause of a failure in. */
const keptForHints = 4096;

/** Rejects when Ctrl-C comes first: a terminal or pager may take its time with output. */
async function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort);
  try {
    await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** Shows what pip writes while it runs, or keeps it for the one JSON value; gives the exit code. */
async function show(
  output: Output,
  signal: AbortSignal,
  run: (sinks: PipSinks) => Promise<PipResult>,
): Promise<number> {
  const limit = output.json ? keptForJson : keptForHints;
  const kept = { stdout: new Tail(limit), stderr: new Tail(limit) };
  const { returncode, duration } = await run({
    stdout: async (bytes) => {
      kept.stdout.push(bytes);
      if (!output.json) await unlessAborted(output.write(bytes), signal);
    },
    stderr: async (bytes) => {
      kept.stderr.push(bytes);
      if (!output.json) await unlessAborted(output.writeError(bytes), signal);
    },
  });
  const { stdout, stderr } = kept;
  if (output.json) {
    await output.writeJson({
      op: "pip",
      returncode,
      duration_s: duration,
      stdout: stdout.text(),
      stderr: stderr.text(),
      dropped: { stdout: stdout.dropped, stderr: stderr.dropped },
    });
  } else if (returncode !== 0) {
    // What a pip that isn't there can't say itself; everything else is in pip's own words.
    const cause = diagnosePip(stderr.text(), { wheelhouse: undefined });
    if (cause?.code === "no-pip") await output.writeError(`hint: ${cause.hint}\n`);
  }
  // A signal's negative number as a shell would show it.
  return returncode < 0 ? 128 - returncode : returncode;
}

async function follow(
  connection: Connection,
  output: Output,
  signal: AbortSignal,
): Promise<number> {
  const run = await pipThere(connection);
  if (run === undefined) {
    throw new Failure("no-pip-run", "no pip runs there, and none has ended unseen", {
      hint: "blender-remote-cli pkg pip -- PIP_ARGUMENTS… starts one",
    });
  }
  output.note(describePip(run));
  try {
    return await show(output, signal, (sinks) => followPip(connection, run.id, sinks));
  } catch (error) {
    if (!(error instanceof Failure) || !["interrupted", "timeout"].includes(error.code))
      throw error;
    const why = error.code === "timeout" ? "the time limit passed" : "interrupted";
    throw new Failure(error.code, `${why}; pip goes on in Blender`, {
      kind: error.kind,
      hint: "blender-remote-cli pkg pip --cancel ends it",
      cause: error,
    });
  }
}

async function cancel(connection: Connection, output: Output): Promise<number> {
  const run = await pipThere(connection);
  if (run !== undefined && !(await cancelPip(connection, run.id))) {
    throw new Failure("pip-goes-on", `pip was killed and is still there: ${describePip(run)}`, {
      hint: "look at that process on Blender's machine",
    });
  }
  const running = run?.returncode === null ? run : undefined;
  if (output.json) {
    const { pid, command: line, seconds } = running ?? {};
    const cancelled = running === undefined ? null : { pid, command: line, duration_s: seconds };
    await output.writeJson({ op: "pip-cancel", cancelled });
  } else if (running === undefined) output.note("no pip runs there");
  else output.note(`ended: ${describePip(running)}`);
  return 0;
}

/** Which of its three things the command line asks for; exactly one. */
function modeOf(rest: readonly string[], following: boolean, cancelling: boolean) {
  const asked = [...(following ? ["--follow"] : []), ...(cancelling ? ["--cancel"] : [])];
  if (asked.length + (rest.length > 0 ? 1 : 0) > 1) {
    const all = [...asked, ...(rest.length > 0 ? [`-- ${rest.join(" ")}`] : [])];
    throw new Failure("two-modes", `these don't go together: ${all.join(" and ")}`, {
      kind: "usage",
      hint: "blender-remote-cli pkg pip --help",
    });
  }
  if (following) return "follow";
  if (cancelling) return "cancel";
  if (rest.length > 0) return "run";
  throw new Failure("missing-argument", "there is nothing for pip after --", {
    kind: "usage",
    hint: "blender-remote-cli pkg pip -- list",
  });
}

export const pip = command({
  description:
    "Run pip in Blender's Python; everything after -- reaches it unchanged, relative paths mean Blender's working folder. No time limit unless --timeout is given before --",
  args: {
    follow: {
      type: "boolean",
      description:
        "Show the run that goes on there, or ended unseen, from its beginning to its end; Ctrl-C leaves it running",
    },
    cancel: {
      type: "boolean",
      description: "End the run that goes on there, with all its processes",
    },
  },
  rest: "PIP_ARGUMENTS…",
  async run({ args, rest, output, signal }) {
    const mode = modeOf(rest, args.follow === true, args.cancel === true);
    const target = await targetOf(args, mode === "cancel" ? undefined : Number.POSITIVE_INFINITY);
    return withSession(target, output, signal, async ({ connection }) => {
      if (mode === "follow") return follow(connection, output, signal);
      if (mode === "cancel") return cancel(connection, output);
      const python = await pythonOf(connection);
      const run = { command: python.pip, arguments: rest, isolated: false };
      return show(output, signal, (sinks) =>
        runPip(connection, { ...run, ...sinks }, target.deadlines),
      );
    });
  },
});
