import type { ArgsDef } from "citty";
import { type AddonBlender, Deadline } from "../local/addon/addon-blender.ts";
import { checkVersion, executableAt, identifyBlender } from "../local/blender/executable.ts";
import { openProfile } from "../local/blender/profile.ts";
import type { Configuration } from "../local/config/config.ts";
import { configuredBlender } from "../local/config/configured.ts";
import type { Output } from "../ui/output.ts";
import { configurationOf, parseSeconds, type TargetFlags } from "./_target.ts";

/** Flags that give a Blender preferences and add-on folders of their own. */
export const profileArgs = {
  profile: {
    type: "string",
    valueHint: "dir",
    description: "Preferences and add-ons of their own, kept in this folder",
  },
  isolated: {
    type: "boolean",
    description: "Preferences and add-ons of their own, gone when the command ends",
  },
} as const satisfies ArgsDef;

export interface BlenderFlags extends TargetFlags {
  "blender-exec"?: string | undefined;
  profile?: string | undefined;
  isolated?: boolean | undefined;
}

async function chosenBlender(
  flags: BlenderFlags,
  configuration: Configuration,
  deadline: Deadline,
  signal: AbortSignal,
): Promise<{ executable: string; version: string }> {
  const given = flags["blender-exec"];
  if (given === undefined) {
    const { executable, version } = await configuredBlender(configuration);
    if (version !== undefined) return { executable, version };
    return identifyBlender(executable, signal, deadline.left);
  }
  const blender = await identifyBlender(await executableAt(given), signal, deadline.left);
  checkVersion(blender);
  return blender;
}

/**
 * Works with the add-ons of the Blender that the flags or the configuration name, in the profile that
 * the flags name.
 *
 * @throws Failure `not-configured`, `blender-gone` (kind `not-configured`); as `identifyBlender` and
 *   `openProfile`.
 */
export async function withBlender<T>(
  flags: BlenderFlags,
  output: Output,
  signal: AbortSignal,
  work: (blender: AddonBlender) => Promise<T>,
): Promise<T> {
  const configuration = await configurationOf(flags);
  const seconds =
    flags.timeout === undefined
      ? configuration.timeoutSeconds
      : parseSeconds(flags.timeout, "--timeout");
  const deadline = new Deadline(seconds);
  const { executable, version } = await chosenBlender(flags, configuration, deadline, signal);
  const { profile: folder, isolated = false } = flags;
  await using profile = await openProfile({ folder, isolated, executable });
  return await work({
    executable,
    version,
    env: profile.env,
    deadline,
    signal,
    listener: {
      note: (message) => output.note(message),
      warn: (message) => output.warn(message),
      output: (chunk) => {
        if (output.verbose) void output.writeError(chunk);
      },
    },
  });
}
