// The failure of a command that is given the name of a package which isn't there.

import { Failure } from "../../failure.ts";
import { ours, type Text, text } from "../../text.ts";
import { similarNames } from "../../wheels/similar.ts";
import type { Package } from "../packages/package.ts";

/**
 * Failure `not-installed`, with names that may have been meant.
 *
 * @param name PEP 503 form.
 * @param way what helps, where more is known than these names.
 */
export function notInstalled(
  name: string,
  message: string,
  packages: readonly Package[],
  way?: Text,
): Failure {
  const similar = similarNames(name, [...new Set(packages.map((one) => one.name))]);
  const names =
    similar.length > 0
      ? text`did you mean ${similar.join(", ")}? '${ours("pkg list")}' shows all`
      : text`'${ours("pkg list")}' shows what is installed`;
  return new Failure("not-installed", message, { hint: way ?? names, details: { name, similar } });
}
