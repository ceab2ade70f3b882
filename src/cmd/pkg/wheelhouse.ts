import type { Session } from "../../remote/connection.ts";
import { knownTagsOf } from "../../remote/environment.ts";
import { listWheelhouse, type WheelhouseListing } from "../../remote/wheelhouse.ts";
import { columns, count, megabytes } from "../../ui/format.ts";
import type { Output } from "../../ui/output.ts";
import { isUniversal, parseWheelName } from "../../wheels/filename.ts";
import { misfitsOf, targetTags } from "../../wheels/tags.ts";
import { command } from "../command.ts";
import { targetOf } from "../target.ts";
import { remoteWheelhouseArg, withPackages } from "./shared.ts";

/** A wheel of a remote wheelhouse, as `--json` shows it. */
interface ListedWheel {
  name: string;
  size: number;
  /** Null where the file can't be read there. */
  sha256: string | null;
  /** Whether Blender's Python takes it; null where that isn't known. */
  fits: boolean | null;
  /** Why it doesn't fit, or why that isn't known. */
  reason: string | null;
}

async function wheelsOf(session: Session, files: WheelhouseListing["files"]) {
  const wheels = files.filter(({ name }) => name.endsWith(".whl") && !name.startsWith("."));
  const tagged = wheels.some(({ name }) => !isUniversal(name));
  const known = tagged ? await knownTagsOf(session.connection) : { tags: null, unknown: null };
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
  const lines = columns([["Wheel", "Size", "SHA-256", "This Python"], ...rows, ...unfinished]);
  await output.write(lines.map((line) => `${line}\n`).join(""));
  const bytes = [...wheels, ...parts].reduce((sum, { size }) => sum + size, 0);
  const also = parts.length === 0 ? "" : ` and ${count(parts.length, "part")}`;
  output.note(`${folder}: ${count(wheels.length, "wheel")}${also}, ${megabytes(bytes)}`);
}

export const wheelhouse = command({
  description: "List what is in a wheelhouse on Blender's machine",
  args: { "remote-wheelhouse": remoteWheelhouseArg },
  async run({ args, output, signal }) {
    const target = await targetOf(args);
    await withPackages(target, output, signal, async (session) => {
      const listing = await listWheelhouse(session, args["remote-wheelhouse"], true);
      const { folder, exists, files } = listing;
      const wheels = await wheelsOf(session, files);
      const parts = files.filter(({ name }) => name.startsWith(".") && name.endsWith(".part"));
      if (output.json) {
        await output.writeJson({
          op: "wheelhouse",
          remote_wheelhouse: folder,
          exists,
          wheels,
          parts: parts.map(({ name, size }) => ({ name, size })),
        });
      } else if (wheels.length + parts.length === 0) {
        output.note(`${folder} ${exists ? "holds no wheels" : "isn't there yet"}`);
        if (!output.quiet) await output.hint("blender-remote-cli pkg push fills it");
      } else {
        await render(folder, wheels, parts, output);
      }
    });
  },
});
