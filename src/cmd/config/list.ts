// `config list`: prints every key with its value in effect and where that comes from.

import {
  configurationPath,
  interpret,
  openConfiguration,
  valuesOf,
} from "../../local/config/config.ts";
import { effectiveValues, leavesOf, valueAt } from "../../local/config/edit.ts";
import { command } from "../_command.ts";

export const list = command({
  description: "Print all keys of the configuration with their values in effect",
  options: ({ args }) => ({ path: configurationPath(args.config) }),
  async run({ path }, { output }) {
    const file = await openConfiguration(path);
    interpret(file);
    const written = valuesOf(file);
    const entries = leavesOf(effectiveValues(file)).map(({ keys, value }) => ({
      key: keys.join("."),
      value,
      source: valueAt(written, keys) === undefined ? "default" : "file",
    }));
    if (output.json) return output.writeJson({ config: path, values: entries });
    const lines = entries.map(({ key, value, source }) => {
      const text =
        typeof value === "string" && !/[\n\r]/.test(value) ? value : JSON.stringify(value);
      return `${key} = ${text}${source === "default" ? "  # default" : ""}\n`;
    });
    await output.write(lines.join(""));
  },
});
