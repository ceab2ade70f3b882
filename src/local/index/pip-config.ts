// What pip's configuration files and variables say about indexes (pip's documentation, Configuration).

import { join } from "node:path";
import { Failure, systemCodeOf } from "../../failure.ts";
import { appDataFolder, homeFolder } from "../files/os-folders.ts";
import { wholeText } from "../files/whole-file.ts";

/** Bytes of a configuration file. */
const most = 10_000_000;

/** pip's settings by the names of its options (`index-url`), the last that counts. */
export type PipSettings = ReadonlyMap<string, string>;

/** Whether a setting that is on or off is on. */
export function settingIsOn(value: string | undefined): boolean {
  return /^(1|true|yes|on|y|t)$/i.test(value ?? "");
}

/** The files that pip reads, those that count less first. */
function configFiles(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): string[] {
  const named = env["PIP_CONFIG_FILE"];
  if (named === "/dev/null" || named === "nul") return [];
  const home = homeFolder(env);
  const files: string[] = [];
  if (platform === "win32") {
    const all = env["PROGRAMDATA"] || "C:\\ProgramData";
    files.push(join(all, "pip", "pip.ini"), join(home, "pip", "pip.ini"));
    files.push(join(appDataFolder(env, "Roaming"), "pip", "pip.ini"));
  } else {
    const folders = (env["XDG_CONFIG_DIRS"] || "/etc/xdg").split(":").reverse();
    if (platform === "darwin") files.push("/Library/Application Support/pip/pip.conf");
    else files.push(...folders.map((folder) => join(folder, "pip", "pip.conf")), "/etc/pip.conf");
    files.push(join(home, ".pip", "pip.conf"));
    const own = env["XDG_CONFIG_HOME"] || join(home, ".config");
    files.push(
      platform === "darwin"
        ? join(home, "Library", "Application Support", "pip", "pip.conf")
        : join(own, "pip", "pip.conf"),
    );
    if (platform === "darwin") files.push(join(own, "pip", "pip.conf"));
  }
  return named ? [...files, named] : files;
}

/**
 * Reads what pip would read for `pip download`, variables too.
 *
 * @throws Failure `bad-pip-config`, kind `usage`.
 */
export async function pipSettings(
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): Promise<PipSettings> {
  const found = new Map<string, string>();
  for (const file of configFiles(env, platform)) {
    let text: string;
    try {
      text = await wholeText(file, most);
    } catch (error) {
      if (
        ["ENOENT", "ENOTDIR"].includes(systemCodeOf(error) ?? "") &&
        file !== env["PIP_CONFIG_FILE"]
      )
        continue;
      throw unreadable(file, error instanceof Error ? error.message : String(error), error);
    }
    const sections = sectionsOf(text, file);
    for (const section of ["global", "download"])
      for (const [name, value] of sections.get(section) ?? []) found.set(name, value);
  }
  for (const [name, value] of Object.entries(env)) {
    const [, option] = /^PIP_(.+)$/.exec(name) ?? [];
    if (option !== undefined && value) found.set(option.toLowerCase().replaceAll("_", "-"), value);
  }
  return found;
}

function unreadable(file: string, reason: string, cause?: unknown): Failure {
  return new Failure("bad-pip-config", `pip's configuration ${file} can't be read: ${reason}`, {
    kind: "usage",
    hint: "mend it, or name another one: PIP_CONFIG_FILE=FILE",
    cause,
  });
}

/** An INI file as Python's configparser reads it: by section, names in lower case. */
function sectionsOf(text: string, file: string): Map<string, Map<string, string>> {
  const sections = new Map<string, Map<string, string>>();
  let section: Map<string, string> | undefined;
  let name: string | undefined;
  for (const [index, line] of text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .entries()) {
    if (/^\s*(?:[#;].*)?$/.test(line)) continue;
    const value = section !== undefined && name !== undefined ? section.get(name) : undefined;
    // A line that is indented goes on with the value before.
    if (/^\s/.test(line) && section !== undefined && name !== undefined) {
      section.set(name, `${value}\n${line.trim()}`.trim());
      continue;
    }
    const [, title] = /^\[([^\]]+)\]/.exec(line) ?? [];
    const [, option, rest] = /^([^=:]+?)\s*[=:]\s*(.*)$/.exec(line) ?? [];
    if (title !== undefined) {
      section = sections.get(title) ?? new Map<string, string>();
      sections.set(title, section);
      name = undefined;
    } else if (section !== undefined && option !== undefined) {
      name = option.toLowerCase().replaceAll("_", "-").replace(/^--/, "");
      section.set(name, (rest ?? "").trim());
    } else {
      throw unreadable(file, `line ${index + 1} is '${line.trim()}'`);
    }
  }
  return sections;
}
