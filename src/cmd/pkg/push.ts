// `pkg push`: brings wheels into a wheelhouse on Blender's machine.

import { Failure } from "../../failure.ts";
import { wheelsToPush } from "../../local/wheels/push-wheels.ts";
import { waiting } from "../../ui/waiting.ts";
import { command } from "../_command.ts";
import { globalArgs } from "../_declaration.ts";
import { targetOf } from "../_target.ts";
import { remoteWheelhouseArg } from "./_flags.ts";
import { reportPush } from "./_push-report.ts";
import { send, stepwise } from "./_sending.ts";
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

const mostRetries = 100;

function retriesOf(text: string): number {
  const retries = Number(text);
  if (/^\d+$/.test(text) && retries <= mostRetries) return retries;
  throw new Failure("bad-retries", `--retries is '${text}'`, {
    kind: "usage",
    hint: `give how often a broken transfer is taken up again, 0 to ${mostRetries}`,
  });
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
