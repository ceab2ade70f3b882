// `pkg sync`: makes Blender's packages what a file says.

import { extended, Failure } from "../../failure.ts";
import { runInstall } from "../../remote/install/install.ts";
import type { InstallResult } from "../../remote/install/outcome.ts";
import type { InstallPlan } from "../../remote/install/plan.ts";
import { type Surplus, surplusOf } from "../../remote/install/surplus.ts";
import {
  prepareUninstall,
  runUninstall,
  type UninstallResult,
} from "../../remote/install/uninstall.ts";
import { changeLines } from "../../remote/packages/changes.ts";
import { keptText } from "../../remote/packages/pins.ts";
import type { Session } from "../../remote/wire/session.ts";
import { listed } from "../../text.ts";
import type { Output } from "../../ui/output.ts";
import { type Context, command } from "../_command.ts";
import { withSession } from "../_target.ts";
import { confirmedRemoval } from "./_confirm.ts";
import { askedArgs, type InstallLine, installOptions, sourceArgs } from "./_install-args.ts";
import { observerFor } from "./_install-observer.ts";
import {
  filledInstall,
  hereJson,
  plannedInstall,
  type ReadyInstall,
  readyInstall,
} from "./_install-ready.ts";
import { renderResult, resultJson } from "./_install-result.ts";

/** What is to be done. */
interface SyncPlan {
  coming: InstallPlan;
  surplus: Surplus;
}

const nothing: InstallPlan = { packages: [], kept: [], warnings: [] };

async function planOf(session: Session, ready: ReadyInstall, context: Context): Promise<SyncPlan> {
  const { prepared, needed } = ready;
  // pip takes no empty list; nothing asked for is a list all the same.
  const isEmpty = prepared.request.requirements.length === 0;
  const coming = isEmpty ? nothing : await plannedInstall(session, ready, context);
  return { coming, surplus: surplusOf(prepared, coming.packages, needed) };
}

function planJson({ coming, surplus }: SyncPlan) {
  const rows = coming.packages.map(({ name, version, from, file }) => {
    return { name, version, from, file };
  });
  rows.sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    in_sync: rows.length + surplus.packages.length === 0,
    install: rows.filter(({ from }) => from === null),
    change: rows.filter(({ from }) => from !== null),
    remove: surplus.packages.map(({ name, version, location }) => ({ name, version, location })),
    kept: surplus.kept.map(({ name, version }) => ({ name, version })),
  };
}

async function showPlan(plan: SyncPlan, output: Output): Promise<void> {
  const { install, change, remove, kept } = planJson(plan);
  const lines = [
    ...install.map(({ name, version }) => `install ${name} ${version}`),
    ...change.map(({ name, version, from }) => `change ${name} from ${from} to ${version}`),
    ...remove.map(({ name, version, location }) => `remove ${name} ${version} from ${location}`),
  ];
  for (const line of lines) await output.write(`${line}\n`);
  if (lines.length === 0) output.note("nothing to do: all is as it should be");
  if (plan.coming.kept.length > 0) output.note(keptText(plan.coming.kept));
  const names = kept.map(({ name, version }) => `${name} ${version}`);
  if (names.length > 0)
    output.note(`left, as Blender or the system brings such a package: ${listed(names, 5)}`);
  for (const warning of plan.coming.warnings) output.warn(warning);
  for (const line of plan.surplus.missed) output.warn(`without what is removed ${line}`);
}

/** What was done. */
interface SyncResult {
  installed: InstallResult | null;
  removed: UninstallResult | null;
}

/** Removes what is surplus; a failure says what was installed before. */
async function withoutSurplus(
  session: Session,
  { prepared: { request } }: ReadyInstall,
  { surplus }: SyncPlan,
  installed: InstallResult | null,
  { output }: Context,
): Promise<UninstallResult> {
  const names = surplus.packages.map(({ name }) => name);
  const { target, breakSystemPackages, typed } = request;
  try {
    const given = { names, target, breakSystemPackages, typed: () => typed() };
    const prepared = await prepareUninstall(session, given);
    return await runUninstall(session, prepared, observerFor(output));
  } catch (error) {
    const changed = installed?.changed ?? null;
    if (!(error instanceof Failure) || changed === null) throw error;
    const done = changeLines(changed).join(", ");
    throw extended(error, { message: `${error.message}; before that: ${done}` });
  }
}

