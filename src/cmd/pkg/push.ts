import { Failure } from "../../failure.ts";
import { HashCache } from "../../local/files/hash-cache.ts";
import { collectWheels } from "../../local/files/wheels.ts";
import { megabytes } from "../../megabytes.ts";
import type { PushedFile, PushOptions } from "../../remote/wheelhouse/progress.ts";
import { push as pushWheels } from "../../remote/wheelhouse/push.ts";
import type { Wheel } from "../../remote/wheelhouse/wheel.ts";
import type { Deadlines } from "../../remote/wire/connection.ts";
import type { Session } from "../../remote/wire/session.ts";
import { count } from "../../ui/format.ts";
import type { Output } from "../../ui/output.ts";
import { createProgress } from "../../ui/progress.ts";
import { isUniversal } from "../../wheels/filename.ts";
import { misfitTable } from "../../wheels/misfit-table.ts";
import { misfitsOf, targetTags } from "../../wheels/tags.ts";
import { command, globalArgs } from "../_command.ts";
import { targetOf } from "../_target.ts";
import { remoteWheelhouseArg, tagsUnlessHeld, withPackages } from "./_shared.ts";
import { parseSize } from "./_size.ts";

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

function describe(file: PushedFile): string {
  const size = megabytes(file.size);
  switch (file.status) {
    case "uploaded": {
      const there = file.resumed_bytes;
      const resumed =
        there === 0 ? "" : `, ${megabytes(there)} of it were there from an earlier push`;
      const replaced = file.replaced ? "; it replaced another file of that name" : "";
      return `uploaded ${file.name} (${size}${resumed})${replaced}`;
    }
    case "skipped":
      return `skipped ${file.name} (${size}): already there with the same hash`;
    case "failed":
      return `failed ${file.name}: ${file.error}`;
  }
}

/**
 * Says which of these wheels Blender's Python doesn't take, before any is sent: in a table on
 * stderr, or with `strict` as a failure.
 *
 * @returns the same for `--json`, one sentence a wheel.
 * @throws Failure with `strict`: `tags-dont-fit`, `tags-unknown`.
 */
async function misfitWarnings(
  session: Session,
  wheels: readonly Wheel[],
  strict: boolean,
  output: Output,
): Promise<string[]> {
  const names = wheels.map((wheel) => wheel.name).filter((name) => !isUniversal(name));
  // Wheels for every Python 3 need no question.
  if (names.length === 0) return [];
  const { tags, unknown } = await tagsUnlessHeld(session, strict, "--strict waits for its end");
  const target = tags === null ? null : targetTags(tags);
  if (target === null) {
    const message = `it isn't known which wheels fit Blender's Python: ${unknown}`;
    if (strict) {
      throw new Failure("tags-unknown", `nothing was sent: ${message}`, {
        hint: "blender-remote-cli pkg info shows what is missing there; without --strict the wheels are sent all the same",
      });
    }
    output.warn(message);
    return [message];
  }
  const misfits = misfitsOf(names, target);
  if (misfits.length === 0) return [];
  const verb = misfits.length === 1 ? "doesn't" : "don't";
  const which = `${misfits.length} of ${count(wheels.length, "wheel")} ${verb} fit Blender's Python`;
  const table = misfitTable(misfits)
    .map((line) => `\n  ${line}`)
    .join("");
  if (strict) {
    throw new Failure("tags-dont-fit", `nothing was sent: ${which}${table}`, {
      hint: "blender-remote-cli pkg info shows the 'pip download' line whose wheels fit",
    });
  }
  output.warn(`${which}${table}`);
  return misfits.map(
    ({ filename, reason, closest }) => `${filename} ${reason}; ${closest} would fit`,
  );
}

function errorOf({ code, message, hint }: Failure, output: Output) {
  return { code, message, ...(hint === undefined ? {} : { hint: output.rendered(hint) }) };
}

function transportOf(text: string): PushOptions["transport"] {
  if (text === "auto" || text === "stream" || text === "chunks") return text;
  throw new Failure("bad-transport", `--transport is '${text}'`, {
    kind: "usage",
    hint: "give auto, stream or chunks",
  });
}

/** A transfer that goes on may take as long as it takes, so that the limit is one for each step. */
function stepwise(deadlines: Deadlines): Deadlines {
  return { ...deadlines, answer: deadlines.total, total: Number.POSITIVE_INFINITY };
}

