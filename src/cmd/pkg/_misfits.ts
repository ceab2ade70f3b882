// Which wheels of a push Blender's Python doesn't take, told before any is sent.

import { Failure } from "../../failure.ts";
import { tagsUnlessBusy } from "../../remote/python/tags-unless-busy.ts";
import type { Session } from "../../remote/wire/session.ts";
import { ours, text } from "../../text.ts";
import { count } from "../../ui/format.ts";
import type { Output } from "../../ui/output.ts";
import { isUniversal } from "../../wheels/filename.ts";
import { misfitTable } from "../../wheels/misfit-table.ts";
import { misfitsOf, targetTags } from "../../wheels/tags.ts";

/**
 * Says which of these wheels Blender's Python doesn't take, before any is sent: in a table on
 * stderr, or with `strict` as a failure.
 *
 * @returns the same for `--json`, one sentence a wheel.
 * @throws Failure with `strict`: `tags-dont-fit`, `tags-unknown`.
 */
export async function misfitWarnings(
  session: Session,
  wheels: readonly { name: string }[],
  strict: boolean,
  output: Output,
): Promise<string[]> {
  const names = wheels.map((wheel) => wheel.name).filter((name) => !isUniversal(name));
  // Wheels for every Python 3 need no question.
  if (names.length === 0) return [];
  const { tags, unknown } = await tagsUnlessBusy(session, strict, "--strict waits for its end");
  const target = tags === null ? null : targetTags(tags);
  if (target === null) {
    const message = `it isn't known which wheels fit Blender's Python: ${unknown}`;
    if (strict) {
      throw new Failure("tags-unknown", `nothing was sent: ${message}`, {
        hint: text`${ours("pkg info")} shows what is missing there; without --strict the wheels are sent all the same`,
      });
    }
    output.warn(message);
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
      hint: text`${ours("pkg info")} shows the 'pip download' line whose wheels fit`,
    });
  }
  output.warn(`${which}${table}`);
  return misfits.map(
    ({ filename, reason, closest }) => `${filename} ${reason}; ${closest} would fit`,
  );
}
