// Says who else can change a wheelhouse on Blender's machine.

import * as v from "valibot";
import { posixWord } from "../../text.ts";

/** A folder that others than Blender's user can change, and why: see `exposure` in exposure.py. */
export const exposureSchema = v.object({
  path: v.string(),
  who: v.picklist(["owner", "group", "everybody"]),
});

/** What lets others change it. */
const reasons = {
  owner: "it belongs to another user than Blender's",
  group: "its mode lets its group write there",
  everybody: "its mode lets everybody write there",
} as const;

/**
 * A warning for a wheelhouse that others can change: who can put a wheel there has it installed.
 *
 * @param exposed null where nobody else can, or where that can't be told.
 */
export function exposureWarnings(
  folder: string,
  exposed: v.InferOutput<typeof exposureSchema> | null,
): string[] {
  if (exposed === null) return [];
  const { path, who } = exposed;
  const where = path === folder ? folder : `${folder}: a folder that it is in, ${path}`;
  const mend =
    who === "owner"
      ? "use one in the home of Blender's user"
      : `chmod go-w ${posixWord(path)} ends it`;
  return [`others can put wheels into ${where}: ${reasons[who]}; ${mend}`];
}
