import type { ArgsDef } from "citty";
import { Failure } from "../../failure.ts";
import {
  type InstallObserver,
  type InstallRequest,
  type InstallResult,
  type InstallTarget,
  planInstall,
  prepareInstall,
  runInstall,
} from "../../remote/install.ts";
import type { PackageChanges, PlannedPackage } from "../../remote/packages.ts";
import { resolveWheelhouse } from "../../remote/wheelhouse.ts";
import { type Output, shellWord } from "../../ui/output.ts";
import { type NamedRequirement, parseRequirement } from "../../wheels/requirement.ts";
import { command } from "../command.ts";
import { targetOf, withSession } from "../target.ts";
import { remoteWheelhouseArg } from "./shared.ts";

function usage(code: string, message: string, hint: string): Failure {
  return new Failure(code, message, { kind: "usage", hint });
}

function requirementsOf(specs: readonly string[]): NamedRequirement[] {
  return specs.map((spec) => {
    const result = parseRequirement(spec);
    if (result.ok) return result.requirement;
    const pip = `blender-remote-cli pkg pip -- install ${specs.map(shellWord).join(" ")}`;
    const hint = spec.endsWith(".whl")
      ? `a wheel of this machine: 'blender-remote-cli pkg push ${shellWord(spec)} --remote-wheelhouse DIR', then install it by name; one of Blender's machine: ${pip}`
      : `names with version constraints go here, such as numpy==1.26.4; for anything else: ${pip}`;
    throw usage("bad-requirement", `can't install '${spec}': ${result.reason}`, hint);
  });
}

interface IndexFlags {
  "index-url": string | undefined;
  "extra-index-url": string | undefined;
  proxy: string | undefined;
  cert: string | undefined;
}

/** Each is pip's flag of the same name; pip separates further indexes by spaces as well. */
function indexFlagsOf(flags: IndexFlags): string[] {
  const extra = flags["extra-index-url"]?.trim().split(/\s+/) ?? [];
  return [
    ...(flags["index-url"] === undefined ? [] : ["--index-url", flags["index-url"]]),
    ...extra.flatMap((url) => ["--extra-index-url", url]),
    ...(flags.proxy === undefined ? [] : ["--proxy", flags.proxy]),
    ...(flags.cert === undefined ? [] : ["--cert", flags.cert]),
  ];
}

function installTarget(text: string): InstallTarget {
  if (text === "site" || text === "user-modules") return text;
  throw usage("bad-target", `--target is '${text}'`, "give site or user-modules");
}

function requireOneMode(request: InstallRequest, offline: boolean): void {
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

function changeLines(changed: PackageChanges): string[] {
  return [
    ...changed.added.map(({ name, version }) => `added ${name} ${version}`),
    ...changed.upgraded.map(({ name, from, to }) => `upgraded ${name} from ${from} to ${to}`),
    ...changed.downgraded.map(({ name, from, to }) => `downgraded ${name} from ${from} to ${to}`),
    ...changed.reinstalled.map(({ name, version }) => `reinstalled ${name} ${version}`),
    ...changed.removed.map(({ name, version }) => `removed ${name} ${version}`),
  ];
}

async function renderResult(request: InstallRequest, result: InstallResult, output: Output) {
  const { installed, changed, pip, warnings, errors, hint } = result;
  const found = installed.filter((one) => one.version !== null);
  if (output.json) {
    await output.writeJson({
      ...jsonHead(request),
      installed: found.map(({ name, version, location, importable }) => {
        return { name, version, location, importable };
      }),
      changed,
      pip: { returncode: pip.returncode, duration_s: pip.duration },
      warnings,
      errors,
      hint: hint === null ? null : output.aimed(hint),
    });
    return;
  }
  for (const line of changeLines(changed)) output.note(line);
  for (const { name, version, location } of found) {
    await output.write(`${name} ${version} in ${location}\n`);
  }
  for (const error of errors) output.error(error);
  if (hint !== null) await output.hint(hint);
}

async function renderPlan(
  request: InstallRequest,
  planned: readonly PlannedPackage[],
  output: Output,
) {
  const rows = planned.map(({ name, version, file }) => ({ name, version, file }));
  if (output.json) {
    await output.writeJson({ ...jsonHead(request), dry_run: true, would_install: rows });
    return;
  }
  for (const { name, version, file } of rows) {
    await output.write(`would install ${name} ${version} (${file})\n`);
  }
  if (rows.length === 0) output.note("nothing to install: all that was asked for is there");
}

export const install = command({
  description: "Install packages into Blender's Python, online or from a remote wheelhouse",
  args: {
    spec: {
      type: "positional",
      description: "Names with version constraints: numpy 'scipy>=1.11'",
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
  async run({ args, positionals, output, signal }) {
    const request: InstallRequest = {
      requirements: requirementsOf(positionals),
      target: installTarget(args.target),
      wheelhouse: args["remote-wheelhouse"],
      indexFlags: indexFlagsOf(args),
      upgrade: args.upgrade === true,
      forceReinstall: args["force-reinstall"] === true,
      deps: args.deps,
      allowOnline: args["allow-online"] === true,
      breakSystemPackages: args["break-system-packages"] === true,
    };
    requireOneMode(request, args.offline === true);
    const { deadlines, ...target } = await targetOf(args);
    const observer: InstallObserver = {
      output: async (bytes) => {
        if (!output.quiet) await output.writeError(bytes);
      },
      warn: (message) => output.warn(message),
    };
    return withSession({ ...target, deadlines }, output, signal, async (session) => {
      const { connection } = session;
      if (args.offline === true && request.wheelhouse === undefined) {
        request.wheelhouse = await resolveWheelhouse(session, undefined);
        output.note(`installing offline, from ${request.wheelhouse}`);
      }
      const prepared = await prepareInstall(session, request);
      if (args["dry-run"] === true) {
        const planned = await planInstall(connection, prepared, observer, deadlines);
        await renderPlan(request, planned, output);
        return 0;
      }
      const result = await runInstall(connection, prepared, observer, deadlines);
      await renderResult(request, result, output);
      return result.errors.length === 0 ? 0 : 1;
    });
  },
});
