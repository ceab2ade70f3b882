// Which requirements count on Blender's Python: those whose marker holds there.

import * as v from "valibot";
import { type MarkerEnvironment, markerHolds } from "../../wheels/marker.ts";
import type { NamedRequirement } from "../../wheels/requirement.ts";
import { markersScript } from "../packages/script.ts";
import { callScript } from "../script/call.ts";
import { learnt, type Session } from "../wire/session.ts";

const environmentSchema = v.record(v.string(), v.string());

/** What markers ask of a running Blender's Python; asked once a session. */
const environmentOf = learnt(
  (session): Promise<MarkerEnvironment> =>
    callScript(session, markersScript, {}, environmentSchema),
);

/**
 * The requirements that count there. Blender is asked only where one has a marker.
 *
 * @throws Failure as `callScript`.
 */
export async function heldRequirements(
  session: Session,
  requirements: readonly NamedRequirement[],
): Promise<readonly NamedRequirement[]> {
  if (requirements.every(({ marker }) => marker === null)) return requirements;
  const environment = await environmentOf(session);
  return requirements.filter(({ marker }) => marker === null || markerHolds(marker, environment));
}
