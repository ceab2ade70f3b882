// A pip that failed in the middle of an install.

import type { PipDiagnosis } from "../pip/diagnosis.ts";
import type { PipResult } from "../pip/follow.ts";
import { type FollowedPip, pipFailure } from "../pip/followed-pip.ts";
import type { PreparedInstall } from "./prepare.ts";

/** A pip that ended with a failure, and its cause as far as it's known. */
export class PipFailed extends Error {
  readonly pip: PipResult;
  readonly diagnosis: PipDiagnosis;

  constructor(ran: FollowedPip, wheelhouse: string | undefined) {
    const diagnosis = pipFailure(ran, { wheelhouse });
    super(diagnosis.message);
    this.pip = ran.pip;
    this.diagnosis = diagnosis;
  }
}

/** @throws PipFailed */
export function succeeded<T extends FollowedPip>(ran: T, { wheelhouse }: PreparedInstall): T {
  if (ran.pip.returncode !== 0) throw new PipFailed(ran, wheelhouse);
  return ran;
}
