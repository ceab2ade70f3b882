// `pkg install`: installs packages into Blender's Python.

import { runInstall } from "../../remote/install/install.ts";
import type { InstallPlan } from "../../remote/install/plan.ts";
import { keptText } from "../../remote/packages/pins.ts";
import type { Output } from "../../ui/output.ts";
import { command } from "../_command.ts";
import { withSession } from "../_target.ts";
import { askedArgs, type InstallLine, installOptions, sourceArgs } from "./_install-args.ts";
import { observerFor } from "./_install-observer.ts";
import {
  filledInstall,
  hereJson,
  plannedInstall,
  type ReadyInstall,
  readyInstall,
} from "./_install-ready.ts";
import { keptJson, nothingText, renderResult, resultJson } from "./_install-result.ts";
import { pipOption } from "./_pip-options.ts";

/** What `--json` prints besides what came of it. */
function jsonHead({ prepared: { asked, request } }: ReadyInstall, { here }: InstallLine) {
  const offline = request.wheelhouse === undefined ? "online" : "offline";
  return {
    op: "install",
    requested: asked.map((requirement) => requirement.text),
    target: request.target,
    mode: here === undefined ? offline : "from-here",
  };
}

async function renderPlan(head: object, plan: InstallPlan, held: number, output: Output) {
  const rows = plan.packages.map(({ name, version, from, file }) => ({
    name,
    version,
    from,
    file,
  }));
  const { kept, warnings } = plan;
  if (output.json) {
    await output.writeJson({
      ...head,
      dry_run: true,
      kept: keptJson(kept),
      would_install: rows,
      warnings: warnings.map(output.rendered),
    });
    return;
  }
  for (const { name, version, from, file } of rows) {
    const instead = from === null ? "" : ` in place of ${from}`;
    await output.write(`would install ${name} ${version}${instead} (${file})\n`);
  }
  if (kept.length > 0) output.note(keptText(kept));
  for (const warning of warnings) output.warn(warning);
  if (rows.length === 0) output.note(`nothing to install: ${nothingText(held)}`);
}

export const install = command({
  description: "Install packages into Blender's Python: online, from a wheelhouse, or from here",
  args: {
    ...askedArgs,
    upgrade: { type: "boolean", alias: "U", description: "Upgrade what is installed already" },
    "force-reinstall": { type: "boolean", description: "Reinstall what is installed already" },
    deps: {
      type: "boolean",
      default: true,
      description: "Install dependencies as well",
      negativeDescription: "Only what is named, without dependencies",
    },
    "dry-run": { type: "boolean", description: "Say what would be installed, and change nothing" },
    ...sourceArgs,
  },
  several: "spec",
  elsewhere: pipOption,
  async options({ args, positionals }) {
    const { upgrade, "force-reinstall": forceReinstall, deps, "dry-run": dryRun } = args;
    const choices = { upgrade, forceReinstall, deps };
    return { ...(await installOptions(args, positionals, "install", choices)), dryRun };
  },
  run: (options, context) =>
    withSession(options.target, context, async (session) => {
      const { output } = context;
      const besides = { command: "pkg install", flags: [] } as const;
      const ready = await readyInstall(session, options, besides, context);
      const { request, asked } = ready.prepared;
      const held = new Set(request.requirements);
      const passedOver = asked.filter((one) => !held.has(one)).map((one) => one.text);
      // pip says it as well, but for a run that only asks it.
      const isAsked = options.dryRun || request.target === "user-modules";
      if (isAsked && passedOver.length > 0)
        output.note(`not for this Python: ${passedOver.join(", ")}`);
      if (options.dryRun) {
        const plan = await plannedInstall(session, ready, context);
        await renderPlan(
          { ...jsonHead(ready, options), ...hereJson(ready, null) },
          plan,
          held.size,
          output,
        );
        return 0;
      }
      const { prepared, brought } = await filledInstall(session, ready, context);
      const result = await runInstall(session, prepared, observerFor(output));
      if (output.json) {
        await output.writeJson({
          ...jsonHead(ready, options),
          ...hereJson(ready, brought),
          kept: keptJson(result.kept),
          ...resultJson(result, output),
        });
      } else await renderResult(result, output);
      return result.errors.length === 0 ? 0 : 1;
    }),
});
