// `install`: puts the service add-on into that Blender.

import { installService } from "../local/service/install-service.ts";
import { serviceModule } from "../local/service/service-files.ts";
import { ours, text } from "../text.ts";
import { command } from "./_command.ts";
import { blenderArgs, localBlenderOf, withBlender } from "./_local-blender.ts";
import { thereArgs } from "./_there-args.ts";

export const install = command({
  description: "Install the service add-on into a Blender of this machine and enable it",
  there: true,
  args: { ...blenderArgs, ...thereArgs },
  options: async ({ args }) => ({ blender: await localBlenderOf(args) }),
  run: ({ blender: local }, context) =>
    withBlender(local, context, async (blender) => {
      const { output } = context;
      const done = await installService(blender);
      if (output.json) {
        await output.writeJson({
          op: "install",
          module_name: serviceModule,
          ...done,
          blender: blender.executable,
          enabled: true,
        });
        return;
      }
      const { replaced, previous_version: previous } = done;
      const name = `${serviceModule} ${done.version}`;
      if (!done.changed) {
        await output.result(`${name} is installed and enabled already: ${done.installed_path}`);
        return;
      }
      if (replaced !== null) {
        output.note(
          `replaced ${replaced.name} ${replaced.version ?? "(version unknown)"}, which is kept in ${replaced.kept_at}`,
        );
      }
      const update = previous === null || previous === done.version ? "" : ` (was ${previous})`;
      await output.result(`${name}${update} is installed and enabled: ${done.installed_path}`);
      output.note("a Blender that runs already takes it at its next start");
      output.note(text`next: ${ours("start", "--background", "--detach")}`);
    }),
});
