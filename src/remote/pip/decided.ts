// Which of pip's settings are a command's to make, whatever Blender's machine says.

/** Settings of a command of pip's, named as its flags without dashes. */
export interface DecidedSettings {
  command: "install" | "uninstall";
  names: readonly string[];
}

/** Which Python, and from what; what pip tells, which is read here. */
const always = ["python", "require-virtualenv", "require-venv", "requirement", "quiet"];

/** Where to, what, which of it, and whether at all. */
const installs = [
  ...["user", "target", "prefix", "root"],
  ...["python-version", "platform", "abi", "implementation"],
  ...["editable", "group", "requirements-from-script", "only-deps", "only-dependencies"],
  ...["no-deps", "no-dependencies"],
  ...["upgrade", "upgrade-strategy", "force-reinstall", "ignore-installed"],
  ...["dry-run", "report", "no-warn-conflicts"],
];

/**
 * The settings that `pkg install` makes itself. Not among them is how packages are got and judged
 * (indexes, proxies, certificates, constraints, hashes, kinds of packages): that is for those to
 * say who set the machine up. Nor what every run gets from us anyway (`no-input`), or what has no
 * effect where the checks before have passed (`break-system-packages`).
 *
 * @param flags pip's own for the index; a named index is asked also where none is by default.
 */
export function decidedByInstall(flags: readonly string[]): DecidedSettings {
  const index = flags.includes("--index-url") ? ["no-index"] : [];
  return { command: "install", names: [...always, ...installs, ...index] };
}

/** The settings that `pkg uninstall` makes itself. */
export const decidedByUninstall: DecidedSettings = { command: "uninstall", names: always };
