import type { ArgsDef } from "citty";
import { Failure } from "../../failure.ts";
import { runInstall } from "../../remote/install/install.ts";
import { type InstallPlan, planInstall } from "../../remote/install/plan.ts";
import { prepareInstall } from "../../remote/install/prepare.ts";
import type { InstallRequest } from "../../remote/install/request.ts";
import { resolveWheelhouse } from "../../remote/wheelhouse/list.ts";
import type { Output } from "../../ui/output.ts";
import { command } from "../_command.ts";
import { targetOf, withSession } from "../_target.ts";
import { observerFor } from "./_install-observer.ts";
import { renderResult, resultJson } from "./_install-result.ts";
import { pipOption, requirementsOf, targetNamed } from "./_requested.ts";
import { remoteWheelhouseArg } from "./_shared.ts";
import { typedInstall } from "./_typed.ts";

function usage(code: string, message: string, hint: string): Failure {
  return new Failure(code, message, { kind: "usage", hint });
}

interface IndexFlags {
  "index-url": string | undefined;
  "extra-index-url": string | undefined;
  proxy: string | undefined;
  cert: string | undefined;
}

/** An index is a URL, or a folder on Blender's machine (pip's --index-url takes both). */
function requireIndex(flag: string, text: string): void {
  if (/^[a-z][a-z0-9+.-]+:\/\/./i.test(text) || /^(\/|[a-z]:[\\/])/i.test(text)) return;
  throw usage("bad-index", `${flag} is '${text}', which is no URL`, `${flag} https://HOST/simple`);
}

/** Each is pip's flag of the same name; pip separates further indexes by spaces as well. */
function indexFlagsOf(flags: IndexFlags): string[] {
  const extra = flags["extra-index-url"]?.trim().split(/\s+/) ?? [];
  if (flags["index-url"] !== undefined) requireIndex("--index-url", flags["index-url"]);
  for (const url of extra) requireIndex("--extra-index-url", url);
  return [
    ...(flags["index-url"] === undefined ? [] : ["--index-url", flags["index-url"]]),
    ...extra.flatMap((url) => ["--extra-index-url", url]),
    ...(flags.proxy === undefined ? [] : ["--proxy", flags.proxy]),
    ...(flags.cert === undefined ? [] : ["--cert", flags.cert]),
  ];
}

function requireOneMode(request: Omit<InstallRequest, "typed">, offline: boolean): void {
  const online = request.allowOnline ? "--allow-online" : request.indexFlags[0];
  if (online === undefined || !(offline || request.wheelhouse !== undefined)) return;
  const flag = request.wheelhouse === undefined ? "--offline" : "--remote-wheelhouse";
  throw usage(
    "two-modes",
    `${flag} installs offline, and ${online} is for installing online`,
    "give one of them",
  );
}

/** What `--json` prints besides what came of it. */
function jsonHead(request: InstallRequest) {
  return {
    op: "install",
    requested: request.requirements.map((requirement) => requirement.text),
    target: request.target,
    mode: request.wheelhouse === undefined ? "online" : "offline",
  };
}

async function renderPlan(request: InstallRequest, plan: InstallPlan, output: Output) {
  const rows = plan.packages.map(({ name, version, from, file }) => ({
    name,
    version,
    from,
    file,
  }));
  const { warnings } = plan;
  if (output.json) {
    await output.writeJson({
      ...jsonHead(request),
      dry_run: true,
      would_install: rows,
      warnings,
    });
    return;
  }
  for (const { name, version, from, file } of rows) {
    const instead = from === null ? "" : ` in place of ${from}`;
    await output.write(`would install ${name} ${version}${instead} (${file})\n`);
  }
  for (const warning of warnings) output.warn(warning);
  if (rows.length === 0) output.note("nothing to install: all that was asked for is there");
}

export const install = command({
  description: "Install packages into Blender's Python, online or from a remote wheelhouse",
  args: {
    spec: {
      type: "positional",
      required: false,
      description: "Names with version constraints: numpy 'scipy>=1.11'",
    },
    requirement: {
      type: "string",
      alias: "r",
      valueHint: "file",
      description: "Also what stands in this requirements file of this machine",
    },
    target: {
      type: "string",
      valueHint: "site|user-modules",
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
    "break-system-packages": {
      type: "boolean",
      description: "Also into a Python that the system manages (PEP 668)",
    },
  } satisfies ArgsDef,
  several: "spec",
  elsewhere: pipOption,
  async run({ args, positionals, output, signal }) {
    const place = targetNamed(args.target);
    const given: Omit<InstallRequest, "typed"> = {
      requirements: await requirementsOf(positionals, args.requirement, place),
      target: place,
      wheelhouse: args["remote-wheelhouse"],
      indexFlags: indexFlagsOf(args),
      upgrade: args.upgrade === true,
      forceReinstall: args["force-reinstall"] === true,
      deps: args.deps,
      allowOnline: args["allow-online"] === true,
      breakSystemPackages: args["break-system-packages"] === true,
    };
    requireOneMode(given, args.offline === true);
    const target = await targetOf(args);
    const observer = observerFor(output);
    return withSession(target, output, signal, async (session) => {
      if (args.offline === true && given.wheelhouse === undefined) {
        given.wheelhouse = await resolveWheelhouse(session, undefined);
        output.note(`installing offline, from ${given.wheelhouse}`);
      }
      const request = { ...given, typed: typedInstall(given) };
      const prepared = await prepareInstall(session, request);
      if (args["dry-run"] === true) {
        const planned = await planInstall(session, prepared, observer);
        await renderPlan(request, planned, output);
        return 0;
      }
      const result = await runInstall(session, prepared, observer);
      if (output.json) {
        await output.writeJson({ ...jsonHead(request), ...resultJson(result, output) });
      } else await renderResult(result, output);
      return result.errors.length === 0 ? 0 : 1;
    });
  },
});
