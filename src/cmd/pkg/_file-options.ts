// What becomes of pip's options that stand in requirements files.

import { wrongUsage } from "../../failure.ts";
import type { FileOption } from "../../local/pip/requirements-file.ts";
import type { InstallTarget } from "../../remote/install/request.ts";
import { ours, type Text, text } from "../../text.ts";

/** How it is installed, as the command line says; that wins over what files say. */
export interface InstallMode {
  /** What is done with requirements. */
  use: "install" | "download" | "sync";
  /** Whether wheels are looked for from this machine, and not from Blender's. */
  here?: boolean;
  target: InstallTarget;
  /** From a wheelhouse. */
  offline: boolean;
  /** The flags for the index that were typed. */
  indexFlags: readonly string[];
  /** Whether each requirement needs a hash, as the command line says. */
  requireHashes?: boolean;
  /** Whether a lock says where everything comes from: what is asked is only what it has to meet. */
  isLocked?: boolean;
  /** Whether there may be no requirement at all. */
  mayBeNone?: boolean;
}

/** Options that belong to one requirement, and mean nothing in a line of their own. */
export const behindRequirements: ReadonlySet<string> = new Set([
  "--hash",
  "--config-settings",
  "--global-option",
]);

/** Where pip looks for packages. A wheelhouse is all of that. */
const ofIndexes = new Set([
  "--index-url",
  "--extra-index-url",
  "--find-links",
  "--trusted-host",
  "--no-index",
]);

function refused({ name, value, where }: FileOption, why: string, hint: Text) {
  const option = value === null ? name : `${name} ${value}`;
  return wrongUsage("bad-requirement", `${where}: '${option}' ${why}`, hint);
}

/** Stops at what can't be honoured from here. */
function requireHonoured(option: FileOption, { offline, use, here }: InstallMode): void {
  const { name, value } = option;
  if (name === "--editable") {
    throw refused(
      option,
      "is a source of this machine",
      text`build a wheel of it ('pip wheel --no-deps .'), bring it with '${ours("pkg push", "FILE.whl")}', and ask for it by name; to work on an add-on: ${ours("addon install", "FOLDER")}`,
    );
  }
  if (offline || here === true || use === "download") return;
  if (name === "--no-index") {
    throw refused(
      option,
      "is for installing offline",
      text`push the wheels, then give --offline: ${ours("pkg push", "WHEELS")}`,
    );
  }
  const isPlace = ["--index-url", "--extra-index-url", "--find-links"].includes(name);
  if (!isPlace || /^(?!file:)[a-z][a-z0-9+.-]+:\/\/./i.test(value ?? "")) return;
  throw refused(
    option,
    "is a folder of this machine",
    name === "--find-links"
      ? text`push what is in it, then give --offline: ${ours("pkg push", value ?? "")}`
      : `${name} on the command line names a folder on Blender's machine`,
  );
}

/** Of what `installFlags` gave, what is left for a pip that takes wheels from a folder alone. */
export function withoutIndexes(flags: readonly string[]): string[] {
  return flags.filter((word, at) => {
    const before = flags[at - 1] ?? "";
    return !ofIndexes.has(word) && (before === "--no-index" || !ofIndexes.has(before));
  });
}

/** Those of which pip takes the last. */
const onlyOnce = new Set(["--index-url"]);

/**
 * pip's flags for what stands in files, and what isn't used of it: the wheelhouse, or an index that
 * was typed, is meant instead.
 *
 * @throws Failure `bad-requirement`, usage.
 */
export function installFlags(
  options: readonly FileOption[],
  mode: InstallMode,
): { flags: string[]; notes: string[] } {
  for (const option of options) requireHonoured(option, mode);
  const isTyped = ({ name }: FileOption) => onlyOnce.has(name) && mode.indexFlags.includes(name);
  const unused = options.filter(
    (option) => isTyped(option) || (mode.offline && ofIndexes.has(option.name)),
  );
  const meaningless = options.filter(({ name }) => behindRequirements.has(name));
  const left = options.filter((one) => !unused.includes(one) && !meaningless.includes(one));
  const used = left.filter(
    ({ name }, at) => !onlyOnce.has(name) || !left.slice(at + 1).some((one) => one.name === name),
  );
  const instead = mode.offline ? "the wheelhouse" : "the command line's";
  const words = unused.map(({ name, where }) => `${name} (${where})`);
  return {
    flags: used.flatMap(({ name, value }) => (value === null ? [name] : [name, value])),
    notes: [
      ...(words.length === 0 ? [] : [`${instead} is used instead of ${words.join(", ")}`]),
      ...meaningless.map(({ name, where }) => `${where}: ${name} belongs behind a requirement`),
    ],
  };
}
