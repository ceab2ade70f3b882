// The failure for a name that no add-on has.

import { Failure } from "../../failure.ts";
import { ours } from "../../text.ts";
import { suggestion } from "../_arguments.ts";

/** The failure with the nearest name that there is. */
export function notFound(name: string, names: readonly string[]): Failure {
  const near = suggestion(name, names);
  return new Failure("addon-not-found", `there is no add-on '${name}'`, {
    hint: near === undefined ? ours("addon list", "--all") : `did you mean ${near}?`,
  });
}
