import { type Zippable, zipSync } from "fflate";
import * as v from "valibot";
import { Failure } from "../failure.ts";
import { runBlender } from "./blender.ts";
import installSource from "./python/install_service.py" with { type: "text" };
import { serviceFiles, serviceModule } from "./service-files.ts";

const installedSchema = v.object({
  installed_path: v.string(),
  version: v.string(),
  /** Of our own service that was there before. */
  previous_version: v.nullable(v.string()),
  /** False when all was in place already. */
  changed: v.boolean(),
  /** Another add-on under the same name, such as the published BLD_Remote_MCP. */
  replaced: v.nullable(
    v.object({ name: v.string(), version: v.nullable(v.string()), kept_at: v.string() }),
  ),
});

const outcomeSchema = v.union([
  v.object({ installed: installedSchema }),
  v.object({
    refused: v.object({ reason: v.string(), detail: v.string(), traceback: v.string() }),
  }),
]);

/** What `installService` did. */
export type InstalledService = v.InferOutput<typeof installedSchema>;

const refusals: Record<string, { message: string; hint: string }> = {
  "preferences-unreadable": {
    message: "Blender can't read its preferences, and installing would replace them by defaults",
    hint: "put the file right from a backup, or move it away, then: blender-remote-cli install",
  },
  "preferences-not-saved": {
    message: "Blender couldn't save its preferences; nothing was installed",
    hint: "see that Blender's configuration folder can be written and that there is room",
  },
  "no-addons-folder": {
    message: "the add-ons folder can't be created",
    hint: "see that Blender's folder for user scripts can be written (BLENDER_USER_SCRIPTS moves it)",
  },
  "enable-failed": {
    message: "the service add-on couldn't be enabled; all is as it was before",
    hint: "see what the add-on said above, or with --verbose",
  },
  shadowed: {
    message: "another add-on of that name comes first; all is as it was before",
    hint: "remove or rename that other one, then: blender-remote-cli install",
  },
};

function refusal(refused: { reason: string; detail: string; traceback: string }): Failure {
  const known = refusals[refused.reason];
  const message = known?.message ?? "the service add-on couldn't be installed";
  const detail = refused.reason === "enable-failed" ? refused.traceback : refused.detail;
  return new Failure(refused.reason, `${message}: ${detail.trim() || refused.detail}`, {
    hint: known?.hint ?? "see that the folder can be written and that there is room",
    ...(refused.traceback === "" ? {} : { cause: new Error(refused.traceback) }),
  });
}

export interface InstallOptions {
  executable: string;
  timeoutSeconds: number;
  signal: AbortSignal;
  env?: NodeJS.ProcessEnv;
  /** For tests; default is what the executable carries. */
  files?: Readonly<Record<string, string>>;
}

/**
 * Installs the service add-on into a Blender, enables it and saves the preferences; when anything
 * fails, the add-on that was there before is back.
 *
 * @throws Failure `preferences-unreadable`, `preferences-not-saved`, `no-addons-folder`,
 *   `enable-failed` (with the add-on's traceback), `shadowed`, `write-failed`; as `runBlender`.
 */
export async function installService(options: InstallOptions): Promise<InstalledService> {
  // The service must not begin to listen while it is being installed.
  const env = { ...(options.env ?? process.env), BLD_REMOTE_MCP_START_NOW: "0" };
  const outcome = await runBlender({
    executable: options.executable,
    script: { name: "install_service.py", source: installSource },
    input: { module: serviceModule, files: { ...(options.files ?? serviceFiles) } },
    schema: outcomeSchema,
    timeoutSeconds: options.timeoutSeconds,
    signal: options.signal,
    env,
  });
  if ("refused" in outcome) throw refusal(outcome.refused);
  return outcome.installed;
}

/** The zip format begins in 1980; a fixed time makes the archive the same each time. */
const zipTime = new Date(1980, 0, 1);

/**
 * The service add-on as a zip that Blender's own installer takes. The folder has an entry of its
 * own: without it Blender wouldn't clear an older version away before it unpacks.
 */
export function serviceArchive(files: Readonly<Record<string, string>> = serviceFiles): Uint8Array {
  const options = { mtime: zipTime, os: 3 };
  const entries: Zippable = {
    [`${serviceModule}/`]: [new Uint8Array(0), { ...options, level: 0, attrs: 0o40755 << 16 }],
  };
  for (const name of Object.keys(files).sort()) {
    const data = new TextEncoder().encode(files[name]);
    entries[`${serviceModule}/${name}`] = [data, { ...options, level: 9, attrs: 0o100644 << 16 }];
  }
  return zipSync(entries);
}
