// `addon build`: the archives of an add-on's folder, as Blender's 'extension build' makes them.

import { resolve } from "node:path";
import { wrongUsage } from "../../failure.ts";
import {
  type BuildPlace,
  placeOf,
  planBuild,
  requireArchivePlace,
  selfWarning,
  writeArchive,
} from "../../local/extension/build.ts";
import type { BuildPlan, PlannedArchive } from "../../local/extension/build-plan.ts";
import { blendersTags, tagsIn } from "../../local/extension/tags.ts";
import { requireFolderOf } from "../../local/files/output-place.ts";
import { megabytes } from "../../megabytes.ts";
import { count } from "../../ui/format.ts";
import type { Output } from "../../ui/output.ts";
import { type Context, command } from "../_command.ts";

/** An archive of a plan, and where it goes. */
interface PlacedArchive {
  archive: PlannedArchive;
  path: string;
}

const sizeOf = ({ files }: PlannedArchive) => files.reduce((sum, { size }) => sum + size, 0);

/** An archive as `--json` shows it. */
function archiveJson({ archive, path }: PlacedArchive) {
  const files = archive.files.map(({ name, size }) => ({ path: name, size }));
  return { path, platform: archive.platform ?? null, files };
}

const headOf = ({ kind, id, version }: BuildPlan, source: string) => {
  return { op: "build", source, kind, id, version: version ?? null };
};

async function showPlan(placed: readonly PlacedArchive[], output: Output): Promise<void> {
  for (const { archive, path } of placed) {
    const lines = archive.files.map(({ name }) => `  ${name}\n`).join("");
    const what = `${count(archive.files.length, "file")}, ${megabytes(sizeOf(archive))} unpacked`;
    await output.write(`${path}: ${what}\n${lines}`);
  }
}

async function write(
  plan: BuildPlan,
  placed: readonly PlacedArchive[],
  { output, signal }: Context,
) {
  const written = [];
  for (const one of placed) {
    const { size, sha256 } = await writeArchive(plan, one.archive, one.path, signal);
    written.push({ ...archiveJson(one), size, sha256 });
    const what = `${count(one.archive.files.length, "file")}, ${megabytes(size)}`;
    if (!output.json) await output.result(`${one.path} (${what})`);
  }
  return written;
}

export const build = command({
  description: "Pack an add-on's folder as Blender's own 'extension build' does",
  more: "Needs no Blender. Archives that are there are replaced, as Blender does it; nothing is written when anything is wrong.",
  args: {
    dir: {
      type: "positional",
      required: false,
      description: "The add-on's folder (the current one)",
    },
    "output-dir": {
      type: "string",
      valueHint: "dir",
      description: "Where ID-VERSION.zip goes (the current folder)",
    },
    "output-filepath": {
      type: "string",
      alias: "o",
      valueHint: "file.zip",
      description: "The file to write, under a name of one's own",
    },
    "split-platforms": {
      type: "boolean",
      description: "An archive for each platform of the manifest, with that one's wheels alone",
    },
    "valid-tags": {
      type: "string",
      valueHint: "file.json",
      description: "The tags that are allowed, in place of Blender's",
    },
    "any-tags": { type: "boolean", description: "Allow all tags" },
    check: { type: "boolean", description: "Only say what is wrong" },
    "dry-run": { type: "boolean", description: "List what would be packed, and write nothing" },
  },
  async options({ args }) {
    const { "output-dir": folder, "output-filepath": file, "valid-tags": tags } = args;
    if (folder !== undefined && file !== undefined) {
      const message = "--output-dir and --output-filepath both say where the archive goes";
      throw wrongUsage("two-places", message, "give one of them");
    }
    if (tags !== undefined && args["any-tags"]) {
      const message = "--any-tags allows what --valid-tags doesn't";
      throw wrongUsage("two-kinds-of-tags", message, "give one of them");
    }
    const place: BuildPlace =
      file === undefined ? { folder: resolve(folder ?? ".") } : { file: resolve(file) };
    const known = tags === undefined ? blendersTags : await tagsIn(tags);
    return {
      source: resolve(args.dir ?? "."),
      place,
      plan: { split: args["split-platforms"], tags: args["any-tags"] ? undefined : known },
      check: args.check,
      dryRun: args["dry-run"],
    };
  },
  async run({ source, place, plan: options, check, dryRun }, context) {
    const { output } = context;
    const plan = await planBuild(source, options);
    const placed = plan.archives.map((archive) => {
      return { archive, path: placeOf(plan, archive.platform, place) };
    });
    const self = placed.flatMap(({ archive, path }) => selfWarning(archive, path));
    const warnings = [...plan.warnings, ...self];
    if (!output.json) for (const warning of warnings) output.warn(warning);
    const head = headOf(plan, source);
    if (check) {
      const { id, version } = plan;
      if (output.json) await output.writeJson({ ...head, check: true, warnings });
      else output.success(`${version === undefined ? id : `${id} ${version}`} can be built`);
      return;
    }
    const option = "file" in place ? "--output-filepath" : "--output-dir";
    for (const { archive, path } of placed) {
      await requireFolderOf(path, option);
      await requireArchivePlace(archive, path);
    }
    if (dryRun) {
      const archives = placed.map(archiveJson);
      if (output.json) await output.writeJson({ ...head, dry_run: true, archives, warnings });
      else await showPlan(placed, output);
      return;
    }
    const archives = await write(plan, placed, context);
    if (output.json) await output.writeJson({ ...head, archives, warnings });
  },
});
