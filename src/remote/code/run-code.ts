// Runs a user's own Python in a Blender whose server knows no jobs.

import * as v from "valibot";
import type { Script } from "../../script.ts";
import { countSchema, exitSchema, secondsSchema } from "../numbers.ts";
import { base64Schema } from "../script/base64.ts";
import { callScript } from "../script/call.ts";
import type { Session } from "../wire/session.ts";
import { program } from "./program.ts";
import runCodeSource from "./run_code.py" with { type: "text" };
import type { UserCode } from "./user-code.ts";

const runSchema = v.object({
  stdout: base64Schema,
  stderr: base64Schema,
  exit: exitSchema,
  duration_s: secondsSchema,
  dropped: v.object({ stdout: countSchema, stderr: countSchema }),
});

/** What a user's code wrote, its exit status (0 to 255, on Windows to 2^32 - 1), its duration in seconds. */
export type CodeRun = v.InferOutput<typeof runSchema>;

/**
 * What is kept of each of stdout and stderr, in bytes; the rest is counted. In base64 both fit into
 * what our service captures of one call (OUTPUT_LIMIT in execution.py), and its answer, which has them twice,
 * into the longest answer that is taken.
 */
const outputLimit = 24 * 1024 * 1024;

const runCodeScript: Script = {
  name: "run_code.py",
  source: runCodeSource,
  modules: [program],
};

/**
 * Runs a user's code in Blender as `python -c` would: an exception gives exit status 1 and its
 * traceback on stderr, `SystemExit(n)` gives n and doesn't end Blender.
 *
 * @param requestId names the request for `interrupt`, where the server can.
 * @throws Failure `timeout`, which says whether the code had begun where the server can tell; as
 *   `callScript`.
 */
export async function runCode(
  session: Session,
  code: UserCode,
  requestId: string,
): Promise<CodeRun> {
  const { source, name, argv, path0 } = code;
  const args = { code: source.toBase64(), name, argv, path0, limit: outputLimit };
  return callScript(session, runCodeScript, args, runSchema, {
    usersCode: true,
    serverLimit: session.can("timeout_seconds"),
    ...(session.can("request_id") ? { requestId } : {}),
    pieces: session.server.kind === "plain",
  });
}
