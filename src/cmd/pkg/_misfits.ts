// Which wheels of a push Blender's Python doesn't take.

import { Failure } from "../../failure.ts";
import { type KnownTags, knownTagsOf } from "../../remote/python/interpreter.ts";
import type { Session } from "../../remote/wire/session.ts";
import { ours, text } from "../../text.ts";
import { count } from "../../ui/format.ts";
import { isUniversal } from "../../wheels/filename.ts";
import { misfitTable } from "../../wheels/misfit-table.ts";
import { misfitsOf, targetTags } from "../../wheels/tags.ts";

/**
 * Asks which tags Blender's Python takes, over a connection of its own: wheels can be sent meanwhile.
 *
 * @param over ends the question.
 * @throws Failure `interrupted`, `timeout`, which end the push as well; any once it's over.
 */
async function askedBeside(session: Session, over: AbortSignal): Promise<KnownTags> {
  try {
    const connection = await session.anotherConnection();
    const close = () => connection.close();
    over.addEventListener("abort", close);
    try {
      over.throwIfAborted();
      return await knownTagsOf(session.over(connection));
    } finally {
      over.removeEventListener("abort", close);
      close();
    }
  } catch (error) {
    if (over.aborted || !(error instanceof Failure)) throw error;
    if (["interrupted", "timeout"].includes(error.kind)) throw error;
    return { tags: null, unknown: error.message };
  }
}

/**
 * Says which of these wheels Blender's Python doesn't take, in a table; with `strict` as a failure.
 *
 * @param over ends the question, where it isn't a strict one.
 * @param warn says it.
 * @returns the same for `--json`, one sentence a wheel.
 * @throws Failure `interrupted`, `timeout`; with `strict` also `tags-dont-fit`, `tags-unknown`.
 */
export async function misfitWarnings(
  session: Session,
  wheels: readonly { name: string }[],
  strict: boolean,
  over: AbortSignal,
  warn: (message: string) => void,
): Promise<string[]> {
  const names = wheels.map((wheel) => wheel.name).filter((name) => !isUniversal(name));
  // Wheels for every Python 3 need no question.
  if (names.length === 0) return [];
  const { tags, unknown } = await (strict ? knownTagsOf(session) : askedBeside(session, over));
  const target = tags === null ? null : targetTags(tags);
  if (target === null) {
    const message = `it isn't known which wheels fit Blender's Python: ${unknown}`;
    if (strict) {
      throw new Failure("tags-unknown", `nothing was sent: ${message}`, {
        hint: text`${ours("pkg info")} shows what is missing there; without --strict the wheels are sent all the same`,
      });
    }
    warn(message);
    return [message];
  }
  const misfits = misfitsOf(names, target);
  if (misfits.length === 0) return [];
  const verb = misfits.length === 1 ? "doesn't" : "don't";
  const which = `${misfits.length} of ${count(wheels.length, "wheel")} ${verb} fit Blender's Python`;
  const table = misfitTable(misfits)
    .map((line) => `\n  ${line}`)
    .join("");
  if (strict) {
    throw new Failure("tags-dont-fit", `nothing was sent: ${which}${table}`, {
      hint: text`${ours("pkg download", "PACKAGE")} gets wheels that fit`,
    });
  }
  warn(`${which}${table}`);
  return misfits.map(
    ({ filename, reason, closest }) => `${filename} ${reason}; ${closest} would fit`,
  );
}
