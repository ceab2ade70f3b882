// `addon install`: installs add-ons from folders and files.

import { extended, Failure } from "../../failure.ts";
import { type Installation, installAddons } from "../../local/addon/install.ts";
import { expanded } from "../../local/files/patterns.ts";
import { count } from "../../ui/format.ts";
import { command } from "../_command.ts";
import { localBlenderOf, withBlender } from "../_local-blender.ts";
import { changeArgs, enableArgs, enablingOf } from "./_flags.ts";
import { type AddonResult, report } from "./_results.ts";
import { besideRunning, type NewState, runningOptionsOf } from "./_running.ts";

/** A failure with what it left. */
export function worded({
  moduleName,
  asked,
  replaces,
  failure,
}: Installation): Failure | undefined {
  if (failure === undefined) return undefined;
  if (moduleName === undefined) {
    if (failure.message.includes(asked)) return failure;
    return extended(failure, { message: `can't install from ${asked}: ${failure.message}` });
  }
  const left = replaces ? "what was installed before is unchanged" : "nothing is installed";
  const message = `can't install ${moduleName} from ${asked}: ${failure.message}; ${left}`;
  return extended(failure, { message });
}

/** What is on the disk now; undefined where nothing is. */
function stateOf(one: Installation, check: boolean): NewState | undefined {
  const { moduleName: name, enabled, replaces } = one;
  if (one.failure !== undefined || name === undefined || check) return undefined;
  const files = replaces ? "replaced" : "new";
  const windowOnly = enabled && !one.loaded;
  return { name, enabled: enabled || null, files, windowOnly, changed: enabled || replaces };
}

function resultOf(one: Installation, check: boolean): AddonResult {
  const { moduleName, path, replaces, version, replacedVersion, enabled, files } = one;
  const done = check ? "would be installed" : "is installed";
  const how = enabled ? (check ? ", and enabled if it can be loaded" : " and enabled") : "";
  const what = version === undefined ? moduleName : `${moduleName} ${version}`;
  const instead = replaces ? `, in place of ${replacedVersion ?? "what was there"}` : "";
  return {
    value: {
      op: "install",
      source: one.source,
      module_name: moduleName ?? null,
      installed_path: path ?? null,
      version: one.version ?? null,
      enabled,
      loaded: one.loaded,
      kind: one.kind ?? null,
      files_installed: check ? 0 : files,
      replaced_version: replacedVersion ?? null,
      ...(check ? { check: true, files } : {}),
    },
    line: `${what} ${done}${how}${instead}: ${path} (${count(files, "file")})`,
    about: moduleName ?? one.asked,
    warnings: one.warnings,
    failure: worded(one),
    now: stateOf(one, check),
  };
}

export const install = command({
  description: "Install add-ons and extensions from folders, .zip and .py files",
  args: {
    ...changeArgs,
    source: {
      type: "positional",
      required: true,
      description: "A folder, a .zip or a .py; several are one start of Blender",
    },
    enable: { type: "boolean", alias: "e", description: "Enable what is installed" },
    ...enableArgs,
    as: {
      type: "enum",
      options: ["legacy", "extension"],
      description: "As what to install one that is both (an extension)",
    },
    into: {
      type: "string",
      valueHint: "dir",
      description: "One of the folders of 'addon paths': a script directory, a repository",
    },
    overwrite: {
      type: "boolean",
      default: true,
      description: "Replace what is there under the same name",
      negativeDescription: "Fail where something is there under the same name",
    },
    name: {
      type: "string",
      valueHint: "module",
      description: "The module's name, or which of several add-ons in the source",
    },
    check: { type: "boolean", description: "Unpack, look and say what would be done" },
  },
  several: "source",
  options: async ({ args, positionals }) => {
    const { name } = args;
    const sources = await expanded(positionals);
    if (name !== undefined && sources.length > 1) {
      const message = `--name goes with one source, and there are ${sources.length}`;
      throw new Failure("name-for-several", message, {
        kind: "usage",
        hint: "install that one by itself",
      });
    }
    const { leave, window, byService } = enablingOf(args);
    return {
      sources,
      install: {
        ifRunning: args["if-running"],
        enable: args.enable || args["enable-unchecked"] || args["in-window"],
        leave,
        window,
        form: args.as,
        into: args.into,
        overwrite: args.overwrite,
        check: args.check,
        name,
      },
      running: await runningOptionsOf(args, { check: args.check, window: byService }),
      blender: await localBlenderOf(args),
    };
  },
  run: ({ sources, install: options, running, blender: local }, context) =>
    withBlender(local, context, async (own) => {
      const results = await besideRunning(own, running, context, async (blender) => {
        const done = await installAddons(blender, sources, options);
        return done.map((one) => resultOf(one, options.check));
      });
      return report(results, context.output);
    }),
});
