// Changes the configuration for a command, and says so where another command holds it up.

import { type ConfigurationFile, defaults } from "../local/config/config.ts";
import { changeConfiguration } from "../local/config/edit.ts";
import { waiting } from "../ui/waiting.ts";
import type { Context } from "./_command.ts";

/**
 * Reads, changes and writes the configuration while no other command does.
 *
 * @param seconds how long to wait for another command; 300 s where undefined.
 * @throws Failure as `changeConfiguration`.
 */
export async function changing<T>(
  path: string,
  seconds: number | undefined,
  { output, signal }: Pick<Context, "output" | "signal">,
  change: (file: ConfigurationFile) => T | Promise<T>,
): Promise<T> {
  let held = false;
  const options = {
    seconds: seconds ?? defaults.cli.timeout_sec,
    signal,
    onWait: () => {
      held = true;
    },
  };
  const what = async () => (held ? `waiting for another command that changes ${path}` : undefined);
  return waiting(output, what, changeConfiguration(path, options, change));
}