/** Says what an end before the end means for the wheels; what became of some until then. */
function resumable(error: unknown, done: readonly PushedFile[]): unknown {
  if (!(error instanceof Failure) || !["interrupted", "timeout"].includes(error.kind)) return error;
  const { code, kind } = error;
  const message = kind === "timeout" ? "the time limit is over, not all was sent" : error.message;
  const hint =
    "what has arrived stays there: run the same command again, and it goes on from there";
  return new Failure(code, message, { kind, hint, details: { files: done }, cause: error });
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
      description: "Send nothing when a wheel doesn't fit the Python there",
    },
    retries: {
      type: "string",
      valueHint: "number",
      default: "5",
      description: "How often a transfer that broke is taken up again, for each wheel",
    },
    transport: {
      type: "string",
      valueHint: "auto|stream|chunks",
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
  async run({ args, positionals, output, signal }) {
    const chunkSize = chunkSizeOf(args["chunk-size"]);
    const transport = transportOf(args.transport);
    const retries = retriesOf(args.retries);
    const target = await targetOf(args);
    if (args.timeout === undefined) target.deadlines = stepwise(target.deadlines);
    const local = await collectWheels(positionals);
    const hashes = await HashCache.open();
    const bad: PushedFile[] = [];
    const wheels: (Wheel & { state: string })[] = [];
    const states = await Promise.all(local.map(({ path }) => hashes.state(path).catch(() => "")));
    for (const [index, { name, path, size, fingerprint, problem }] of local.entries()) {
      const state = states[index] ?? "";
      if (problem === undefined) {
        const knownSha256 = hashes.known(path, state);
        const sha256 = () => hashes.sha256(path);
        wheels.push({ name, path, size, fingerprint, state, knownSha256, sha256 });
        continue;
      }
      const nothing = { sha256: null, transferred_bytes: 0, resumed_bytes: 0, replaced: false };
      bad.push({ name, size, ...nothing, status: "failed", error: problem });
    }
    const progress = createProgress(output);
    const done: PushedFile[] = [];
    const sizes = new Map(wheels.map(({ name, size }) => [name, size]));
    let warnings: string[] = [];
    const pushed = await withPackages(target, output, signal, async (session) => {
      warnings = await misfitWarnings(session, wheels, args.strict === true, output);
      try {
        return await pushWheels(session, wheels, {
          folder: args["remote-wheelhouse"],
          transport,
          chunkSize,
          retries,
          observer: {
            begins: (files) => progress.begin(files),
            starts: (name, there) => progress.start(name, sizes.get(name) ?? 0, there),
            sent: (name, bytes) => progress.advance(name, bytes),
            retries: (name, reason, seconds) => {
              const next = seconds === 0 ? "sending it beside" : `trying again in ${seconds} s`;
              progress.line(`${name}: ${reason}; ${next}`);
            },
            finished: (file) => {
              done.push(file);
              progress.finish(file.name);
              if (file.status === "uploaded") progress.line(describe(file));
            },
          },
        });
      } catch (error) {
        throw resumable(error, done);
      } finally {
        progress.end();
      }
    });
    const sums = new Map(pushed.files.map(({ name, sha256 }) => [name, sha256]));
    const remember = async ({ name, path, state }: (typeof wheels)[number]) => {
      const sha256 = sums.get(name);
      if (sha256 != null) await hashes.put(path, state, sha256).catch(() => {});
    };
    await Promise.all(wheels.map(remember));
    await hashes.save();
    const all = [...pushed.files, ...bad].sort((a, b) => (a.name < b.name ? -1 : 1));
    const number = (status: PushedFile["status"]) =>
      all.filter((file) => file.status === status).length;
    const [uploaded, skipped, failed] = [number("uploaded"), number("skipped"), number("failed")];
    const { folder, lost } = pushed;
    const exit = lost?.exitCode ?? (failed === 0 ? 0 : 1);
    if (output.json) {
      await output.writeJson({
        op: "push",
        remote_wheelhouse: folder,
        transport: pushed.transport,
        files: all,
        uploaded,
        skipped,
        failed,
        removed_parts: pushed.removedParts,
        warnings,
        ...(lost === undefined ? {} : { error: errorOf(lost, output) }),
      });
      return exit;
    }
    if (pushed.removedParts > 0) {
      output.note(`removed ${count(pushed.removedParts, "part")} of pushes older than a week`);
    }
    for (const file of all) {
      if (file.status === "skipped" && output.verbose) output.note(describe(file));
      if (file.status === "failed") output.error(describe(file));
    }
    const summary = `${folder}: ${count(uploaded, "wheel")} uploaded, ${skipped} skipped, ${failed} failed`;
    if (exit === 0) {
      output.success(summary);
      return exit;
    }
    output.error(summary);
    await output.hint(
      lost?.hint ??
        "run the same command again when that is mended: what is there isn't sent again",
    );
    return exit;
  },
});
