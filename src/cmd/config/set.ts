// `config set`: sets one value of the configuration.

import { Failure } from "../../failure.ts";
import { configurationPath, knownKeys } from "../../local/config/config.ts";
import { settingOf, setValue } from "../../local/config/edit.ts";
import { ours } from "../../text.ts";
import { suggestion } from "../_arguments.ts";
import { command } from "../_command.ts";
import { changing } from "../_configuration.ts";
import { parseSeconds } from "../_target.ts";

function split(setting: string, value: string | undefined): [key: string, value: string] {
  if (value !== undefined) return [setting, value];
  const equals = setting.indexOf("=");
  if (equals > 0) return [setting.slice(0, equals), setting.slice(equals + 1)];
  throw new Failure("missing-value", `'${setting}' has no value`, {
    kind: "usage",
    hint: ours("config set", "KEY=VALUE"),
  });
}

export const set = command({
  description: "Set one value of the configuration",
  args: {
    setting: {
      type: "positional",
      required: true,
      description: "KEY=VALUE, such as cli.timeout_sec=600; or KEY",
    },
    value: { type: "positional", required: false, description: "The value, after a KEY alone" },
  },
  options({ args }) {
    const [key, value] = split(args.setting, args.value);
    return {
      path: configurationPath(args.config),
      seconds: args.timeout === undefined ? undefined : parseSeconds(args.timeout, "--timeout"),
      key,
      value,
    };
  },
  async run({ path, seconds, key, value: text }, context) {
    const setting = settingOf(key, text);
    await changing(path, seconds, context, (file) => setValue(file, setting));
    const { output } = context;
    const { value } = setting;
    if (!setting.known) {
      const near = suggestion(key, [...knownKeys.keys()]);
      output.warn(
        `${key} isn't a key that this program knows; it is kept all the same${near === undefined ? "" : ` (did you mean ${near}?)`}`,
      );
    }
    if (output.json) await output.writeJson({ op: "set", config: path, key, value });
    else output.success(`${key} = ${JSON.stringify(value)} in ${path}`);
  },
});
