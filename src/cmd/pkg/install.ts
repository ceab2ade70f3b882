import { Failure } from "../../failure.ts";
import { pythonOf } from "../../remote/environment.ts";
import { type ImportState, importStates } from "../../remote/packages.ts";
import { runPip } from "../../remote/pip.ts";
import { type NamedRequirement, parseRequirement } from "../../wheels/requirement.ts";
import { command } from "../command.ts";
import { targetOf, withSession } from "../target.ts";
import { remoteWheelhouseArg, requireOpenSite } from "./shared.ts";

/** What goes behind `pkg pip --` in a message, quoted for a shell where needed. */
function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function requirementsOf(specs: readonly string[]): NamedRequirement[] {
  return specs.map((spec) => {
    const result = parseRequirement(spec);
    if (result.ok) return result.requirement;
    throw new Failure("bad-requirement", `can't install '${spec}': ${result.reason}`, {
      kind: "usage",
      hint: `names with version constraints go here; for anything else: blender-remote-cli pkg pip -- install ${specs.map(shellWord).join(" ")}`,
    });
  });
}

function describe({ name, version, location, reason }: ImportState): string {
  if (version === null) return `${name}: ${reason}`;
  return `${name} ${version} in ${location}${reason === null ? "" : `, but ${reason}`}`;
}

export const install = command({
  description: "Install packages into Blender's Python, online or from a remote wheelhouse",
  args: {
    spec: {
      type: "positional",
      description: "Names with version constraints: numpy 'scipy>=1.11'",
    },
    upgrade: { type: "boolean", alias: "U", description: "Upgrade what is installed already" },
    "force-reinstall": { type: "boolean", description: "Reinstall what is installed already" },
    deps: {
      type: "boolean",
      default: true,
      description: "Install dependencies as well",
      negativeDescription: "Only what is named, without dependencies",
    },
    "remote-wheelhouse": {
      ...remoteWheelhouseArg,
      description: "Install offline, only from this wheelhouse on Blender's machine",
    },
  },
  several: "spec",
  async run({ args, positionals, output, signal }) {
    const requirements = requirementsOf(positionals);
    const wheelhouse = args["remote-wheelhouse"];
    const target = await targetOf(args);
    return withSession(target, signal, async ({ connection }) => {
      const python = await pythonOf(connection);
      requireOpenSite(python);
      const forward = async (bytes: Uint8Array) => {
        if (!output.quiet) await output.writeError(bytes);
      };
      const run = {
        command: python.pip,
        arguments: [
          "install",
          ...(args.upgrade === true ? ["--upgrade"] : []),
          ...(args["force-reinstall"] === true ? ["--force-reinstall"] : []),
          ...(args.deps ? [] : ["--no-deps"]),
          ...(wheelhouse === undefined ? [] : ["--no-index", "--find-links", wheelhouse]),
          ...requirements.map((requirement) => requirement.text),
        ],
        isolated: wheelhouse !== undefined,
        stdout: forward,
        stderr: forward,
      };
      const pip = await runPip(connection, run, target.deadlines);
      const names = [...new Set(requirements.map((requirement) => requirement.name))];
      const errors: string[] = [];
      let found: ImportState[] = [];
      if (pip.returncode === 0) {
        found = await importStates(connection, names);
        errors.push(...found.filter((one) => !one.importable && !one.restart).map(describe));
      } else errors.push(`pip ended with exit status ${pip.returncode}`);
      if (output.json) {
        await output.writeJson({
          op: "install",
          requested: requirements.map((requirement) => requirement.text),
          target: "site",
          mode: wheelhouse === undefined ? "online" : "offline",
          installed: found
            .filter((one) => one.version !== null)
            .map(({ name, version, location, importable }) => ({
              name,
              version,
              location,
              importable,
            })),
          pip: { returncode: pip.returncode, duration_s: pip.duration },
          warnings: [],
          errors,
        });
      } else {
        for (const error of errors) output.error(error);
        if (errors.length > 0) await output.writeError(`hint: ${hintFor(wheelhouse)}\n`);
        else for (const one of found) await output.write(`${describe(one)}\n`);
      }
      return errors.length === 0 ? 0 : 1;
    });
  },
});

function hintFor(wheelhouse: string | undefined): string {
  if (wheelhouse === undefined) {
    return "without internet there: 'pkg push' wheels and install with --remote-wheelhouse";
  }
  return "'blender-remote-cli pkg info' shows the 'pip download' line whose wheels fit; push them, then install again";
}
