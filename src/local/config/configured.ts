import { Failure } from "../../failure.ts";
import { executableAt } from "../blender/blender.ts";
import type { BlenderSettings, Configuration } from "./config.ts";

/**
 * The Blender that `init` chose, with its executable seen to be there.
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
      hint: "blender-remote-cli init",
    });
  }
  try {
    return { ...blender, executable: await executableAt(blender.executable) };
  } catch (cause) {
    if (!(cause instanceof Failure)) throw cause;
    throw new Failure(
      "blender-gone",
      `the configuration ${path} names a Blender that isn't usable: ${cause.message}`,
      { kind: "not-configured", hint: "blender-remote-cli init", cause },
    );
  }
}
