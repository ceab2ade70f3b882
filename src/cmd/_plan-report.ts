// What is said of chosen and fetched wheels.

import type { FetchedWheel } from "../local/index/fetch-wheels.ts";
import { askersOf, type TargetPlan } from "../local/index/plan.ts";
import type { OfferedFile } from "../local/index/projects.ts";
import { megabytes } from "../megabytes.ts";
import { listed } from "../text.ts";
import { count } from "../ui/format.ts";
import type { Output } from "../ui/output.ts";

/** How many kept packages a note names. */
const namedKept = 5;

/** What is kept as Blender brings it, for each target. */
export function noteKept(plans: readonly TargetPlan[], output: Output): void {
  for (const { target, packages } of plans) {
    const kept = packages.filter(({ file }) => file === null);
    if (kept.length === 0) continue;
    const names = listed(
      kept.map(({ name, version }) => `${name} ${version}`),
      namedKept,
    );
    output.note(`left out, as ${target.name} has it: ${names}`);
  }
}

/** The plans as `--json` prints them. */
export function plansJson(plans: readonly TargetPlan[]) {
  return plans.map(({ target, packages }) => ({
    name: target.name,
    python: target.python,
    packages: packages.map((one) => ({
      name: one.name,
      version: one.version,
      extras: one.extras,
      file: one.file?.filename ?? null,
      required_by: askersOf(one),
    })),
  }));
}

/** The wheels of plans, each once, by file name. */
export function wheelsOf(plans: readonly TargetPlan[]) {
  const files = new Map(
    plans.flatMap(({ packages }) =>
      packages.flatMap(({ file }) => (file === null ? [] : [[file.filename, file] as const])),
    ),
  );
  return [...files.values()].sort((a, b) => (a.filename < b.filename ? -1 : 1));
}

export async function renderPlans(plans: readonly TargetPlan[], output: Output): Promise<void> {
  noteKept(plans, output);
  for (const { filename, size } of wheelsOf(plans))
    await output.write(`${filename}${size === null ? "" : ` (${megabytes(size)})`}\n`);
  noteTotal(wheelsOf(plans), output);
}

/** How much a dry run has listed, as far as indexes tell sizes. */
export function noteTotal(files: readonly { size: number | null }[], output: Output): void {
  const bytes = files.reduce((sum, { size }) => sum + (size ?? 0), 0);
  const least = files.some(({ size }) => size === null) ? "at least " : "";
  if (files.length === 0) output.note("no wheels are needed");
  else output.note(`${count(files.length, "wheel")}, ${least}${megabytes(bytes)} in all`);
}

/** The wheels as `--json` prints them. */
export function wheelsJson(wheels: readonly FetchedWheel[]) {
  return wheels.map(({ file, sha256, size, status }) => {
    return { file: file.filename, sha256, size, url: file.url, index: file.from, status };
  });
}

/** Wheels that would come, as `--json` prints them. */
export function offersJson(files: readonly OfferedFile[]) {
  return files.map(({ filename, size, url, from }) => {
    return { file: filename, size, url, index: from };
  });
}

/** One line at the end. */
export function summaryOf(folder: string, wheels: readonly FetchedWheel[]): string {
  const came = wheels.filter(({ status }) => status === "downloaded");
  const bytes = came.reduce((sum, { size }) => sum + size, 0);
  const there = wheels.filter(({ status }) => status === "there").length;
  const carried = wheels.some(({ status }) => status === "carried") ? ", and pip's" : "";
  const how = came.length === 0 ? "" : ` (${megabytes(bytes)})`;
  return `${folder}: ${count(came.length, "wheel")} downloaded${how}, ${there} there already${carried}`;
}
