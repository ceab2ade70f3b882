// A pip that failed in the middle of an install.

import { type BrokenPackage, brokenFailure } from "../packages/broken.ts";
import type { PipDiagnosis } from "../pip/diagnosis.ts";
import type { PipResult } from "../pip/follow.ts";
import { type FollowedPip, pipFailure } from "../pip/followed-pip.ts";
import type { PreparedInstall } from "./prepare.ts";

/** A pip that ended with a failure, and its cause as far as it's known. */
export class PipFailed extends Error {
  readonly pip: PipResult;
  readonly diagnosis: PipDiagnosis;

  constructor(ran: FollowedPip, { wheelhouse, before }: PreparedInstall) {
    const diagnosis = failureOf(ran, wheelhouse, before.broken);
    super(diagnosis.message);
    this.pip = ran.pip;
    this.diagnosis = diagnosis;
  }
}

/** @throws PipFailed */
export function succeeded<T extends FollowedPip>(ran: T, prepared: PreparedInstall): T {
  if (ran.pip.returncode !== 0) throw new PipFailed(ran, prepared);
  return ran;
}

/** Why pip failed; a crash of its own is put down to metadata that is broken, where there is some. */
export function failureOf(
  ran: FollowedPip,
  wheelhouse: string | undefined,
  broken: readonly BrokenPackage[],
): PipDiagnosis {
  const diagnosis = pipFailure(ran, { wheelhouse });
  const cause = diagnosis.code === "pip-failed" ? brokenFailure(broken, ran.output) : undefined;
  return cause === undefined ? diagnosis : { ...cause, code: "broken-metadata" };
}
