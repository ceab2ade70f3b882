import { Failure } from "../../failure.ts";
import { collectWheels, sha256Of } from "../../local/wheels.ts";
import type { Connection } from "../../remote/connection.ts";
import { knownTagsOf } from "../../remote/environment.ts";
import { type PushedFile, push as pushWheels, type Wheel } from "../../remote/wheelhouse.ts";
import { count, megabytes } from "../../ui/format.ts";
import type { Output } from "../../ui/output.ts";
import { createProgress } from "../../ui/progress.ts";
import { isUniversal } from "../../wheels/filename.ts";
import { misfitTable } from "../../wheels/misfit-table.ts";
import { misfitsOf, targetTags } from "../../wheels/tags.ts";
import { command } from "../command.ts";
import { targetOf } from "../target.ts";
import { remoteWheelhouseArg, withPackages } from "./shared.ts";
import { parseSize } from "./size.ts";

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
    case "uploaded":
      return `uploaded ${file.name} (${size})`;
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
  connection: Connection,
  wheels: readonly Wheel[],
  strict: boolean,
  output: Output,
): Promise<string[]> {
  const names = wheels.map((wheel) => wheel.name).filter((name) => !isUniversal(name));
  // Wheels for every Python 3 need no question.
  if (names.length === 0) return [];
  const { tags, unknown } = await knownTagsOf(connection);
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

export const push = command({
  description: "Bring wheels into a wheelhouse on Blender's machine",
  args: {
    path: { type: "positional", description: "Wheels, or folders that hold wheels" },
    "remote-wheelhouse": { ...remoteWheelhouseArg, required: true },
    "chunk-size": {
      type: "string",
      valueHint: "size",
      default: "5M",
      description: "Largest piece sent at once, before base64; k and M are 1024 based",
    },
    strict: {
      type: "boolean",
      description: "Send nothing when a wheel doesn't fit the Python there",
    },
  },
  several: "path",
  async run({ args, positionals, output, signal }) {
    const chunkSize = chunkSizeOf(args["chunk-size"]);
    const target = await targetOf(args);
    const local = await collectWheels(positionals);
    const bad = local.flatMap(({ name, size, problem }): PushedFile[] =>
      problem === undefined
        ? []
        : [{ name, size, sha256: null, status: "failed", transferred_bytes: 0, error: problem }],
    );
    const wheels: Wheel[] = [];
    for (const { name, path, size, problem } of local) {
      if (problem === undefined) wheels.push({ name, path, size, sha256: await sha256Of(path) });
    }
    const progress = createProgress(output);
    let warnings: string[] = [];
    const { folder, files } = await withPackages(target, output, signal, async (session) => {
      warnings = await misfitWarnings(session.connection, wheels, args.strict === true, output);
      try {
        return await pushWheels(session, wheels, {
          folder: args["remote-wheelhouse"],
          chunkSize,
          deadlines: target.deadlines,
          signal,
          observer: {
            begins: (_, bytes) => progress.begin(bytes),
            arrived: (bytes) => progress.advance(bytes),
            finished: (file) => {
              if (file.status === "uploaded") progress.line(describe(file));
            },
          },
        });
      } finally {
        progress.end();
      }
    });
    const all = [...files, ...bad].sort((a, b) => (a.name < b.name ? -1 : 1));
    const number = (status: PushedFile["status"]) =>
      all.filter((file) => file.status === status).length;
    const [uploaded, skipped, failed] = [number("uploaded"), number("skipped"), number("failed")];
    if (output.json) {
      const summary = { files: all, uploaded, skipped, failed, warnings };
      await output.writeJson({ op: "push", remote_wheelhouse: folder, ...summary });
      return failed === 0 ? 0 : 1;
    }
    for (const file of all) {
      if (file.status === "skipped") output.note(describe(file));
      if (file.status === "failed") output.error(describe(file));
    }
    const summary = `${folder}: ${count(uploaded, "wheel")} uploaded, ${skipped} skipped, ${failed} failed`;
    if (failed === 0) {
      output.success(summary);
      return 0;
    }
    output.error(summary);
    await output.hint("mend what is said above and run the same command again");
    return 1;
  },
});
