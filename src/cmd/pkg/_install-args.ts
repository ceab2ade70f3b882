// What `pkg install` and `pkg sync` take on their command lines, and what that comes to.

import { wrongUsage } from "../../failure.ts";
import { isLockFile } from "../../local/index/locked-plan.ts";
import type { InstallRequest } from "../../remote/install/request.ts";
import { again, ours, text } from "../../text.ts";
import type { Lock } from "../../wheels/lock/lock.ts";
import type { Arguments, GlobalArguments, Values } from "../_declaration.ts";
import { type Indexes, indexArgs, indexesOf } from "../_indexes.ts";
import { lockNamed, requireLockDecides } from "../_locks.ts";
import { limitOf, requireOthers } from "../_plan-flags.ts";
import type { WantedPython } from "../_projects.ts";
import { type Target, targetOf } from "../_target.ts";
import { withoutIndexes } from "./_file-options.ts";
import { remoteWheelhouseArg, targetArg } from "./_flags.ts";
import { indexFlagsOf, requireOneMode, wordsOf } from "./_index-flags.ts";
import { type LocalPath, pathsAmong } from "./_local-wheels.ts";
import { requirementsOf } from "./_requirements.ts";
import { stepwise } from "./_sending.ts";

/** What is asked for, and where it goes. */
export const askedArgs = {
  spec: {
    type: "positional",
    required: false,
    description:
      'Names with version constraints: numpy "scipy>=1.11"; wheels of this machine, or a folder of them: ./foo-1.0-py3-none-any.whl',
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
} as const satisfies Arguments;

/** Where packages come from, and what they may replace. */
export const sourceArgs = {
  "from-here": {
    type: "boolean",
    description: "Blender's machine is offline: choose and download here, push, install there",
  },
  offline: {
    type: "boolean",
    description: "Install only from the remote wheelhouse that 'pkg push' fills by default",
  },
  "remote-wheelhouse": {
    ...remoteWheelhouseArg,
    description:
      "Install offline, only from this wheelhouse on Blender's machine; with --from-here, push to it",
  },
  "allow-online": {
    type: "boolean",
    description: "Go online for this once, although Blender's preference says no",
  },
  "index-url": {
    type: "string",
    valueHint: "url",
    description: "The package index (PEP 503), as whoever downloads reaches it",
  },
  "extra-index-url": {
    type: "string",
    valueHint: "urls",
    description: "Further indexes, separated by spaces",
  },
  "index-for": {
    ...indexArgs["index-for"],
    description: "With --from-here: the index of one package; may be given several times",
  },
  "index-strategy": {
    ...indexArgs["index-strategy"],
    description: "With --from-here: take a package from the first index that has it, or from all",
  },
  "find-links": {
    ...indexArgs["find-links"],
    description:
      "With --from-here: a folder of wheels here, or a page of links; may be given several times",
  },
  proxy: { type: "string", valueHint: "url", description: "The proxy of Blender's machine" },
  cert: {
    type: "string",
    valueHint: "file",
    description: "Certificate authorities (PEM), a file on the machine that downloads",
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
} as const satisfies Arguments;

type InstallValues = Values<typeof askedArgs & typeof sourceArgs & GlobalArguments>;

/** How it is chosen and downloaded on this machine. */
export interface HereOptions {
  indexes: Indexes;
  /** For choosing versions, in ms. */
  limit: number;
}

/** What a command line comes to. */
export interface InstallLine {
  request: Omit<InstallRequest, "typed">;
  /** What says everything; null where versions are chosen. */
  lock: Lock | null;
  /** Wheels, and folders of such, of this machine. */
  paths: LocalPath[];
  /** Of the projects among the files. */
  pythons: WantedPython[];
  notes: string[];
  offline: boolean;
  /** undefined where Blender's machine downloads, or nobody. */
  here: HereOptions | undefined;
  /** That say so, as they were typed. */
  hereFlags: string[];
  target: Target;
}

/** How packages are chosen and put in their place. */
export type InstallChoices = Pick<InstallRequest, "upgrade" | "forceReinstall" | "deps">;

/**
 * Reads it.
 *
 * @throws Failure as `requirementsOf`, `requireOthers`, `indexesOf`, `pathsAmong`; `two-modes`, `needs-from-here`, usage.
 */
export async function installOptions(
  args: InstallValues,
  positionals: readonly string[],
  use: "install" | "sync",
  choices: InstallChoices,
): Promise<InstallLine> {
  const { target: place, offline, "from-here": isHere } = args;
  const wheelhouse = args["remote-wheelhouse"];
  requireHereFlags(args);
  const typedFlags = indexFlagsOf(args);
  const { requirement: files, constraint: constraints } = args;
  const lock = use === "sync" ? await lockNamed(files, false) : null;
  const lists = lock === null ? files : files.filter((file) => !isLockFile(file));
  if (lock !== null) requireLockDecides(lock, [...positionals, ...lists, ...constraints]);
  const { paths, specs } = await pathsAmong(positionals);
  const isOffline = !isHere && (offline || wheelhouse !== undefined);
  const { notes, pythons, fileFlags, ...asked } = await requirementsOf(
    specs,
    { requirements: lists, constraints },
    {
      use,
      target: place,
      offline: isOffline,
      here: isHere,
      indexFlags: typedFlags,
      // A file with nothing in it asks that nothing be there.
      mayBeNone: paths.length > 0 || (use === "sync" && files.length > 0),
    },
  );
  requireOthers(asked.requirements);
  const request: InstallLine["request"] = {
    ...asked,
    ...choices,
    files: { requirements: files, constraints },
    fileFlags: isHere ? withoutIndexes(fileFlags) : fileFlags,
    target: place,
    wheelhouse,
    indexFlags: isHere ? [] : typedFlags,
    allowOnline: args["allow-online"],
    breakSystemPackages: args["break-system-packages"],
    replaceBundled: args["replace-bundled"],
  };
  requireOneMode(request, offline);
  const target = await targetOf(args);
  const isStepwise = isHere && args.timeout === undefined;
  return {
    request,
    lock,
    paths,
    pythons,
    notes,
    offline,
    here: isHere
      ? { indexes: indexesHere(args, fileFlags), limit: limitOf(args.timeout) }
      : undefined,
    hereFlags: isHere ? ["--from-here", ...typedFlags, ...onlyHere(args)] : [],
    target: isStepwise ? { ...target, deadlines: stepwise(target.deadlines) } : target,
  };
}

function indexesHere(args: InstallValues, fileFlags: readonly string[]): Indexes {
  const here = { index: true, cache: true, offline: false };
  const words = {
    "extra-index-url": wordsOf(args["extra-index-url"]),
    "trusted-host": wordsOf(args["trusted-host"]),
  };
  return indexesOf({ ...args, ...words, ...here }, fileFlags);
}

/** The flags that only mean something here, as they were typed. */
function onlyHere(args: InstallValues): string[] {
  return [
    ...args["index-for"].flatMap((word) => ["--index-for", word]),
    ...args["find-links"].flatMap((word) => ["--find-links", word]),
    ...(args["index-strategy"] === "first-index"
      ? []
      : ["--index-strategy", args["index-strategy"]]),
  ];
}

/** Stops where flags say of two machines that they download. */
function requireHereFlags(args: InstallValues): void {
  const [first] = onlyHere(args);
  if (!args["from-here"]) {
    if (first === undefined) return;
    throw wrongUsage(
      "needs-from-here",
      `${first} says where this machine looks for wheels, which it does with --from-here`,
      text`'${again("--from-here")}'; where Blender's machine is to look, pip takes such options: ${ours("pkg pip", "--", "install")}`,
    );
  }
  const other = (["offline", "allow-online"] as const).find((name) => args[name]);
  if (other !== undefined) {
    throw wrongUsage(
      "two-modes",
      `--from-here installs what this machine downloads, and --${other} says otherwise`,
      "give one of them",
    );
  }
  if (args.proxy !== undefined) {
    throw wrongUsage(
      "two-modes",
      "--proxy is the proxy of Blender's machine, and --from-here downloads on this one",
      "set HTTPS_PROXY here",
    );
  }
}
