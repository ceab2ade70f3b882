// `pkg push`: brings wheels into a wheelhouse on Blender's machine.

import { extended, Failure } from "../../failure.ts";
import { type WheelToPush, wheelsToPush } from "../../local/wheels/push-wheels.ts";
import type { PushedFile, PushOptions } from "../../remote/wheelhouse/progress.ts";
import { type PushResult, push as pushWheels } from "../../remote/wheelhouse/push.ts";
import type { Deadlines } from "../../remote/wire/connection.ts";
import type { Session } from "../../remote/wire/session.ts";
import { again, text } from "../../text.ts";
import type { Output } from "../../ui/output.ts";
import { createProgress } from "../../ui/progress.ts";
import { waiting } from "../../ui/waiting.ts";
import { command } from "../_command.ts";
import { globalArgs } from "../_declaration.ts";
import { targetOf } from "../_target.ts";
import { remoteWheelhouseArg } from "./_flags.ts";
import { misfitWarnings } from "./_misfits.ts";
import { pushObserver, reportPush } from "./_push-report.ts";
import { parseSize } from "./_size.ts";
import { withPackages } from "./_with-packages.ts";

const smallestChunk = 1024;
const largestChunk = 64 * 1024 * 1024;

function chunkSizeOf(text: string): number {
  const size = parseSize(text);
  if (size === undefined || size < smallestChunk || size > largestChunk) {
    throw new Failure("bad-size", `--chunk-size is '${text}'`, {
      kind: "usage",
      hint: "give bytes, or a number with k or M, from 1k to 64M: --chunk-size 5M",
    });
  }
  return size;
}

/** A transfer that goes on may take as long as it takes, so that the limit is one for each step. */
function stepwise(deadlines: Deadlines): Deadlines {
  return { ...deadlines, answer: deadlines.total, total: Number.POSITIVE_INFINITY };
}

/**
 * Turns Ctrl-C and a time-out into a failure that says how to go on.
 *
 * @param done what became of some wheels until then.
 */
function resumable(error: unknown, done: readonly PushedFile[]): unknown {
  if (!(error instanceof Failure) || !["interrupted", "timeout"].includes(error.kind)) return error;
  const late = error.kind === "timeout";
  return extended(error, {
    message: late ? "the time limit is over, not all was sent" : error.message,
    hint: text`what has arrived stays in the wheelhouse: '${again()}' goes on from there`,
    details: { files: done },
  });
}

const mostRetries = 100;

function retriesOf(text: string): number {
  const retries = Number(text);
  if (/^\d+$/.test(text) && retries <= mostRetries) return retries;
  throw new Failure("bad-retries", `--retries is '${text}'`, {
    kind: "usage",
    hint: `give how often a broken transfer is taken up again, 0 to ${mostRetries}`,
  });
}

/**
 * Sends these wheels and shows how far that is; meanwhile finds out which don't fit.
 *
 * @param strict sends nothing before all are known to fit.
 */
async function send(
  session: Session,
  wheels: readonly WheelToPush[],
  strict: boolean,
  options: Omit<PushOptions, "observer">,
  output: Output,
): Promise<{ pushed: PushResult; warnings: string[] }> {
  const progress = createProgress(output);
  const over = new AbortController();
  const done: PushedFile[] = [];
  const sizes = new Map(wheels.map(({ name, size }) => [name, size]));
  const observer = pushObserver(progress, sizes, done, output.verbose);
  try {
    const asked = misfitWarnings(session, wheels, strict, over.signal, progress.warn);
    if (strict) await asked;
    const [pushed, warnings] = await Promise.all([
      pushWheels(session, wheels, { ...options, observer }),
      asked,
    ]);
    return { pushed, warnings };
  } catch (error) {
    throw resumable(error, done);
  } finally {
    over.abort();
    progress.end();
  }
}

export const push = command({
  description: "Bring wheels into a wheelhouse on Blender's machine",
  args: {
    timeout: {
      ...globalArgs.timeout,
      description:
        "Limit for the whole push (none; each step has configuration cli.timeout_sec, 300)",
    },
    path: { type: "positional", description: "Wheels, or folders that hold wheels" },
    "remote-wheelhouse": remoteWheelhouseArg,
    strict: {
      type: "boolean",
      description: "Send nothing when a wheel doesn't fit Blender's Python",
    },
    verify: {
      type: "boolean",
      description:
        "First read every member of every wheel, about 2 s for each 100 MB; damaged ones stay here",
    },
    retries: {
      type: "string",
      valueHint: "number",
      default: "5",
      description: "How often a transfer that broke is taken up again, for each wheel",
    },
    transport: {
      type: "enum",
      options: ["auto", "stream", "chunks"],
      default: "auto",
      description: "Raw bytes, which our service takes, or pieces of code for any server",
    },
    "chunk-size": {
      type: "string",
      valueHint: "size",
      default: "5M",
      description: "Largest piece sent at once, before base64; k and M are 1024 based",
    },
  },
  several: "path",
  async options({ args, positionals }) {
    const push = {
      folder: args["remote-wheelhouse"],
      transport: args.transport,
      chunkSize: chunkSizeOf(args["chunk-size"]),
      retries: retriesOf(args.retries),
    };
    const { endpoint, deadlines } = await targetOf(args);
    const limits = args.timeout === undefined ? stepwise(deadlines) : deadlines;
    const target = { endpoint, deadlines: limits };
    const { strict, verify } = args;
    return { paths: positionals, strict, verify, push, target };
  },
  async run({ paths, strict, verify, push: options, target }, context) {
    const { output, signal } = context;
    const what = verify ? "reading every member of the wheels" : "reading the wheels";
    const wheels = await waiting(output, what, wheelsToPush(paths, { verify, signal }));
    for (const warning of wheels.warnings) output.warn(warning);
    const { warnings, pushed } = await withPackages(target, context, (session) =>
      send(session, wheels.whole, strict, options, output),
    );
    await wheels.remember(new Map(pushed.files.map(({ name, sha256 }) => [name, sha256])));
    return reportPush(pushed, wheels.bad, [...wheels.warnings, ...warnings], output);
  },
});
