// `config get`.

import { Failure } from "../../failure.ts";
import {
  configurationPath,
  interpret,
  knownKeys,
  openConfiguration,
} from "../../local/config/config.ts";
import { effectiveValues, keysIn, keysOf, textOf, valueAt } from "../../local/config/edit.ts";
import { ours } from "../../text.ts";
import { suggestion } from "../_arguments.ts";
import { command } from "../_command.ts";

function missing(key: string, path: string, values: Record<string, unknown>): Failure {
  if (key === "blender" || knownKeys.has(key)) {
    return new Failure("not-configured", `${key} isn't set in ${path}`, {
      kind: "not-configured",
      hint: ours("init"),
    });
  }
  const near = suggestion(key, [...new Set([...keysIn(values), ...knownKeys.keys()])]);
  return new Failure("unknown-key", `the configuration has no key '${key}'`, {
    hint: near === undefined ? ours("config get") : `did you mean ${near}?`,
  });
}

export const get = command({
  description: "Print one value of the configuration, or all of it",
  args: {
    key: {
      type: "positional",
      required: false,
      description: "Such as mcp_service.default_port or blender",
    },
  },
  options: ({ args }) => ({ path: configurationPath(args.config), key: args.key }),
  async run({ path, key }, { output }) {
    const file = await openConfiguration(path);
    interpret(file);
    const values = effectiveValues(file);
    const value = key === undefined ? values : valueAt(values, keysOf(key));
    if (key !== undefined && (value === undefined || value === null)) {
      throw missing(key, file.path, values);
    }
    if (output.json) await output.writeJson(value);
    else await output.write(textOf(value));
  },
});
