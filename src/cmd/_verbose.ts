// What --verbose adds to every command.

import { existsSync } from "node:fs";
import { configurationPath } from "../local/config/config.ts";
import { tokenVariable } from "../local/service/token-file.ts";
import { masked, programName } from "../text.ts";
import type { Output } from "../ui/output.ts";
import { version } from "../version.ts";
import { sorted } from "./_user-flags.ts";

/** Variables of the environment that change what commands do. */
const variables = /^(BLENDER_REMOTE_|BLENDER_USER_)/;

/** Does a command's work, and says on what it goes by before, and how long it took after. */
export async function told(
  output: Output,
  tokens: readonly string[],
  work: () => Promise<number>,
): Promise<number> {
  const began = performance.now();
  const path = configurationPath(sorted(tokens).flags.get("--config")?.[1]);
  const missing = existsSync(path) ? "" : ", which isn't there";
  output.debug(`${programName} ${version}, ${process.platform} ${process.arch}`);
  output.debug(`configuration ${path}${missing}`);
  for (const [name, value] of Object.entries(process.env)) {
    const shown = name === tokenVariable ? "…" : value;
    if (variables.test(name)) output.debug(masked(`set in the environment: ${name}=${shown}`));
  }
  const done = (how: string) =>
    output.debug(`${how} after ${((performance.now() - began) / 1000).toFixed(2)} s`);
  try {
    const exit = await work();
    done(`ended with exit code ${exit}`);
    return exit;
  } catch (error) {
    done("stopped");
    throw error;
  }
}
