// Requirements from their specs, and what a plan is asked for them.

import type { PlanRequest } from "../../src/local/index/plan.ts";
import { type NamedRequirement, parseRequirement } from "../../src/wheels/requirement.ts";

/** What a spec such as `numpy<2` asks for. */
export function requirement(spec: string): NamedRequirement {
  const read = parseRequirement(spec);
  if (!read.ok) throw new Error(`${spec}: ${read.reason}`);
  return read.requirement;
}

/** What a plan is asked as `pkg download SPEC…` does it without flags, but for the changes. */
export function planRequest(
  specs: readonly string[],
  changes: Partial<PlanRequest> = {},
): PlanRequest {
  return {
    requirements: specs.map(requirement),
    constraints: [],
    prereleases: false,
    before: null,
    replaced: [],
    includeBundled: false,
    deps: true,
    limit: 10_000,
    ...changes,
  };
}
