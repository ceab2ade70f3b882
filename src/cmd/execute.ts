// `execute`: runs Python code in Blender.

import { Failure, messageOf } from "../failure.ts";
import { type CodeRun, runCode, type UserCode } from "../remote/code/run-code.ts";
import { interrupt } from "../remote/service/interrupt.ts";
import { ours, text } from "../text.ts";
import type { Output } from "../ui/output.ts";
import { type Context, command } from "./_command.ts";
import { type Target, targetOf, withSession } from "./_target.ts";

function usage(code: string, message: string): Failure {
  return new Failure(code, message, {
    kind: "usage",
    hint: "give a file, '-' for standard input, or --code CODE",
  });
}

/** The code and its `sys.argv`, which begins as Python's own does: a file's name, `-` or `-c`. */
async function userCode(
  file: string | undefined,
  code: string | undefined,
  rest: readonly string[],
): Promise<UserCode> {
  if (file !== undefined && code !== undefined) {
    throw usage("two-sources", `both a file (${file}) and --code were given`);
  }
  if (code !== undefined) {
    return { source: new TextEncoder().encode(code), name: "<string>", argv: ["-c", ...rest] };
  }
  if (file === undefined) throw usage("missing-argument", "there is no code to run");
  const argv = [file, ...rest];
  if (file === "-") return { source: await Bun.stdin.bytes(), name: "<stdin>", argv };
  try {
    return { source: await Bun.file(file).bytes(), name: file, argv };
  } catch (error) {
    throw new Failure("unreadable-file", `can't read '${file}': ${messageOf(error)}`, {
      kind: "usage",
      hint: "give a file that exists, '-' for standard input, or --code CODE",
      cause: error,
    });
  }
}

/** After Ctrl-C: what became of the code in Blender. */
function interrupted(endedThere: boolean, cause: unknown): Failure {
  if (endedThere) {
    const message = "interrupted, and the code in Blender as well";
    return new Failure("interrupted", message, { kind: "interrupted", cause });
  }
  return new Failure("interrupted", "interrupted; code that has begun goes on in Blender", {
    kind: "interrupted",
    hint: text`look with '${ours("status")}', end it and Blender with '${ours("stop", "--force")}'`,
    cause,
  });
}

/** Runs the code; with Ctrl-C it is ended in Blender too, where the service can do that. */
async function runThere(code: UserCode, target: Target, context: Context): Promise<CodeRun> {
  const requestId = crypto.randomUUID();
  let named = false;
  return withSession(target, context, (session) => {
    named = session.can("request_id");
    return runCode(session, code, requestId);
  }).catch(async (error: unknown) => {
    if (!context.signal.aborted) throw error;
    throw interrupted(named && (await interrupt(target.endpoint, requestId)), error);
  });
}

async function show(run: CodeRun, output: Output): Promise<void> {
  if (output.json) {
    const decoded = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    const { stdout, stderr } = { stdout: decoded(run.stdout), stderr: decoded(run.stderr) };
    await output.writeJson({ op: "execute", ...run, stdout, stderr });
  } else {
    await output.write(run.stdout);
    await output.writeError(run.stderr);
  }
  for (const stream of ["stdout", "stderr"] as const) {
    const dropped = run.dropped[stream];
    if (dropped > 0) output.warn(`${stream} was too long: its last ${dropped} bytes are lost`);
  }
}

export const execute = command({
  description: "Run Python code in Blender; its output and exit status become this command's",
  args: {
    file: { type: "positional", required: false, description: "A Python file, or - for stdin" },
    code: { type: "string", alias: "c", valueHint: "code", description: "The code itself" },
  },
  rest: "ARGUMENTS…",
  options: async ({ args, rest }) => ({
    code: await userCode(args.file, args.code, rest),
    target: await targetOf(args),
  }),
  async run({ code, target }, context) {
    const run = await runThere(code, target, context);
    await show(run, context.output);
    return run.exit;
  },
});
