// `execute`: runs Python code in Blender, and finds runs of it again.

import { wrongUsage } from "../failure.ts";
import type { UserCode } from "../remote/code/user-code.ts";
import { ours } from "../text.ts";
import { command } from "./_command.ts";
import type { Values } from "./_declaration.ts";
import { userCode } from "./_execute-code.ts";
import { targetOf, withSession } from "./_target.ts";

const args = {
  file: {
    type: "positional",
    required: false,
    description: "A Python file, or - for stdin; for the flags that take one, a run's name",
  },
  code: { type: "string", alias: "c", valueHint: "code", description: "The code itself" },
  detach: {
    type: "boolean",
    description: "Print the run's name and return; --timeout then limits the run itself",
  },
  follow: {
    type: "boolean",
    description: "Show a run (without a NAME: the one that goes on) from its beginning to its end",
  },
  result: { type: "boolean", description: "Show the output of a run that has ended" },
  cancel: {
    type: "boolean",
    description: "Interrupt a run, or without a NAME whatever runs in Blender",
  },
} as const;

/** What is to be done: code is run, or a run that was begun before is looked at. */
type Execution =
  | { mode: "run"; code: UserCode }
  | { mode: "detach"; code: UserCode; seconds: number | undefined }
  | { mode: "result"; name: string }
  | { mode: "follow" | "cancel"; name: string | undefined };

/** Which flag says that something else than running code is asked for. */
function modeOf(given: Values<typeof args>): "run" | "detach" | "follow" | "result" | "cancel" {
  const asked = (["detach", "follow", "result", "cancel"] as const).filter((flag) => given[flag]);
  if (asked.length < 2) return asked[0] ?? "run";
  const flags = asked.map((flag) => `--${flag}`).join(" and ");
  throw wrongUsage("two-modes", `these don't go together: ${flags}`, ours("execute", "--help"));
}

function requireNoCode(mode: string, code: string | undefined, rest: readonly string[]): void {
  if (code === undefined && rest.length === 0) return;
  const surplus = code === undefined ? `-- ${rest.join(" ")}` : "--code";
  throw wrongUsage(
    "two-modes",
    `--${mode} is about a run that was begun before, and takes no code: ${surplus}`,
    ours("execute", `--${mode}`, "NAME"),
  );
}

async function executionOf(
  given: Values<typeof args>,
  rest: readonly string[],
  limit: number | undefined,
): Promise<Execution> {
  const { file, code } = given;
  const mode = modeOf(given);
  if (mode === "run") return { mode, code: await userCode(file, code, rest) };
  if (mode === "detach") return { mode, code: await userCode(file, code, rest), seconds: limit };
  requireNoCode(mode, code, rest);
  if (mode !== "result") return { mode, name: file };
  if (file !== undefined) return { mode, name: file };
  const hint = ours("execute", "--result", "NAME");
  throw wrongUsage("missing-argument", "--result needs the name of a run", hint);
}

export const execute = command({
  description: "Run Python code in Blender; its output and exit status become this command's",
  more: "Ctrl-C and --timeout interrupt the code in Blender as well; with --follow only this command.",
  args,
  rest: "ARGUMENTS…",
  options: async ({ args: given, rest }) => {
    const following = given.follow ? Number.POSITIVE_INFINITY : undefined;
    const target = await targetOf(given, following);
    const limit = given.timeout === undefined ? undefined : target.deadlines.total;
    return { execution: await executionOf(given, rest, limit), target };
  },
  async run({ execution, target }, context) {
    if (execution.mode === "run" || execution.mode === "detach") {
      const { detach, runThere } = await import("./_execute-run.ts");
      const { code } = execution;
      if (execution.mode === "run") return runThere(code, target, context);
      await detach(code, target, execution.seconds, context);
      return 0;
    }
    const { cancel, follow, showResult } = await import("./_execute-job.ts");
    return withSession(target, context, async (session) => {
      if (execution.mode === "follow") return follow(session, execution.name, context);
      if (execution.mode === "result") return showResult(session, execution.name, context);
      await cancel(session, execution.name, context);
      return 0;
    });
  },
});