async function done(
  session: Session,
  ready: ReadyInstall,
  plan: SyncPlan,
  context: Context,
): Promise<SyncResult & { brought: Awaited<ReturnType<typeof filledInstall>>["brought"] }> {
  const { output } = context;
  let installed: InstallResult | null = null;
  let removed: UninstallResult | null = null;
  let brought: Awaited<ReturnType<typeof filledInstall>>["brought"] = null;
  if (plan.coming.packages.length > 0) {
    const filled = await filledInstall(session, ready, context);
    brought = filled.brought;
    installed = await runInstall(session, filled.prepared, observerFor(output));
  }
  const failed = installed !== null && installed.changed === null;
  const isStopped = failed || (installed?.pip.returncode ?? 0) !== 0;
  if (isStopped && plan.surplus.packages.length > 0) output.note("nothing was removed");
  if (!isStopped && plan.surplus.packages.length > 0)
    removed = await withoutSurplus(session, ready, plan, installed, context);
  return { installed, removed, brought };
}

async function show({ installed, removed }: SyncResult, output: Output): Promise<void> {
  if (installed !== null) await renderResult(installed, output);
  if (removed === null) return;
  for (const line of changeLines(removed.changed)) output.note(line);
  for (const warning of removed.warnings) output.warn(warning);
  for (const error of removed.errors) output.error(error);
  if (removed.hint !== null) await output.hint(removed.hint);
}

function doneJson({ installed, removed }: SyncResult, output: Output) {
  const errors = [...(installed?.errors ?? []), ...(removed?.errors ?? [])];
  return {
    installed: installed === null ? null : resultJson(installed, output),
    removed: removed === null ? null : { changed: removed.changed },
    warnings: [...(removed?.notes ?? []), ...(removed?.warnings ?? [])].map(output.rendered),
    errors,
    code: installed?.code ?? removed?.code ?? null,
  };
}

export const sync = command({
  description: "Make Blender's packages what a file says: install, change and remove",
  args: {
    ...askedArgs,
    requirement: {
      ...askedArgs.requirement,
      description:
        "What stands in this requirements file, pyproject.toml or lock of this machine; may be given several times",
    },
    yes: { type: "boolean", alias: "y", description: "Don't ask before packages are removed" },
    "dry-run": { type: "boolean", description: "Say what would be done, and change nothing" },
    check: {
      type: "boolean",
      description: "Change nothing; exit code 1 where something would have to be done",
    },
    ...sourceArgs,
  },
  several: "spec",
  async options({ args, positionals }) {
    const choices = { upgrade: false, forceReinstall: false, deps: true };
    const options: InstallLine = await installOptions(args, positionals, "sync", choices);
    return { ...options, yes: args.yes, check: args.check, dryRun: args["dry-run"] };
  },
  run: (options, context) =>
    withSession(options.target, context, async (session) => {
      const { output } = context;
      const { yes, check, dryRun } = options;
      const besides = { command: "pkg sync", flags: yes ? ["--yes"] : [] } as const;
      const ready = await readyInstall(session, options, besides, context);
      const plan = await planOf(session, ready, context);
      const about = planJson(plan);
      const head = { op: "sync", target: ready.prepared.request.target, ...about };
      if (!output.json) await showPlan(plan, output);
      if (check || dryRun || about.in_sync) {
        const { warnings } = plan.coming;
        if (output.json) {
          const said = [...warnings, ...plan.surplus.missed].map(output.rendered);
          await output.writeJson({ ...head, ...hereJson(ready, null), warnings: said });
        }
        return check && !about.in_sync ? 1 : 0;
      }
      const going = about.remove.map(({ name, version }) => `${name} ${version}`);
      if (going.length > 0 && !yes && !(await confirmedRemoval(listed(going), "them", context)))
        return 1;
      const result = await done(session, ready, plan, context);
      const json = { ...head, ...hereJson(ready, result.brought), ...doneJson(result, output) };
      if (output.json) await output.writeJson(json);
      else await show(result, output);
      return json.errors.length === 0 ? 0 : 1;
    }),
});
