// The Blender on this machine that a command works with.

import { extended, Failure } from "../failure.ts";
import { type AddonBlender, Deadline } from "../local/addon/addon-blender.ts";
import { checkVersion, executableAt, identifyBlender } from "../local/blender/executable.ts";
import { openProfile } from "../local/blender/profile.ts";
import type { Configuration } from "../local/config/config.ts";
import { configuredBlender } from "../local/config/configured.ts";
import { examplePath, ours, text } from "../text.ts";
import { waiting } from "../ui/waiting.ts";
import type { Context } from "./_command.ts";
import type { Arguments } from "./_declaration.ts";
import { configurationOf, parseSeconds, type TargetFlags } from "./_target.ts";

/** Flags that say which Blender of this machine is meant, and with which preferences and add-ons. */
export const blenderArgs = {
  "blender-exec": {
    type: "string",
    valueHint: "path",
    description: "Blender's executable (the one that init chose)",
  },
  profile: {
    type: "string",
    valueHint: "dir",
    description: "Preferences and add-ons of their own, kept in this folder",
  },
  isolated: {
    type: "boolean",
    description: "Preferences and add-ons of their own, gone when the command ends",
  },
} as const satisfies Arguments;

/** The flags that say which Blender a command works with, and for how long. */
export interface BlenderFlags extends TargetFlags {
  "blender-exec"?: string | undefined;
  profile?: string | undefined;
  isolated?: boolean | undefined;
}

/** What those flags and the configuration come to. */
export interface LocalBlender {
  /** Undefined for the one that the configuration names. */
  executable: string | undefined;
  configuration: Configuration;
  /** For the whole operation. */
  seconds: number;
  profile: { folder: string | undefined; isolated: boolean };
}

/** @throws Failure as `configurationOf` and `parseSeconds`. */
export async function localBlenderOf(flags: BlenderFlags): Promise<LocalBlender> {
  const configuration = await configurationOf(flags);
  const { timeout, profile: folder, isolated = false } = flags;
  return {
    executable: flags["blender-exec"],
    configuration,
    seconds:
      timeout === undefined ? configuration.timeoutSeconds : parseSeconds(timeout, "--timeout"),
    profile: { folder, isolated },
  };
}

/** The Blender that `--blender-exec` names. */
async function givenBlender<T>(
  path: string,
  identified: (executable: string) => Promise<T>,
): Promise<T> {
  try {
    return await identified(await executableAt(path));
  } catch (error) {
    if (!(error instanceof Failure) || !aboutThePath.has(error.code)) throw error;
    throw extended(error, {
      hint: text`give Blender's own executable: --blender-exec ${examplePath}; '${ours("init")}' finds the Blenders of this machine`,
    });
  }
}

/** What says that a path is no Blender's. */
const aboutThePath: ReadonlySet<string> = new Set(["blender-not-found", "not-blender"]);

async function chosenBlender(
  { executable: given, configuration }: LocalBlender,
  deadline: Deadline,
  { output, signal }: Context,
): Promise<{ executable: string; version: string }> {
  const identified = (path: string) => {
    const asked = identifyBlender(path, signal, deadline.left);
    return waiting(output, `asking ${path} for its version`, asked);
  };
  if (given === undefined) {
    const { executable, version } = await configuredBlender(configuration);
    if (version !== undefined) return { executable, version };
    return identified(executable);
  }
  const blender = await givenBlender(given, identified);
  checkVersion(blender);
  return blender;
}

/**
 * Works with the add-ons of that Blender, in that profile.
 *
 * @throws Failure `not-configured`, `blender-gone` (kind `not-configured`); as `identifyBlender` and
 *   `openProfile`.
 */
export async function withBlender<T>(
  local: LocalBlender,
  context: Context,
  work: (blender: AddonBlender) => Promise<T>,
): Promise<T> {
  const { output, signal } = context;
  const deadline = new Deadline(local.seconds);
  const { executable, version } = await chosenBlender(local, deadline, context);
  const profile = await openProfile({ ...local.profile, executable });
  await using _ = {
    [Symbol.asyncDispose]: () => waiting(output, "removing the temporary profile", profile.close()),
  };
  const source = local.executable === undefined ? "the configuration" : "--blender-exec";
  const whose = profile.folder === undefined ? "the user's own preferences" : profile.folder;
  output.debug(`Blender ${version} of ${source}: ${executable}, with ${whose}`);
  return await work({
    executable,
    version,
    env: profile.env,
    deadline,
    signal,
    listener: {
      note: (message) => output.note(message),
      warn: (message) => output.warn(message),
      ran: (line, seconds) => output.debug(`${seconds.toFixed(1)} s for: ${line}`),
      output: (chunk) => {
        if (output.verbose) void output.writeError(chunk);
      },
      running: () => {},
      during: (what, work) => waiting(output, what, work),
    },
  });
}
