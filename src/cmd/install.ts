import { configuredBlender } from "../local/configured.ts";
import { installService } from "../local/service-addon.ts";
import { serviceModule } from "../local/service-files.ts";
import { command } from "./command.ts";
import { configurationOf, parseSeconds } from "./target.ts";

export const install = command({
  description: "Install the service add-on into the configured Blender and enable it",
  async run({ args, output, signal }) {
    const configuration = await configurationOf(args);
    const { executable } = await configuredBlender(configuration);
    const timeoutSeconds =
      args.timeout === undefined
        ? configuration.timeoutSeconds
        : parseSeconds(args.timeout, "--timeout");
    const done = await installService({ executable, timeoutSeconds, signal });
    if (output.json) {
      await output.writeJson({
        op: "install",
        module_name: serviceModule,
        ...done,
        blender: executable,
        enabled: true,
      });
      return;
    }
    const { replaced, previous_version: previous } = done;
    const name = `${serviceModule} ${done.version}`;
    if (!done.changed) {
      await output.write(`${name} is installed and enabled already: ${done.installed_path}\n`);
      return;
    }
    if (replaced !== null) {
      output.note(
        `replaced ${replaced.name} ${replaced.version ?? "(version unknown)"}, which is kept in ${replaced.kept_at}`,
      );
    }
    const update = previous === null || previous === done.version ? "" : ` (was ${previous})`;
    await output.write(`${name}${update} is installed and enabled: ${done.installed_path}\n`);
    output.note("a Blender that runs already takes it at its next start");
    output.note("next: blender-remote-cli start --background --detach");
  },
});
