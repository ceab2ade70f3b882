// `config unset`: removes one key from the configuration, so that its default counts again.

import { Failure } from "../../failure.ts";
import { configurationPath, knownKeys, valuesOf } from "../../local/config/config.ts";
import { keysIn, keysOf, removeValue } from "../../local/config/edit.ts";
import { ours } from "../../text.ts";
import { suggestion } from "../_arguments.ts";
import { command } from "../_command.ts";
import { changing } from "../_configuration.ts";
import { parseSeconds } from "../_target.ts";

function absent(key: string, path: string, written: readonly string[]): Failure {
  const near = suggestion(key, [...written]);
  const known = knownKeys.has(key);
  return new Failure(
    known ? "key-not-set" : "unknown-key",
    known ? `${key} isn't set in ${path}` : `${path} has no key '${key}'`,
    { hint: near === undefined || known ? ours("config list") : ours("config unset", near) },
  );
}

export const unset = command({
  description: "Remove one key from the configuration; its default counts then",
  args: {
    key: {
      type: "positional",
      required: true,
      description: "Such as cli.timeout_sec, or a section such as blender",
    },
  },
  options({ args }) {
    return {
      path: configurationPath(args.config),
      seconds: args.timeout === undefined ? undefined : parseSeconds(args.timeout, "--timeout"),
      key: args.key,
      keys: keysOf(args.key),
    };
  },
  async run({ path, seconds, key, keys }, context) {
    await changing(path, seconds, context, (file) => {
      if (!removeValue(file, keys)) throw absent(key, path, keysIn(valuesOf(file)));
    });
    const { output } = context;
    if (output.json) await output.writeJson({ op: "unset", config: path, key });
    else output.success(`${key} is no longer set in ${path}`);
  },
});
