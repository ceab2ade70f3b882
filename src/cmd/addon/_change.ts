import { Failure } from "../../failure.ts";
import type { AddonBlender } from "../../local/addon/addon-blender.ts";
import { type AddonChange, type ChangeOptions, changeAddons } from "../../local/addon/changes.ts";
import type { Result } from "./_results.ts";
import { notFound } from "./_shared.ts";

const verbs = {
  enable: "can't enable",
  disable: "can't disable",
  uninstall: "can't uninstall",
} as const;

/** A failure in the words of the command, with the nearest name where there is no such add-on. */
function worded(
  op: keyof typeof verbs,
  { asked, name, failure }: AddonChange,
  names: readonly string[],
): Failure | undefined {
  if (failure === undefined) return undefined;
  if (failure.code === "addon-not-found") return notFound(asked, names);
  const { code, kind, hint, cause } = failure;
  const message = `${verbs[op]} ${name ?? asked}: ${failure.message}`;
  return new Failure(code, message, { kind, cause, ...(hint === undefined ? {} : { hint }) });
}

/** Changes add-ons by name; each result as `render` gives its keys and its line. */
export async function changed(
  blender: AddonBlender,
  op: keyof typeof verbs,
  asked: readonly string[],
  options: ChangeOptions,
  render: (change: AddonChange, name: string) => Pick<Result, "value" | "line">,
): Promise<Result[]> {
  const { changes, names } = await changeAddons(blender, op, asked, options);
  return changes.map((change) => {
    const name = change.name ?? change.asked;
    const { value, line } = render(change, name);
    return {
      value: { op, module_name: name, ...value },
      line,
      about: name,
      warnings: change.warnings,
      failure: worded(op, change, names),
    };
  });
}
