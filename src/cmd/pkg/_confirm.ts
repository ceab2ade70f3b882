// The question before something is removed.

import { extended, Failure } from "../../failure.ts";
import { again, text } from "../../text.ts";
import { confirm } from "../../ui/prompt.ts";
import type { Context } from "../_command.ts";

/**
 * Asks whether this is to be removed.
 *
 * @param pronoun stands for it in a hint: it, them.
 * @throws Failure `needs-yes`, kind `usage`, where nobody can be asked.
 */
export async function confirmedRemoval(
  what: string,
  pronoun: "it" | "them",
  { output, signal }: Context,
): Promise<boolean> {
  if (!output.interactive) {
    throw new Failure("needs-yes", `this would remove ${what}`, {
      kind: "usage",
      hint: text`'${again("--yes")}' removes ${pronoun} without asking`,
    });
  }
  try {
    if (await confirm(`Remove ${what}?`, signal)) return true;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    throw extended(error, { message: `${error.message}; nothing was removed` });
  }
  output.note("nothing was removed");
  return false;
}
