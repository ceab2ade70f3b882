// `config path`.

import { configurationPath } from "../../local/config/config.ts";
import { command } from "../_command.ts";

export const path = command({
  description: "Print where the configuration file is, whether or not it is there yet",
  options: ({ args }) => ({ config: configurationPath(args.config) }),
  async run({ config }, { output }) {
    if (output.json) await output.writeJson({ path: config });
    else await output.write(`${config}\n`);
  },
});
