// `addon wheels`: the wheels that an extension brings, for all the Blenders that it is for.

import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Failure, wrongUsage } from "../../failure.ts";
import { lockedPackages, memberPlans } from "../../local/extension/locked-wheels.ts";
import { planWheels, type WheelPlan } from "../../local/extension/plan-wheels.ts";
import {
  applyChanges,
  type ExtensionFolder,
  extensionFolder,
  type WheelChanges,
  wheelChanges,
  wheelDifferences,
  wheelsFolder,
} from "../../local/extension/wheel-folder.ts";
import type { IndexClient } from "../../local/index/client.ts";
import { type PlanRequest, planFor } from "../../local/index/plan.ts";
import { HashCache } from "../../local/wheels/hash-cache.ts";
import { ours, text } from "../../text.ts";
import { count } from "../../ui/format.ts";
import type { Output } from "../../ui/output.ts";
import { groupTarget } from "../../wheels/extension-targets.ts";
import { askedFor } from "../_asked-for.ts";
import { type Context, command } from "../_command.ts";
import { choosing, fetchFiles } from "../_get-wheels.ts";
import { indexArgs, indexesOf } from "../_indexes.ts";
import {
  choosingFlags,
  followedJson,
  lockArgs,
  lockNamed,
  type NewLock,
  newLock,
  newLockPath,
  requireLockDecides,
  writeLock,
} from "../_locks.ts";
import { withPipChoices } from "../_pip-choices.ts";
import { choosingTimeout, planChoices, requireOthers } from "../_plan-flags.ts";
import { offersJson, summaryOf, wheelsJson } from "../_plan-report.ts";
import { projectArgs, requirePythons } from "../_projects.ts";
import {
  changesJson,
  groupsJson,
  noteBundled,
  noteLeft,
  noteTargets,
  renderCheck,
  renderDry,
  uncertainties,
} from "./_wheels-report.ts";
import { wantedTargets } from "./_wheels-targets.ts";

const projectFile = "pyproject.toml";

/** Who gives only what is needed means the current folder. */
function noFolder(word: string, specs: readonly string[]): Failure {
  const message = `there is no folder '${word}'`;
  const hint = text`the extension's folder comes first: ${ours("addon wheels", ".", word, ...specs)}`;
  return wrongUsage("no-folder", message, hint);
}

/** The files that say what is needed: those of `-r`, or the project's own where nothing is named. */
function filesOf(
  dir: string,
  specs: readonly string[],
  files: readonly string[],
  isLocked: boolean,
): string[] {
  if (specs.length + files.length > 0) return [...files];
  const own = join(dir, projectFile);
  if (existsSync(own)) return [own];
  if (isLocked) return [];
  throw wrongUsage(
    "no-dependencies",
    `nothing says what the extension in ${dir} needs: it has no ${projectFile}`,
    text`name it: ${ours("addon wheels", dir, "scipy>=1.11")}, or -r requirements.txt`,
  );
}

/** What a run comes to. */
interface WheelsRun {
  plan: WheelPlan;
  changes: WheelChanges;
  client: IndexClient;
  warnings: string[];
  draft: NewLock | null;
}

async function check(
  { plan, changes, warnings }: WheelsRun,
  own: ExtensionFolder,
  head: object,
  context: Context,
) {
  const known = await HashCache.open();
  const differences = await wheelDifferences(own, plan.files, changes, known);
  await known.save();
  const { output } = context;
  if (output.json) await output.writeJson({ ...head, check: true, differences, warnings });
  else await renderCheck(differences, plan.files.length, output);
  if (differences.length > 0) await output.hint("the same command without --check mends that");
  return differences.length > 0 ? 1 : 0;
}

/** Says what would come and go. */
async function foretell(
  { plan, changes, warnings }: WheelsRun,
  head: object,
  output: Output,
): Promise<void> {
  if (!output.json) return await renderDry(plan, changes, output);
  const rest = { ...changesJson(changes), warnings };
  await output.writeJson({ ...head, dry_run: true, wheels: offersJson(plan.files), ...rest });
}

async function put(
  { plan, changes, client, warnings, draft }: WheelsRun,
  own: ExtensionFolder,
  head: object,
  context: Context,
) {
  const folder = join(own.dir, wheelsFolder);
  const wheels =
    plan.files.length === 0 ? [] : await fetchFiles(client, plan.files, folder, context.output);
  const written = draft === null ? {} : { lock: await writeLock(draft, wheels) };
  await applyChanges(own, changes);
  const { output } = context;
  if (output.json) {
    const rest = { ...written, ...changesJson(changes), warnings };
    await output.writeJson({ ...head, wheels: wheelsJson(wheels), ...rest });
    return;
  }
  for (const name of changes.outdated) output.note(`removed ${wheelsFolder}/${name}`);
  noteLeft(changes, output);
  if (written.lock !== undefined) output.note(`${written.lock.file}: ${written.lock.status}`);
  const listed =
    changes.text === null ? "lists them already" : `now lists ${count(wheels.length, "wheel")}`;
  output.success(`${summaryOf(folder, wheels)}; the manifest ${listed}`);
}

