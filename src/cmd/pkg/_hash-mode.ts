// Hashes of requirements: pip takes them for all or for none.

import { wrongUsage } from "../../failure.ts";
import type { NamedRequirement } from "../../wheels/requirement.ts";

/**
 * Stops where a hash is given for some requirements only (pip's documentation, "Secure installs"). What depends on a marker is left to pip.
 *
 * @param flags pip's own that are given as well.
 * @throws Failure `hashes-missing`, usage.
 */
export function requireAllHashes(
  requirements: readonly NamedRequirement[],
  constraints: readonly NamedRequirement[],
  flags: readonly string[],
): void {
  const all = [...requirements, ...constraints];
  const first = all.find(({ hashes }) => hashes.length > 0);
  if (flags.includes("--no-require-hashes")) return;
  if (first === undefined && !flags.includes("--require-hashes")) return;
  // Newer pips take a constraint's hash, and older ones say that they don't.
  const hashed = new Set(all.flatMap(({ name, hashes }) => (hashes.length > 0 ? [name] : [])));
  const lacking = requirements
    .filter(({ name, marker }) => marker === null && !hashed.has(name))
    .map(({ text, where }) => `  ${where === null ? "" : `${where}: `}${text}`);
  if (lacking.length === 0) return;
  const because =
    first === undefined ? "--require-hashes says so" : `${first.where ?? first.text} has a hash`;
  throw wrongUsage(
    "hashes-missing",
    `every requirement needs a hash, because ${because}; these have none:\n${lacking.join("\n")}`,
    "'pip-compile --generate-hashes' writes a file with all that is needed and its hashes; or leave out the hashes",
  );
}
