// Wheels of a package by version, of which few are ever looked at, in little memory.

import * as v from "valibot";
import type { OfferedFile } from "./projects.ts";

const Hashes = v.record(v.string(), v.string());
const Offered = v.object({
  filename: v.string(),
  url: v.string(),
  hashes: Hashes,
  requiresPython: v.nullable(v.string()),
  yanked: v.nullable(v.string()),
  metadata: v.nullable(v.object({ hashes: Hashes })),
  size: v.nullable(v.number()),
  uploaded: v.nullable(v.string()),
  from: v.string(),
});

/** One text instead of a dozen things a wheel, which would keep what lies between them from going too. */
export class PackedFiles {
  readonly #text: string;
  /** Where a version's line begins. */
  readonly #begins = new Map<string, number>();

  constructor(wheels: ReadonlyMap<string, OfferedFile>) {
    const lines: string[] = [];
    let begin = 0;
    for (const [version, file] of wheels) {
      const line = `${JSON.stringify(file)}\n`;
      lines.push(line);
      this.#begins.set(version, begin);
      begin += line.length;
    }
    this.#text = lines.join("");
  }

  /** The wheel of a version. */
  get(version: string): OfferedFile | undefined {
    const begin = this.#begins.get(version);
    if (begin === undefined) return undefined;
    return v.parse(Offered, JSON.parse(this.#text.slice(begin, this.#text.indexOf("\n", begin))));
  }
}
