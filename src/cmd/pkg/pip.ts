// `pkg pip`: runs pip in Blender's Python, or goes on with a run of it.

import { Failure } from "../../failure.ts";
import { runPip } from "../../remote/pip/run.ts";
import { pythonOf } from "../../remote/python/interpreter.ts";
import type { Session } from "../../remote/wire/session.ts";
import { ours } from "../../text.ts";
import { type Context, command } from "../_command.ts";
import { globalArgs } from "../_declaration.ts";
import { targetOf, withSession } from "../_target.ts";
import { cancel } from "./_pip-cancel.ts";
import { follow } from "./_pip-follow.ts";
import { exitCodeOf, showPip } from "./_pip-show.ts";

/** Which of its three things the command line asks for; exactly one. */
function modeOf(rest: readonly string[], following: boolean, cancelling: boolean) {
  const asked = [...(following ? ["--follow"] : []), ...(cancelling ? ["--cancel"] : [])];
  if (asked.length + (rest.length > 0 ? 1 : 0) > 1) {
    const all = [...asked, ...(rest.length > 0 ? [`-- ${rest.join(" ")}`] : [])];
    throw new Failure("two-modes", `these don't go together: ${all.join(" and ")}`, {
      kind: "usage",
      hint: ours("pkg pip", "--help"),
    });
  }
  if (following) return "follow";
  if (cancelling) return "cancel";
  if (rest.length > 0) return "run";
  throw new Failure("missing-argument", "there is nothing for pip after --", {
    kind: "usage",
    hint: ours("pkg pip", "--", "list"),
  });
}

async function runOnce(
  session: Session,
  words: readonly string[],
  context: Context,
): Promise<number> {
  const python = await pythonOf(session);
  const run = { command: python.pip, arguments: words, isolated: false };
  const { result, json } = await showPip(context, (sinks) => runPip(session, { ...run, ...sinks }));
  if (context.output.json) await context.output.writeJson(json);
  return exitCodeOf(result);
}

export const pip = command({
  description: "Run pip in Blender's Python; everything after -- reaches it unchanged",
  more: "Relative paths mean Blender's working folder. pip goes online as it is set up there, also where Blender's preference for online access is off. Options of this program stand before --.",
  args: {
    follow: {
      type: "boolean",
      description:
        "Show the run that goes on there, or ended unseen, from its beginning to its end, and finish the install that it is part of; Ctrl-C leaves it running",
    },
    cancel: {
      type: "boolean",
      description: "End the run that goes on there, with all its processes",
    },
    timeout: {
      ...globalArgs.timeout,
      description: "Limit for the whole operation; none unless given",
    },
  },
  rest: "PIP_ARGUMENTS…",
  async options({ args, rest }) {
    const mode = modeOf(rest, args.follow, args.cancel);
    const limit = mode === "cancel" ? undefined : Number.POSITIVE_INFINITY;
    return { mode, words: rest, target: await targetOf(args, limit) };
  },
  run: ({ mode, words, target }, context) =>
    withSession(target, context, (session) => {
      if (mode === "follow") return follow(session, context);
      if (mode === "cancel") return cancel(session, context.output);
      return runOnce(session, words, context);
    }),
});
