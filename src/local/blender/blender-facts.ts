// Asks a Blender for what the configuration says about it: version and folders.

import { dirname } from "node:path";
import * as v from "valibot";
import { runBlender } from "./background.ts";
import factsSource from "./blender_facts.py" with { type: "text" };
import { checkVersion, executableAt, identifyBlender } from "./executable.ts";

const factsSchema = v.object({
  version: v.string(),
  version_tuple: v.array(v.number()),
  build_date: v.string(),
  plugin_dir: v.nullable(v.string()),
  user_addons: v.nullable(v.string()),
  all_addon_paths: v.array(v.string()),
  extensions_dir: v.nullable(v.string()),
});

/** The `blender` section of the configuration, key by key. */
export type BlenderFacts = v.InferOutput<typeof factsSchema> & {
  exec_path: string;
  root_dir: string;
};

/**
 * Makes sure that a path is a Blender that this program can use, and collects what the
 * configuration says about it.
 *
 * @throws Failure as `executableAt`, `identifyBlender`, `checkVersion` and `runBlender`.
 */
export async function blenderFacts(
  path: string,
  timeoutSeconds: number,
  signal: AbortSignal,
): Promise<BlenderFacts> {
  const executable = await executableAt(path);
  checkVersion(await identifyBlender(executable, signal));
  const facts = await runBlender({
    executable,
    script: { name: "blender_facts.py", source: factsSource },
    input: null,
    schema: factsSchema,
    timeoutSeconds,
    signal,
  });
  const { version, version_tuple, build_date, ...folders } = facts;
  return {
    version,
    version_tuple,
    build_date,
    exec_path: executable,
    root_dir: dirname(executable),
    ...folders,
  };
}
