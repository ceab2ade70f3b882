import { Failure } from "../../failure.ts";
import { readRequirements } from "../../local/pip/requirements-file.ts";
import type { InstallTarget } from "../../remote/install/request.ts";
import { shellWord } from "../../text.ts";
import { type NamedRequirement, parseRequirement } from "../../wheels/requirement.ts";

function usage(code: string, message: string, hint: string): Failure {
  return new Failure(code, message, { kind: "usage", hint });
}

/** pip itself takes anything; for user modules it has to be told the folder. */
function withPip(words: string, target: InstallTarget): string {
  if (target === "site") return `blender-remote-cli pkg pip -- install ${words}`;
  return `blender-remote-cli pkg pip -- install --target MODULES ${words}, where MODULES is the folder of that name in 'blender-remote-cli pkg info'`;
}

/** What somebody may have meant who gives this. */
function hintFor(spec: string, target: InstallTarget): string {
  const names = "names with version constraints go here, such as numpy==1.26.4";
  const pip = withPip(shellWord(spec), target);
  if (/^[a-z][a-z+]*:\/\//i.test(spec)) return `pip takes addresses: ${pip}`;
  if (spec.endsWith(".whl")) {
    // Quoted, a shell would leave it as it is.
    const path = spec.startsWith("~/") ? `~/${shellWord(spec.slice(2))}` : shellWord(spec);
    return `a wheel of this machine: 'blender-remote-cli pkg push ${path} --remote-wheelhouse DIR', then install it by name; one of Blender's machine: ${pip}`;
  }
  return /[/\\@;]/.test(spec) ? `${names}; for anything else: ${pip}` : names;
}

function requirementOf(spec: string, where: string, target: InstallTarget): NamedRequirement {
  const result = parseRequirement(spec);
  if (result.ok) return result.requirement;
  const hint = hintFor(spec, target);
  throw usage("bad-requirement", `${where}can't install '${spec}': ${result.reason}`, hint);
}

/** Says, for an option in a requirements file, that pip itself takes the file, if it's there. */
function refuseOptions(spec: string, where: string, target: InstallTarget): void {
  if (!spec.startsWith("-") && !spec.endsWith("\\") && !/\s--hash=/.test(spec)) return;
  throw usage(
    "bad-requirement",
    `${where}: only names with versions and comments are read here, and this is '${spec}'`,
    `pip reads the whole format, of a file on Blender's machine: ${withPip("-r FILE", target)}`,
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
  throw usage(
    "missing-argument",
    file === undefined
      ? "blender-remote-cli pkg install needs SPEC"
      : `nothing stands in '${file}'`,
    "blender-remote-cli pkg install numpy 'scipy>=1.11', or -r FILE",
  );
}

/** The target that a flag names. */
export function targetNamed(text: string): InstallTarget {
  if (text === "site" || text === "user-modules") return text;
  throw usage("bad-target", `--target is '${text}'`, "give site or user-modules");
}

/** Options of `pip install` that mean nothing here. */
const pipOptions = new Set(
  [
    ["--pre", "-c", "--constraint", "-e", "--editable", "-i", "-f", "--find-links", "--no-index"],
    ["--no-binary", "--only-binary", "--prefer-binary", "--require-hashes", "--no-cache-dir"],
    ["--no-build-isolation", "--ignore-installed", "-I", "--upgrade-strategy", "--trusted-host"],
    ["--prefix", "--root", "--compile", "--no-compile", "--config-settings", "-C", "--isolated"],
    ["--ignore-requires-python", "--use-pep517", "--platform", "--python-version", "--abi"],
    ["--retries", "--client-cert", "--progress-bar", "--report", "--src", "-b"],
  ].flat(),
);

/** Where an option of `pip install` goes, which `pkg install` doesn't have. */
export function pipOption(option: string): string | undefined {
  if (option === "--user") return "Blender doesn't look at the user site: --target user-modules";
  if (option === "-t") return "--target site or --target user-modules";
  if (!pipOptions.has(option)) return undefined;
  return `an option of pip: blender-remote-cli pkg pip -- install ${option} …`;
}
