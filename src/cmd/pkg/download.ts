// `pkg download`: gets wheels for a Blender, on a machine that needs no Python.

import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { extended, Failure, wrongUsage } from "../../failure.ts";
import { requireNoDevice } from "../../local/files/windows-names.ts";
import type { FetchedWheel } from "../../local/index/fetch-wheels.ts";
import type { PlanRequest } from "../../local/index/plan.ts";
import { listOf, wheelhouseList, writeWheelhouseList } from "../../local/index/wheelhouse-list.ts";
import { carriedPip } from "../../remote/bootstrap/pip-wheel.ts";
import { environmentOf } from "../../remote/python/environment.ts";
import { again, ours, programName, text } from "../../text.ts";
import type { NamedRequirement } from "../../wheels/requirement.ts";
import type { WheelTarget } from "../../wheels/target.ts";
import { type Context, command } from "../_command.ts";
import { globalArgs } from "../_declaration.ts";
import { fetchAll, plansFor } from "../_get-wheels.ts";
import { indexArgs, indexesOf } from "../_indexes.ts";
import { noteKept, plansJson, renderPlans, summaryOf, wheelsJson } from "../_plan-report.ts";
import { projectArgs, requirePythons } from "../_projects.ts";
import { parseSeconds, targetOf, withSession } from "../_target.ts";
import { targetFor, targetOfEnvironment } from "./_download-targets.ts";
import { requirementsOf } from "./_requirements.ts";

/** Choosing versions takes seconds; this many are enough for sets that can't be met. */
const usualSeconds = 120;

/** A day or a moment (RFC 3339), as uv takes it. */
function momentOf(word: string | undefined): number | null {
  if (word === undefined) return null;
  // A day counts as a whole.
  const day = /^\d{4}-\d\d-\d\d$/.test(word);
  const moment = Date.parse(day ? `${word}T24:00:00Z` : word);
  if (/^\d{4}-\d\d-\d\d/.test(word) && !Number.isNaN(moment)) return moment;
  throw wrongUsage(
    "bad-date",
    `--exclude-newer is '${word}'`,
    "give a day, or a moment: 2025-01-31T12:00:00Z",
  );
}

/**
 * Where the wheels are to go.
 *
 * @throws Failure `device-name`, `dest-is-file`, kind `usage`.
 */
async function destinationOf(word: string): Promise<string> {
  requireNoDevice(word);
  const path = resolve(word);
  const there = await stat(path).catch(() => undefined);
  if (there === undefined || there.isDirectory()) return path;
  throw wrongUsage("dest-is-file", `--dest is '${word}', which is a file`, "name a folder");
}

/** Blender brings itself, and a second one in its Python would be the wrong one. */
function requireOthers(requirements: readonly NamedRequirement[]): void {
  if (requirements.every(({ name }) => name !== "bpy")) return;
  throw wrongUsage(
    "bad-requirement",
    "bpy is Blender itself, which has it already",
    "leave it out",
  );
}

/** Without a Blender there are other ways to say which one is meant. */
function elsewhere(error: unknown): unknown {
  if (!(error instanceof Failure) || error.kind !== "no-service") return error;
  return extended(error, {
    hint: text`no Blender need run here: name one that '${ours("pkg targets")}' lists (${again("--for", "blender-5.0-windows-x64")}), or give what '${ours("pkg info", "--json")}' prints on its machine (--for env.json)`,
  });
}

/** The running Blender where none is named. */
async function targetsOf(
  names: readonly string[],
  service: Awaited<ReturnType<typeof targetOf>>,
  context: Context,
): Promise<{ targets: WheelTarget[]; warnings: (packages: readonly string[]) => string[] }> {
  if (names.length > 0) {
    const named = await Promise.all([...new Set(names)].map(targetFor));
    return {
      targets: named.map(({ target }) => target),
      warnings: (packages) => named.flatMap(({ warnings }) => warnings(packages)),
    };
  }
  const asked = withSession(service, context, async (session) => {
    const environment = await environmentOf(session, { networkProbe: false });
    const target = targetOfEnvironment(environment, "the running Blender");
    return { targets: [target], warnings: () => [] };
  });
  return await asked.catch((error: unknown) => {
    throw elsewhere(error);
  });
}

/** The carried wheel of pip, as one that was downloaded. */
async function putPip(folder: string): Promise<FetchedWheel> {
  const { name, path, size, sha256 } = carriedPip;
  await Bun.write(join(folder, name), Bun.file(path));
  const nothing = { requiresPython: null, yanked: null, metadata: null, uploaded: null };
  const file = { filename: name, url: "", hashes: { sha256 }, size, from: programName, ...nothing };
  return { file, sha256, size, status: "carried" };
}

