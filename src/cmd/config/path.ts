import { configurationPath } from "../../local/config/config.ts";
import { command } from "../_command.ts";

export const path = command({
  description: "Print where the configuration file is, whether or not it is there yet",
  async run({ args, output }) {
    const config = configurationPath(args.config);
    if (output.json) await output.writeJson({ path: config });
    else await output.write(`${config}\n`);
  },
});
