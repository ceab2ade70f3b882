// Installs the service add-on into a Blender and enables it.

import * as v from "valibot";
import { extended, type Failure } from "../../failure.ts";
import type { AddonBlender } from "../addon/addon-blender.ts";
import { diagnoseStart } from "../addon/diagnose-start.ts";
import { serviceModules } from "../addon/modules.ts";
import { failureOf, refusalSchema, Traceback } from "../addon/outcome.ts";
import { elsewhereSchema, expectedOf } from "../addon/places.ts";
import { stage } from "../addon/swap.ts";
import { underLock } from "../addon/under-lock.ts";
import type { AddonSource } from "../addon-source/source.ts";
import { NoResult, runBlender } from "../blender/background.ts";
import installSource from "./install_service.py" with { type: "text" };
import { serviceFiles, serviceModule } from "./service-files.ts";

const installedSchema = v.object({
  installed_path: v.string(),
  version: v.string(),
  /** The version of our own service that was installed before. */
  previous_version: v.nullable(v.string()),
  /** False when all was in place already. */
  changed: v.boolean(),
  /** Another add-on under the same name, such as the published BLD_Remote_MCP. */
  replaced: v.nullable(
    v.object({ name: v.string(), version: v.nullable(v.string()), kept_at: v.string() }),
  ),
});

const replySchema = v.union([
  v.object({ installed: installedSchema }),
  elsewhereSchema,
  v.object({ refused: refusalSchema }),
]);

/** What `installService` did. */
export type InstalledService = v.InferOutput<typeof installedSchema>;

/** The service as a source of an add-on. */
function serviceSource(files: Readonly<Record<string, string>>): AddonSource {
  return {
    path: serviceModule,
    kind: "legacy",
    moduleName: serviceModule,
    legacyName: serviceModule,
    manifest: undefined,
    single: false,
    files: Object.entries(files).map(([path, text]) => {
      const data = new TextEncoder().encode(text);
      return { path, size: data.length, executable: false, content: () => only(data) };
    }),
    folders: [],
    notes: [],
    [Symbol.dispose]: () => {},
  };
}

async function* only(data: Uint8Array): AsyncGenerator<Uint8Array> {
  yield data;
}

function refusal(refused: v.InferOutput<typeof refusalSchema>): Failure {
  const failure = failureOf(refused);
  const { code, cause, message } = failure;
  const why = cause instanceof Traceback && code === "enable-failed" ? cause.message : message;
  return extended(failure, {
    message: `the service add-on couldn't be installed, and all is as it was before: ${why}`,
  });
}

/**
 * Installs the service add-on into a Blender, enables it and saves the preferences; when anything
 * fails, the add-on that was installed before is restored.
 *
 * @param files for tests; default is what the executable carries.
 * @throws Failure `preferences-unreadable`, `preferences-not-saved`, `enable-failed` (with the
 *   add-on's traceback), `shadowed`, `write-failed`, `addon-ends-blender`, `addon-hangs`; as
 *   `runBlender`.
 */
export async function installService(
  blender: AddonBlender,
  files: Readonly<Record<string, string>> = serviceFiles,
): Promise<InstalledService> {
  const outcome = await underLock(blender, "warn", async ({ lock, places }) => {
    const staged = await stage(serviceSource(files), places.folders.addons, blender);
    const onStart = (pid: number) => lock.works(pid);
    try {
      return await runBlender({
        executable: blender.executable,
        version: places.version,
        script: { name: "install_service.py", source: installSource, modules: serviceModules },
        input: { exchange: staged.exchange, staged: staged.path, expected: expectedOf(places) },
        schema: replySchema,
        timeoutSeconds: blender.deadline.left,
        startSeconds: blender.deadline.left / 2,
        signal: blender.signal,
        // The service must not begin to listen while it is being installed.
        env: { ...blender.env, BLD_REMOTE_MCP_START_NOW: "0" },
        onStart,
        onEnd: (line, seconds) => blender.listener.ran(line, seconds),
        onOutput: (chunk) => blender.listener.output(chunk),
      });
    } catch (error) {
      if (!(error instanceof NoResult) || error.begun) throw error;
      throw await diagnoseStart(blender, places, error, onStart);
    }
  });
  if ("refused" in outcome) throw refusal(outcome.refused);
  return outcome.installed;
}
