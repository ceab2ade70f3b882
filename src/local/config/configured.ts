// Gives the Blender that the configuration names.

import { extended, Failure } from "../../failure.ts";
import { ours } from "../../text.ts";
import { executableAt } from "../blender/executable.ts";
import type { BlenderSettings, Configuration } from "./config.ts";

/**
 * The Blender that `init` chose, once it is certain that its executable still exists.
 *
 * @throws Failure `not-configured`, or `blender-gone` where it was moved or removed since; both of
 *   kind `not-configured`.
 */
export async function configuredBlender(configuration: Configuration): Promise<BlenderSettings> {
  const { blender, path, exists } = configuration;
  if (blender === undefined) {
    const reason = exists ? "names no Blender (blender.exec_path)" : "doesn't exist";
    throw new Failure("not-configured", `the configuration ${path} ${reason}`, {
      kind: "not-configured",
      hint: ours("init"),
    });
  }
  try {
    return { ...blender, executable: await executableAt(blender.executable) };
  } catch (cause) {
    if (!(cause instanceof Failure)) throw cause;
    throw extended(cause, {
      code: "blender-gone",
      kind: "not-configured",
      message: `the configuration ${path} names a Blender that isn't usable: ${cause.message}`,
      hint: ours("init"),
    });
  }
}
