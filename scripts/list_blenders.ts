// ./dev blenders: the list as people and programs read it.

import type { Part } from "./blenders.ts";

/** Prints the list; exit code 1 when something is missing that could be there. */
export function listBlenders(parts: Part[], { json = false } = {}): number {
  if (json) {
    console.log(JSON.stringify(parts, null, 2));
  } else {
    for (const { name, version, path, state, reason } of parts) {
      const what = state === "ready" ? path : `${state}: ${reason}`;
      console.log(`${name.padEnd(10)} ${(version || "-").padEnd(8)} ${what}`);
    }
  }
  return parts.some(({ state }) => state === "missing") ? 1 : 0;
}
