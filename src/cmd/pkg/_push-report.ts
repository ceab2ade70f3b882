// What became of the wheels of a push, while it goes on and at its end.

import { megabytes } from "../../megabytes.ts";
import type { PushedFile, PushObserver } from "../../remote/wheelhouse/progress.ts";
import type { PushResult } from "../../remote/wheelhouse/push.ts";
import { again, text } from "../../text.ts";
import { count } from "../../ui/format.ts";
import type { Output } from "../../ui/output.ts";
import type { Progress } from "../../ui/progress.ts";
import { failureJson } from "../../ui/report.ts";

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

/** Of more wheels than this only the sum is told, without `--verbose`. */
const mostLines = 10;

/**
 * Shows what goes on.
 *
 * @param sizes bytes by file name.
 * @param done gets what became of each file.
 * @param verbose whether each wheel gets a line, however many there are.
 */
export function pushObserver(
  progress: Progress,
  sizes: ReadonlyMap<string, number>,
  done: PushedFile[],
  verbose: boolean,
): PushObserver {
  let each = verbose;
  return {
    begins: (files) => {
      each = verbose || files.length <= mostLines;
      progress.begin(files);
    },
    starts: (name, there) => progress.start(name, sizes.get(name) ?? 0, there),
    sent: (name, bytes) => progress.advance(name, bytes),
    retries: (name, reason, seconds) => {
      const next =
        seconds === 0 ? "uploading under a new temporary name" : `trying again in ${seconds} s`;
      progress.line(`${name}: ${reason}; ${next}`);
    },
    finished: (file) => {
      done.push(file);
      progress.finish(file.name);
      if (file.status === "uploaded" && each) progress.line(describe(file));
    },
  };
}

/** A file that wasn't sent, since it isn't a whole wheel. */
function refused({ name, size, problem }: { name: string; size: number; problem: string }) {
  const nothing = { sha256: null, transferred_bytes: 0, resumed_bytes: 0, replaced: false };
  return { name, size, ...nothing, status: "failed", error: problem } satisfies PushedFile;
}

/**
 * Shows what came of a push.
 *
 * @param bad files that weren't sent, since they aren't whole wheels.
 * @returns the exit code.
 */
export async function reportPush(
  pushed: PushResult,
  bad: readonly { name: string; size: number; problem: string }[],
  warnings: readonly string[],
  output: Output,
): Promise<number> {
  const files = [...pushed.files, ...bad.map(refused)].sort((a, b) => (a.name < b.name ? -1 : 1));
  const exit = exitOf(pushed, files);
  if (output.json) await output.writeJson(jsonOf(pushed, files, warnings, output));
  else await show(pushed, files, exit, output);
  return exit;
}

function exitOf({ lost }: PushResult, files: readonly PushedFile[]): number {
  return lost?.exitCode ?? (numberOf(files, "failed") === 0 ? 0 : 1);
}

function numberOf(files: readonly PushedFile[], status: PushedFile["status"]): number {
  return files.filter((file) => file.status === status).length;
}

function jsonOf(
  { folder, transport, seconds, removedParts, lost }: PushResult,
  files: readonly PushedFile[],
  warnings: readonly string[],
  output: Output,
) {
  return {
    op: "push",
    remote_wheelhouse: folder,
    transport,
    files,
    uploaded: numberOf(files, "uploaded"),
    skipped: numberOf(files, "skipped"),
    failed: numberOf(files, "failed"),
    transferred_bytes: bytesOf(files, "transferred_bytes"),
    duration_s: seconds,
    removed_parts: removedParts,
    warnings,
    ...(lost === undefined ? {} : { error: failureJson(lost, output) }),
  };
}

function bytesOf(files: readonly PushedFile[], key: "transferred_bytes" | "resumed_bytes") {
  return files.reduce((sum, file) => sum + file[key], 0);
}

/** What this push has sent, and how fast: what was there already is no part of the speed. */
export function sentText(files: readonly PushedFile[], seconds: number): string {
  const sent = bytesOf(files, "transferred_bytes");
  const resumed = bytesOf(files, "resumed_bytes");
  const replaced = files.filter((file) => file.replaced).length;
  const speed = megabytes(sent / Math.max(seconds, 0.001));
  return [
    ...(sent === 0 ? [] : [`; ${megabytes(sent)} in ${seconds.toFixed(1)} s (${speed}/s)`]),
    ...(resumed === 0 ? [] : [`; ${megabytes(resumed)} were there from an earlier push`]),
    ...(replaced === 0 ? [] : [`; ${count(replaced, "other file")} of the same name replaced`]),
  ].join("");
}

async function show(
  { folder, seconds, removedParts, lost }: PushResult,
  files: readonly PushedFile[],
  exit: number,
  output: Output,
): Promise<void> {
  if (removedParts > 0) {
    output.note(`removed ${count(removedParts, "part")} of pushes older than a week`);
  }
  for (const file of files) {
    if (file.status === "skipped" && output.verbose) output.note(describe(file));
    if (file.status === "failed") output.error(describe(file));
  }
  const uploaded = count(numberOf(files, "uploaded"), "wheel");
  const [skipped, failed] = [numberOf(files, "skipped"), numberOf(files, "failed")];
  const summary = `${folder}: ${uploaded} uploaded, ${skipped} skipped, ${failed} failed${sentText(files, seconds)}`;
  if (exit === 0) return output.success(summary);
  output.error(summary);
  await output.hint(
    lost?.hint ?? text`run '${again()}' again when that is mended: what is there isn't sent again`,
  );
}
