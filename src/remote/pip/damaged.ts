// Finds the wheels whose bytes are wrong, of those that a failed pip read from a folder.

import * as v from "valibot";
import type { Script } from "../../script.ts";
import { callBeside } from "../script/call.ts";
import type { Session } from "../wire/session.ts";
import damagedSource from "./damaged_wheels.py" with { type: "text" };

const damagedScript: Script = { name: "damaged_wheels.py", source: damagedSource };

/** What pip says of a wheel whose bytes are wrong, also when it crashes over it. */
export const damage =
  /\.whl'? is invalid\b|has an invalid wheel|BadZipFile|Bad CRC-32|zlib\.error: |compression method is not supported|could not read '[^']+\.dist-info\/[^']+' file|(?:zipfile|zlib)\.py"[\s\S]*\nEOFError/;

/** The wheels that pip says it took up, in its order. */
function takenUp(output: string): string[] {
  const line = /^\s*(?:Processing|Downloading|Using cached) (.+?\.whl)(?: \(.*\))?\s*$/gm;
  const names = Array.from(output.matchAll(line), ([, path = ""]) => path.replace(/^.*[\\/]/, ""));
  return [...new Set(names)];
}

/**
 * The names of the wheels that may be meant by what pip says of a damaged one; none where it names
 * it itself.
 */
export function suspects(output: string): string[] {
  const names = takenUp(output);
  // While it collects them, it is the last one; later it may be any.
  return /^Installing collected packages/m.test(output) ? names : names.slice(-1);
}

/**
 * Those of the wheels in a folder on Blender's machine whose contents can't be read.
 *
 * @param names null for all that are there, of which only the metadata is read.
 */
export async function damagedAmong(
  session: Session,
  folder: string,
  names: readonly string[] | null,
): Promise<string[]> {
  const among = { folder, names: names && [...names] };
  return callBeside(session, damagedScript, among, v.array(v.string()));
}
