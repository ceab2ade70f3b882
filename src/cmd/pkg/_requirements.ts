// The requirements that `pkg install` is given, on the command line and in a file.

import { wrongUsage } from "../../failure.ts";
import { readRequirements } from "../../local/pip/requirements-file.ts";
import type { InstallTarget } from "../../remote/install/request.ts";
import { ours, programName, shellWord, type Text, text } from "../../text.ts";
import { type NamedRequirement, parseRequirement } from "../../wheels/requirement.ts";

/** pip itself takes anything; for user modules it has to be told the folder. */
function withPip(words: readonly string[], target: InstallTarget): Text {
  if (target === "site") return ours("pkg pip", "--", "install", ...words);
  const line = ours("pkg pip", "--", "install", "--target", "MODULES", ...words);
  return text`${line}, where MODULES is the folder of that name in '${ours("pkg info")}'`;
}

/** What somebody may have meant who gives this. */
function hintFor(spec: string, target: InstallTarget): Text {
  const names = "names with version constraints go here, such as numpy==1.26.4";
  const pip = withPip([spec], target);
  if (/(^|@)\s*[a-z][a-z0-9+.-]+:\/\//i.test(spec)) {
    return text`pip takes addresses: ${pip}; or download it and push the file, then install it by name: ${ours("pkg push", "FILE.whl")}`;
  }
  if (spec.endsWith(".whl")) {
    // Quoted, a shell would leave it as it is.
    const path = spec.startsWith("~/") ? `~/${shellWord(spec.slice(2))}` : shellWord(spec);
    return text`a wheel of this machine: '${ours("pkg push")} ${path} --remote-wheelhouse DIR', then install it by name; one of Blender's machine: ${pip}`;
  }
  return /[/\\@;]/.test(spec) ? text`${names}; for anything else: ${pip}` : names;
}

function requirementOf(spec: string, where: string, target: InstallTarget): NamedRequirement {
  const result = parseRequirement(spec);
  if (result.ok) return result.requirement;
  const hint = hintFor(spec, target);
  throw wrongUsage("bad-requirement", `${where}can't install '${spec}': ${result.reason}`, hint);
}

/** Stops at an option in a requirements file: pip itself reads a file on Blender's machine. */
function refuseOptions(spec: string, where: string, target: InstallTarget): void {
  if (!spec.startsWith("-") && !spec.endsWith("\\") && !/\s--hash=/.test(spec)) return;
  throw wrongUsage(
    "bad-requirement",
    `${where}: only names with versions and comments are read here, and this is '${spec}'`,
    text`pip reads the whole format, of a file on Blender's machine: ${withPip(["-r", "FILE"], target)}`,
  );
}

/**
 * What the command line asks for: the specs on it, then those of a requirements file.
 *
 * @throws Failure `missing-argument`, `bad-requirement`, `requirements-unreadable`, all usage.
 */
export async function requirementsOf(
  specs: readonly string[],
  file: string | undefined,
  target: InstallTarget,
): Promise<NamedRequirement[]> {
  const lines = file === undefined ? [] : await readRequirements(file);
  for (const { spec, where } of lines) refuseOptions(spec, where, target);
  const found = [
    ...specs.map((spec) => requirementOf(spec, "", target)),
    ...lines.map(({ spec, where }) => requirementOf(spec, `${where}: `, target)),
  ];
  if (found.length > 0) return found;
  throw wrongUsage(
    "missing-argument",
    file === undefined ? `${programName} pkg install needs SPEC` : `nothing stands in '${file}'`,
    text`${ours("pkg install", "numpy", "scipy>=1.11")}, or -r FILE`,
  );
}
