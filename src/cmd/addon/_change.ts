// What `addon enable`, `disable` and `uninstall` have in common: one change of several add-ons.

import { extended, type Failure } from "../../failure.ts";
import type { AddonBlender } from "../../local/addon/addon-blender.ts";
import { type AddonChange, type ChangeOptions, changeAddons } from "../../local/addon/changes.ts";
import { notFound } from "./_not-found.ts";
import type { AddonResult } from "./_results.ts";

const verbs = {
  enable: "can't enable",
  disable: "can't disable",
  uninstall: "can't uninstall",
} as const;

/** A failure in the words of the command, with the nearest name where there is no such add-on. */
export function worded(
  op: keyof typeof verbs,
  { asked, name, failure }: Pick<AddonChange, "asked" | "name" | "failure">,
  names: readonly string[],
): Failure | undefined {
  if (failure === undefined) return undefined;
  if (failure.code === "addon-not-found") return notFound(asked, names);
  return extended(failure, {
    message: `${verbs[op]} ${name ?? asked}: ${failure.message}`,
  });
}

/** Changes add-ons by name; each result as `render` gives its keys and its line. */
export async function changed(
  blender: AddonBlender,
  op: keyof typeof verbs,
  asked: readonly string[],
  options: ChangeOptions,
  render: (change: AddonChange, name: string) => Pick<AddonResult, "value" | "line">,
): Promise<AddonResult[]> {
  const { changes, names } = await changeAddons(blender, op, asked, options);
  return changes.map((change) => {
    const name = change.name ?? change.asked;
    const { value, line } = render(change, name);
    const { changed, failure } = change;
    const enabled = op === "enable";
    const windowOnly = enabled && !change.loaded;
    const now = { name, enabled, files: "same", windowOnly, changed } as const;
    return {
      value: { op, module_name: name, ...value },
      line,
      about: name,
      warnings: change.warnings,
      failure: worded(op, change, names),
      now: failure === undefined ? now : undefined,
    };
  });
}