export const wheels = command({
  description: "Get the wheels that an extension brings, for all its Blenders",
  more: `Without SPEC and -r, what DIR/${projectFile} lists counts. No Blender and no Python is needed.`,
  args: {
    timeout: choosingTimeout,
    dir: {
      type: "positional",
      required: false,
      description: "The extension's folder, with its blender_manifest.toml (the current one)",
    },
    spec: {
      type: "positional",
      required: false,
      description: 'What it needs: scipy "pillow>=10"',
    },
    requirement: {
      type: "string",
      repeated: true,
      alias: "r",
      valueHint: "file",
      description: `What it needs, as a requirements file or ${projectFile}; or just the files of this lock; may be given several times`,
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
        "A Blender in place of the manifest's: a name of 'pkg targets', or a file of 'pkg info --json'; may be given several times",
    },
    platform: {
      type: "string",
      repeated: true,
      valueHint: "platform",
      description: "Only for this one, such as linux-x64; may be given several times",
    },
    macos: {
      type: "string",
      valueHint: "version",
      description: "The oldest macOS that it has to run on (that of each Blender)",
    },
    glibc: {
      type: "string",
      valueHint: "version",
      description: "The oldest glibc of Linux that it has to run on (that of each Blender)",
    },
    ...lockArgs,
    pre: { type: "boolean", description: "Take pre-releases as well" },
    "exclude-newer": {
      type: "string",
      valueHint: "date",
      description: "Take nothing that was uploaded after this day or moment",
    },
    "replace-bundled": {
      type: "boolean",
      description: "Also wheels of what Blender brings, which are left out otherwise",
    },
    check: {
      type: "boolean",
      description: "Change nothing; exit code 1 where manifest, folder and needs disagree",
    },
    "dry-run": { type: "boolean", description: "Say what would come and go, and change nothing" },
    ...indexArgs,
  },
  several: "spec",
  async options({ args, positionals }) {
    const [word = ".", ...specs] = positionals;
    if (!existsSync(word)) throw noFolder(word, specs);
    const own = await extensionFolder(resolve(word));
    const lock = await lockNamed(args.requirement, args.locked, own.dir);
    if (lock !== null) {
      const constraints = args.constraint.map((file) => `-c ${file}`);
      requireLockDecides(lock, [...specs, ...constraints, ...choosingFlags(args)]);
    }
    const { requirements, constraints, fileFlags, notes, pythons, parts } = await askedFor(
      {
        specs,
        files: {
          requirements: filesOf(own.dir, specs, args.requirement, lock !== null),
          constraints: args.constraint,
        },
        parts: { extras: args.extra, groups: args.group },
        requireHashes: false,
        mayBeNone: true,
      },
      lock,
    );
    requireOthers(requirements);
    const { targets, notes: others } = await wantedTargets(own.manifest, {
      names: args.for,
      platforms: args.platform,
      systems: { macos: args.macos, glibc: args.glibc },
    });
    requirePythons(
      pythons,
      targets.map(({ target }) => target),
    );
    const request: PlanRequest = {
      requirements,
      constraints,
      ...planChoices(args, fileFlags),
      includeBundled: false,
      deps: true,
    };
    const indexes = indexesOf(args, fileFlags);
    const what = { check: args.check, dryRun: args["dry-run"] };
    return {
      own,
      request,
      indexes,
      targets,
      lock,
      parts,
      newLock: args.lock === undefined ? null : newLockPath(args.lock),
      notes: [...notes, ...others],
      ...what,
    };
  },
  async run({ own, request, indexes, targets, lock, parts, notes, ...what }, context) {
    const { output } = context;
    for (const note of notes) output.note(note);
    const { client, chosen: plan } = await choosing(
      `${own.manifest.id} in ${count(targets.length, "Blender")}`,
      false,
      indexes,
      context,
      async (projects, store, pip) => {
        const wanted = lock === null ? await withPipChoices(request, pip, output.note) : request;
        return await planWheels(targets, wanted, async (group, released, asked) => {
          if (lock !== null) return lockedPackages(lock, group, released, { ...request, ...parts });
          const { packages } = await planFor(groupTarget(group, released), asked, projects, store);
          return packages;
        });
      },
    );
    const warnings = [...plan.warnings, ...uncertainties(plan.groups)];
    if (!output.json) for (const warning of warnings) output.warn(warning);
    noteTargets(plan.groups, output);
    noteBundled(plan.groups, output);
    const changes = await wheelChanges(own, plan.files);
    const head = {
      op: "wheels",
      dir: own.dir,
      targets: groupsJson(plan.groups),
      lock: followedJson(lock),
    };
    const draft = what.newLock === null ? null : newLock(what.newLock, memberPlans(plan));
    const choice = { plan, changes, client, warnings, draft };
    if (what.check) return await check(choice, own, head, context);
    if (!what.dryRun) {
      await put(choice, own, head, context);
      return 0;
    }
    await foretell(choice, head, output);
    return 0;
  },
});
