// `pkg wheelhouse`: lists a wheelhouse on Blender's machine.

import { megabytes } from "../../megabytes.ts";
import { knownTagsOf } from "../../remote/python/interpreter.ts";
import { exposureWarnings } from "../../remote/wheelhouse/exposure.ts";
import { listWheelhouse, type WheelhouseListing } from "../../remote/wheelhouse/list.ts";
import type { Session } from "../../remote/wire/session.ts";
import { ours } from "../../text.ts";
import { columns, count } from "../../ui/format.ts";
import type { Output } from "../../ui/output.ts";
import { widthOf } from "../../ui/wrap.ts";
import { isUniversal, parseWheelName } from "../../wheels/filename.ts";
import { misfitsOf, targetTags } from "../../wheels/tags.ts";
import { command } from "../_command.ts";
import { targetOf } from "../_target.ts";
import { remoteWheelhouseArg } from "./_flags.ts";
import { withPackages } from "./_with-packages.ts";

/** A wheel of a remote wheelhouse, as `--json` shows it. */
interface ListedWheel {
  name: string;
  size: number;
  /** Null where Blender's user can't read the file. */
  sha256: string | null;
  /** Whether Blender's Python takes it; null where that isn't known. */
  fits: boolean | null;
  /** Why it doesn't fit, or why that isn't known. */
  reason: string | null;
}

async function wheelsOf(session: Session, files: WheelhouseListing["files"]) {
  const wheels = files.filter(({ name }) => name.endsWith(".whl") && !name.startsWith("."));
  const tagged = wheels.some(({ name }) => !isUniversal(name));
  const known = tagged ? await knownTagsOf(session) : { tags: null, unknown: null };
  const target = known.tags === null ? null : targetTags(known.tags);
  return wheels.map(({ name, size, sha256 }): ListedWheel => {
    const listed = { name, size, sha256 };
    if (parseWheelName(name) === undefined) {
      return { ...listed, fits: false, reason: "its name isn't a wheel's name (PEP 427)" };
    }
    if (isUniversal(name)) return { ...listed, fits: true, reason: null };
    if (target === null) return { ...listed, fits: null, reason: known.unknown };
    const reason = misfitsOf([name], target)[0]?.reason ?? null;
    return { ...listed, fits: reason === null, reason };
  });
}

function fitText({ fits, reason }: ListedWheel): string {
  if (fits === true) return "fits";
  return fits === null ? "unknown" : `doesn't fit: ${reason}`;
}

/** A line a row, or, where that is too wide for a terminal, two: names are long. */
function linesOf(rows: readonly (readonly string[])[], width: number): string[] {
  const lines = columns(rows).map((line) => `${line}\n`);
  if (!process.stdout.isTTY || lines.every((line) => line.length <= width + 1)) return lines;
  const rest = columns(rows.map(([, ...cells]) => cells));
  return rows.map(([name], index) => `${name}\n  ${rest[index]}\n`);
}

async function render(
  folder: string,
  wheels: readonly ListedWheel[],
  parts: WheelhouseListing["files"],
  output: Output,
): Promise<void> {
  const rows = wheels.map((wheel) => {
    return [wheel.name, megabytes(wheel.size), (wheel.sha256 ?? "?").slice(0, 12), fitText(wheel)];
  });
  const unfinished = parts.map(({ name, size }) => [name, megabytes(size), "", "part of a push"]);
  const table = [["Wheel", "Size", "SHA-256", "This Python"], ...rows, ...unfinished];
  await output.write(linesOf(table, widthOf(process.stdout)).join(""));
  const bytes = [...wheels, ...parts].reduce((sum, { size }) => sum + size, 0);
  const also = parts.length === 0 ? "" : ` and ${count(parts.length, "part")}`;
  output.note(`${folder}: ${count(wheels.length, "wheel")}${also}, ${megabytes(bytes)}`);
}

async function show(
  { folder, exists, files, exposed }: WheelhouseListing,
  wheels: readonly ListedWheel[],
  given: string | undefined,
  output: Output,
): Promise<void> {
  const parts = files.filter(({ name }) => name.startsWith(".") && name.endsWith(".part"));
  const warnings = exposureWarnings(folder, exposed);
  for (const warning of warnings) output.warn(warning);
  if (output.json) {
    await output.writeJson({
      op: "wheelhouse",
      remote_wheelhouse: folder,
      exists,
      wheels,
      parts: parts.map(({ name, size }) => ({ name, size })),
      warnings,
    });
  } else if (wheels.length + parts.length === 0) {
    output.note(`${folder} ${exists ? "holds no wheels" : "isn't there yet"}`);
    const where = given === undefined ? [] : ["--remote-wheelhouse", folder];
    if (!output.quiet) await output.hint(ours("pkg push", "PATH…", ...where));
  } else await render(folder, wheels, parts, output);
}

export const wheelhouse = command({
  description: "List what is in a wheelhouse on Blender's machine",
  args: { "remote-wheelhouse": remoteWheelhouseArg },
  options: async ({ args }) => ({
    folder: args["remote-wheelhouse"],
    target: await targetOf(args),
  }),
  run: ({ folder, target }, context) =>
    withPackages(target, context, async (session) => {
      const listing = await listWheelhouse(session, folder, true);
      await show(listing, await wheelsOf(session, listing.files), folder, context.output);
    }),
});
