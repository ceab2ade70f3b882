// What pip's own settings of this machine say about which versions are chosen.

import { type PipSettings, settingIsOn } from "../local/index/pip-config.ts";
import type { PlanRequest } from "../local/index/plan.ts";
import { momentOf } from "./_plan-flags.ts";
import { requireAllHashes } from "./pkg/_hash-mode.ts";
import { requirementsOf } from "./pkg/_requirements.ts";

/** What pip would follow, and a command line of ours says by itself. */
const unfollowed = ["requirement", "no-deps", "no-binary"];

/**
 * Adds to a choice what pip's configuration files and PIP_… variables say about versions: its
 * `constraint`, `pre`, `require-hashes` and `uploaded-prior-to`. What is followed is said, and what
 * isn't.
 *
 * @param note is told that.
 * @throws Failure as `requirementsOf`; `bad-date`, kind `usage`.
 */
export async function withPipChoices(
  request: PlanRequest,
  pip: PipSettings,
  note: (text: string) => void,
): Promise<PlanRequest> {
  const files = (pip.get("constraint") ?? "").split(/\s+/).filter((word) => word !== "");
  const { constraints } = await requirementsOf(
    [],
    { requirements: [], constraints: files },
    { use: "download", target: "site", offline: false, indexFlags: [], mayBeNone: true },
  );
  const isOn = (name: string) => settingIsOn(pip.get(name));
  const date = pip.get("uploaded-prior-to");
  const before = request.before ?? momentOf(date, "pip's setting uploaded-prior-to");
  if (isOn("require-hashes"))
    requireAllHashes(request.requirements, request.constraints, ["--require-hashes"]);
  const followed = [
    ...files.map((file) => `constraint ${file}`),
    ...(isOn("pre") ? ["pre"] : []),
    ...(isOn("require-hashes") ? ["require-hashes"] : []),
    ...(date !== undefined && request.before === null ? [`uploaded-prior-to ${date}`] : []),
  ];
  if (followed.length > 0) note(`pip's settings are followed: ${followed.join(", ")}`);
  for (const name of unfollowed)
    if (pip.get(name) !== undefined) note(`pip's setting ${name} isn't followed`);
  return {
    ...request,
    constraints: [...request.constraints, ...constraints],
    prereleases: request.prereleases || isOn("pre"),
    before,
  };
}
