// What is told of an install that is cut off behind its pip, which had done its work.

import { extended, Failure } from "../../failure.ts";
import { ours, type Text, text } from "../../text.ts";
import { changeLines, packageChanges } from "../packages/changes.ts";
import type { Package } from "../packages/package.ts";
import { snapshotPackages } from "../packages/snapshot.ts";
import type { Session } from "../wire/session.ts";

/** What an install was asked for, and what there was before; null where that isn't known. */
interface EndedInstall {
  names: readonly string[];
  before: readonly Package[] | null;
}

/**
 * Looks at what an install has done whose pip has ended well.
 *
 * @throws Failure as `work`, which says what pip has done, with `details.changed` (null where nobody
 *   knows) and `details.debris`.
 */
export async function afterPip<T>(
  session: Session,
  { names, before }: EndedInstall,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const now = await session.reconnected(snapshotPackages);
    const changed = now === undefined || before === null ? null : packageChanges(before, now);
    const lines = changed === null ? [] : changeLines(changed);
    const done = lines.map((line) => `\n  ${line}`).join("");
    const did = `pip had done its work by then${done === "" ? "" : `:${done}`}`;
    // A trial is a run, whose failure tells of that run.
    const { message } = error.cause instanceof Failure ? error.cause : error;
    throw extended(error, {
      message: `${message}, before it was known whether Blender can import what was asked for; ${did}`,
      hint: wayOn(error, names[0]),
      details: { changed, debris: [] },
    });
  }
}

function wayOn({ kind }: Failure, name = "NAME"): Text {
  const trial = text`'${ours("pkg why", name)}' tries the import`;
  if (kind === "interrupted") return trial;
  if (kind === "timeout") return text`${trial}; allow more with --timeout SECONDS`;
  return text`${trial}, once Blender answers again ('${ours("status")}')`;
}
