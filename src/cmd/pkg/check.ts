// `pkg check`: tells what is wrong with the packages on Blender's path, and what to type.

import { checkPackages, type PackageCheck } from "../../remote/packages/check.ts";
import { count } from "../../ui/format.ts";
import type { Output } from "../../ui/output.ts";
import { command } from "../_command.ts";
import { targetOf } from "../_target.ts";
import { withPackages } from "./_with-packages.ts";

async function render({ packages, faults }: PackageCheck, output: Output): Promise<void> {
  if (output.json) {
    const rows = faults.map((one) => ({ ...one, hint: output.rendered(one.hint) }));
    await output.writeJson({ op: "check", packages, problems: rows });
    return;
  }
  for (const { message, hint } of faults) {
    await output.sentences([message]);
    await output.hint(hint);
  }
  const found = faults.length === 0 ? "nothing is wrong" : count(faults.length, "problem");
  output.note(`${count(packages, "package")} looked at: ${found}`);
}

export const check = command({
  description: "Tell what is missing, conflicting, half installed or shadowed on Blender's path",
  more: "Exit code 1 where something is.",
  options: async ({ args }) => ({ target: await targetOf(args) }),
  run: async ({ target }, context) => {
    const found = await withPackages(target, context, checkPackages);
    await render(found, context.output);
    return found.faults.length === 0 ? 0 : 1;
  },
});
