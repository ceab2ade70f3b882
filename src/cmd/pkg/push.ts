import { Failure } from "../../failure.ts";
import { collectWheels, sha256Of } from "../../local/wheels.ts";
import type { Connection } from "../../remote/connection.ts";
import { tagsOf } from "../../remote/environment.ts";
import { type PushedFile, push as pushWheels, type Wheel } from "../../remote/wheelhouse.ts";
import { count, megabytes } from "../../ui/format.ts";
import { createProgress } from "../../ui/progress.ts";
import { isUniversal } from "../../wheels/filename.ts";
import { misfitsOf } from "../../wheels/tags.ts";
import { command } from "../command.ts";
import { targetOf, withSession } from "../target.ts";
import { remoteWheelhouseArg } from "./shared.ts";
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

/** Says which wheels the Python there doesn't take; one sentence each. */
async function misfitWarnings(
  connection: Connection,
  wheels: readonly Wheel[],
  strict: boolean,
): Promise<string[]> {
  const names = wheels.map((wheel) => wheel.name).filter((name) => !isUniversal(name));
  if (names.length === 0) return [];
  const tags = await tagsOf(connection);
  const warnings =
    tags === null
      ? ["which wheels fit isn't known: neither pip nor ensurepip is there to tell"]
      : misfitsOf(names, tags).map(
          ({ filename, reason, closest }) => `${filename} ${reason}; ${closest} would fit`,
        );
  if (warnings.length > 0 && strict) {
    throw new Failure("tags-dont-fit", `nothing was sent:\n  ${warnings.join("\n  ")}`, {
      hint: "blender-remote-cli pkg info shows the 'pip download' line whose wheels fit",
    });
  }
  return warnings;
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
    const { folder, files } = await withSession(target, output, signal, async (session) => {
      warnings = await misfitWarnings(session.connection, wheels, args.strict === true);
      for (const warning of warnings) output.warn(warning);
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
