// `pkg install`: installs packages into Blender's Python.

import { runInstall } from "../../remote/install/install.ts";
import { type InstallPlan, planInstall } from "../../remote/install/plan.ts";
import { prepareInstall } from "../../remote/install/prepare.ts";
import type { InstallRequest } from "../../remote/install/request.ts";
import { keptText } from "../../remote/packages/pins.ts";
import { resolveWheelhouse } from "../../remote/wheelhouse/list.ts";
import type { Session } from "../../remote/wire/session.ts";
import type { Output } from "../../ui/output.ts";
import { command } from "../_command.ts";
import { requirePythons } from "../_projects.ts";
import { targetOf, withSession } from "../_target.ts";
import { remoteWheelhouseArg, targetArg } from "./_flags.ts";
import { indexFlagsOf, requireOneMode } from "./_index-flags.ts";
import { observerFor } from "./_install-observer.ts";
import { keptJson, nothingText, renderResult, resultJson } from "./_install-result.ts";
import { pipOption } from "./_pip-options.ts";
import { requirementsOf } from "./_requirements.ts";
import { typedInstall } from "./_typed.ts";

/** What `--json` prints besides what came of it. */
function jsonHead(request: InstallRequest) {
  return {
    op: "install",
    requested: request.requirements.map((requirement) => requirement.text),
    target: request.target,
    mode: request.wheelhouse === undefined ? "online" : "offline",
  };
}

async function renderPlan(
  request: InstallRequest,
  plan: InstallPlan,
  held: number,
  output: Output,
) {
  const rows = plan.packages.map(({ name, version, from, file }) => ({
    name,
    version,
    from,
    file,
  }));
  const { kept, warnings } = plan;
  if (output.json) {
    await output.writeJson({
      ...jsonHead(request),
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

/** The request with the default wheelhouse where it is to be installed from that. */
async function fromWheelhouse(
  session: Session,
  given: Omit<InstallRequest, "typed">,
  offline: boolean,
  output: Output,
): Promise<InstallRequest> {
  if (!offline || given.wheelhouse !== undefined) return { ...given, typed: typedInstall(given) };
  const wheelhouse = await resolveWheelhouse(session, undefined);
  output.note(`installing offline, from ${wheelhouse}`);
  const request = { ...given, wheelhouse };
  return { ...request, typed: typedInstall(request) };
}

export const install = command({
  description: "Install packages into Blender's Python, online or from a remote wheelhouse",
  args: {
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
        "Also what stands in this requirements file or pyproject.toml of this machine; may be given several times",
    },
    constraint: {
      type: "string",
      repeated: true,
      alias: "c",
      valueHint: "file",
      description: "Keep to the versions in this file of this machine; may be given several times",
    },
    target: {
      ...targetArg,
      default: "site",
      description: "Python's site-packages, or a folder among Blender's user files",
    },
    upgrade: { type: "boolean", alias: "U", description: "Upgrade what is installed already" },
    "force-reinstall": { type: "boolean", description: "Reinstall what is installed already" },
    deps: {
      type: "boolean",
      default: true,
      description: "Install dependencies as well",
      negativeDescription: "Only what is named, without dependencies",
    },
    "dry-run": { type: "boolean", description: "Say what would be installed, and change nothing" },
    offline: {
      type: "boolean",
      description: "Install only from the remote wheelhouse that 'pkg push' fills by default",
    },
    "remote-wheelhouse": {
      ...remoteWheelhouseArg,
      description: "Install offline, only from this wheelhouse on Blender's machine",
    },
    "allow-online": {
      type: "boolean",
      description: "Go online for this once, although Blender's preference says no",
    },
    "index-url": { type: "string", valueHint: "url", description: "The package index (PEP 503)" },
    "extra-index-url": {
      type: "string",
      valueHint: "urls",
      description: "Further indexes, separated by spaces",
    },
    proxy: { type: "string", valueHint: "url", description: "The proxy to the index" },
    cert: {
      type: "string",
      valueHint: "file",
      description: "Certificate authorities (PEM), a file on Blender's machine",
    },
    "trusted-host": {
      type: "string",
      valueHint: "hosts",
      description: "Hosts to ask by http, or with any certificate, separated by spaces",
    },
    "break-system-packages": {
      type: "boolean",
      description: "Also into a Python that the system manages (PEP 668)",
    },
    "replace-bundled": {
      type: "boolean",
      description:
        "Let pip replace packages that Blender or the system brings, which are kept otherwise",
    },
  },
  several: "spec",
  elsewhere: pipOption,
  async options({ args, positionals }) {
    const { target: place, offline } = args;
    const wheelhouse = args["remote-wheelhouse"];
    const indexFlags = indexFlagsOf(args);
    const { notes, pythons, ...asked } = await requirementsOf(
      positionals,
      { requirements: args.requirement, constraints: args.constraint },
      { use: "install", target: place, offline: offline || wheelhouse !== undefined, indexFlags },
    );
    const request: Omit<InstallRequest, "typed"> = {
      ...asked,
      target: place,
      wheelhouse,
      indexFlags,
      upgrade: args.upgrade,
      forceReinstall: args["force-reinstall"],
      deps: args.deps,
      allowOnline: args["allow-online"],
      breakSystemPackages: args["break-system-packages"],
      replaceBundled: args["replace-bundled"],
    };
    requireOneMode(request, offline);
    return {
      request,
      pythons,
      notes,
      offline,
      dryRun: args["dry-run"],
      target: await targetOf(args),
    };
  },
  run: ({ request: asked, pythons, notes, offline, dryRun, target }, context) =>
    withSession(target, context, async (session) => {
      const { output } = context;
      for (const note of notes) output.note(note);
      const observer = observerFor(output);
      const request = await fromWheelhouse(session, asked, offline, output);
      const prepared = await prepareInstall(session, request);
      const { python_full_version: python = "" } = prepared.before.environment;
      requirePythons(pythons, [{ name: "Blender", python }]);
      const held = new Set(prepared.request.requirements);
      const passedOver = prepared.asked.filter((one) => !held.has(one)).map((one) => one.text);
      // pip says it as well, but for a run that only asks it.
      const isAsked = dryRun || request.target === "user-modules";
      if (isAsked && passedOver.length > 0)
        output.note(`not for this Python: ${passedOver.join(", ")}`);
      if (dryRun) {
        const plan = await planInstall(session, prepared, observer);
        await renderPlan(request, plan, held.size, output);
        return 0;
      }
      const result = await runInstall(session, prepared, observer);
      if (output.json) {
        await output.writeJson({
          ...jsonHead(request),
          kept: keptJson(result.kept),
          ...resultJson(result, output),
        });
      } else await renderResult(result, output);
      return result.errors.length === 0 ? 0 : 1;
    }),
});