export const download = command({
  description: "Get the wheels that a Blender needs, to be pushed to it; no Python is needed",
  args: {
    timeout: {
      ...globalArgs.timeout,
      description: `Limit for choosing versions (${usualSeconds}); downloads take as long as they take`,
    },
    spec: {
      type: "positional",
      required: false,
      description: 'Names with version constraints: numpy "scipy>=1.11"',
    },
    requirement: {
      type: "string",
      repeated: true,
      alias: "r",
      valueHint: "file",
      description:
        "Also what stands in this requirements file or pyproject.toml; may be given several times",
    },
    ...projectArgs,
    constraint: {
      type: "string",
      repeated: true,
      alias: "c",
      valueHint: "file",
      description: "Keep to the versions in this file; may be given several times",
    },
    for: {
      type: "string",
      repeated: true,
      valueHint: "target",
      description:
        "blender-4.2-windows-x64 and others that 'pkg targets' lists, or a file of 'pkg info --json'; may be given several times (the running Blender)",
    },
    dest: {
      type: "string",
      alias: "d",
      valueHint: "dir",
      default: "wheelhouse",
      description: "Where the wheels go",
    },
    pre: { type: "boolean", description: "Take pre-releases as well" },
    "exclude-newer": {
      type: "string",
      valueHint: "date",
      description: "Take nothing that was uploaded after this day or moment",
    },
    "replace-bundled": {
      type: "boolean",
      description:
        "Also versions other than those that Blender brings, which are left out otherwise",
    },
    "include-bundled": {
      type: "boolean",
      description: "Also wheels of what Blender brings, in its versions",
    },
    deps: {
      type: "boolean",
      default: true,
      description: "Get dependencies as well",
      negativeDescription: "Only what is named, without dependencies",
    },
    "with-pip": {
      type: "boolean",
      description: "Also the wheel of pip that this executable carries",
    },
    prune: {
      type: "boolean",
      description: "Remove wheels of earlier downloads that aren't needed any more",
    },
    "dry-run": { type: "boolean", description: "Say what would be downloaded, and change nothing" },
    ...indexArgs,
  },
  several: "spec",
  async options({ args, positionals }) {
    const { requirements, constraints, fileFlags, notes, pythons } = await requirementsOf(
      positionals,
      { requirements: args.requirement, constraints: args.constraint },
      { use: "download", target: "site", offline: false, indexFlags: [] },
      { extras: args.extra, groups: args.group },
    );
    requireOthers(requirements);
    const seconds =
      args.timeout === undefined ? usualSeconds : parseSeconds(args.timeout, "--timeout");
    const request: PlanRequest = {
      requirements,
      constraints,
      prereleases: args.pre || fileFlags.includes("--pre"),
      before: momentOf(args["exclude-newer"]),
      replaced: args["replace-bundled"] ? "all" : [],
      includeBundled: args["include-bundled"],
      deps: args.deps,
      limit: seconds * 1000,
    };
    return {
      request,
      notes,
      pythons,
      indexes: indexesOf(args, fileFlags),
      targets: args.for,
      dest: await destinationOf(args.dest),
      withPip: args["with-pip"],
      prune: args.prune,
      dryRun: args["dry-run"],
      service: await targetOf(args),
    };
  },
  async run(options, context) {
    const { output } = context;
    for (const note of options.notes) output.note(note);
    const { targets, warnings } = await targetsOf(options.targets, options.service, context);
    requirePythons(options.pythons, targets);
    // One that can't be read is told before anything is fetched.
    await wheelhouseList(options.dest);
    const { client, plans } = await plansFor(targets, options.request, options.indexes, context);
    const relevant = warnings(plans.flatMap(({ packages }) => packages.map(({ name }) => name)));
    for (const warning of relevant) output.warn(warning);
    const head = { op: "download", dest: options.dest, targets: plansJson(plans) };
    if (options.dryRun) {
      if (output.json) await output.writeJson({ ...head, dry_run: true, warnings: relevant });
      else await renderPlans(plans, output);
      return;
    }
    noteKept(plans, output);
    const wheels = await fetchAll(client, plans, options.dest, output);
    if (options.withPip) wheels.push(await putPip(options.dest));
    const list = listOf(plans, wheels);
    const changes = await writeWheelhouseList(options.dest, list, options.prune, context.signal);
    if (output.json) {
      await output.writeJson({
        ...head,
        wheels: wheelsJson(wheels),
        ...changes,
        warnings: relevant,
      });
      return;
    }
    for (const name of changes.removed) output.note(`removed ${name}`);
    output.success(summaryOf(options.dest, wheels));
    output.note(text`next: ${ours("pkg push", options.dest)}`);
  },
});
