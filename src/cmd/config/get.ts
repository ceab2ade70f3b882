import { Failure } from "../../failure.ts";
import {
  configurationPath,
  interpret,
  knownKeys,
  openConfiguration,
} from "../../local/config/config.ts";
import { effectiveValues, keysIn, keysOf, textOf, valueAt } from "../../local/config/edit.ts";
import { suggestion } from "../_arguments.ts";
import { command } from "../_command.ts";

function missing(key: string, path: string, values: Record<string, unknown>): Failure {
  if (key === "blender" || knownKeys.has(key)) {
    return new Failure("not-configured", `${key} isn't set in ${path}`, {
      kind: "not-configured",
      hint: "blender-remote-cli init",
    });
  }
  const near = suggestion(key, [...new Set([...keysIn(values), ...knownKeys.keys()])]);
  return new Failure("unknown-key", `the configuration has no key '${key}'`, {
    hint: near === undefined ? "blender-remote-cli config get" : `did you mean ${near}?`,
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
  async run({ args, output }) {
    const file = await openConfiguration(configurationPath(args.config));
    interpret(file);
    const values = effectiveValues(file);
    const value = args.key === undefined ? values : valueAt(values, keysOf(args.key));
    if (args.key !== undefined && (value === undefined || value === null)) {
      throw missing(args.key, file.path, values);
    }
    if (output.json) await output.writeJson(value);
    else await output.write(textOf(value));
  },
});
