// Runs pip, or another Python program, and keeps the end of what it writes.

import type { Session } from "../wire/session.ts";
import { type DiagnosisContext, diagnosePip, type PipDiagnosis } from "./diagnosis.ts";
import type { PipResult } from "./follow.ts";
import { LastBytes } from "./last-bytes.ts";
import { type PipInvocation, runPip } from "./run.ts";

/** How much of the output is kept to find the cause of a failure in, in bytes. */
const keptOutput = 64 * 1024;

/** Gets what pip writes, as it comes. */
type OutputSink = (bytes: Uint8Array) => Promise<void>;

/** How pip ended, and the end of what it wrote. */
export interface FollowedPip {
  pip: PipResult;
  output: string;
}

/** A pip whose output goes one way. */
export type QuietInvocation = Omit<PipInvocation, "stdout" | "stderr">;

/**
 * Runs pip, hands its output on, and keeps the end of it.
 *
 * @throws Failure as `runPip`.
 */
export async function followedPip(
  session: Session,
  invocation: QuietInvocation,
  output: OutputSink,
): Promise<FollowedPip> {
  const tail = new LastBytes(keptOutput);
  const take = async (bytes: Uint8Array) => {
    tail.push(bytes);
    await output(bytes);
  };
  const pip = await runPip(session, { ...invocation, stdout: take, stderr: take });
  return { pip, output: tail.text() };
}

/** Why a pip failed that ended with another exit status than 0. */
export function pipFailure({ pip, output }: FollowedPip, context: DiagnosisContext): PipDiagnosis {
  return (
    diagnosePip(output, context) ?? {
      code: "pip-failed",
      message: `pip ended with exit status ${pip.returncode}`,
      hint: "pip's own words stand above",
    }
  );
}
