// Parts of a test run: one after the other, or in lanes side by side.

import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { failed, type Result } from "./junit.ts";
import { DevError, type Shown } from "./process.ts";

export interface Part {
  name: string;
  run: (shown?: Shown) => Promise<Result[]>;
}

/** A part alone shows what it writes as it comes; several are a lane each. */
export async function sideBySide(parts: readonly Part[], folder: string): Promise<Result[]> {
  const [only, ...others] = parts;
  if (only === undefined) return [];
  if (others.length > 0)
    return await inLanes(
      parts.map((part) => [part]),
      folder,
    );
  console.log(`\n== ${only.name}`);
  return await judged(only.name, only.run);
}

/**
 * A lane for each queue, side by side. One whose queue is empty goes on with what the fullest holds,
 * from its end. What a part has written is shown when it is done.
 *
 * @param folder takes what they write meanwhile.
 */
export async function inLanes(
  queues: readonly (readonly Part[])[],
  folder: string,
): Promise<Result[]> {
  const left = queues.map((queue) => [...queue]);
  const results: Result[] = [];
  let count = 0;
  const next = (own: Part[]) =>
    own.shift() ?? left.reduce((most, one) => (one.length > most.length ? one : most)).pop();
  const lane = async (own: Part[]) => {
    for (let part = next(own); part !== undefined; part = next(own))
      results.push(...(await shownLater(part, join(folder, `part${count++}.log`))));
  };
  await Promise.all(left.map(lane));
  return results;
}

async function shownLater({ name, run }: Part, log: string): Promise<Result[]> {
  return await judged(name, async () => {
    await using file = await open(log, "w");
    try {
      return await run(file.fd);
    } finally {
      console.log(`\n== ${name}\n${await readFile(log, "utf8")}`);
    }
  });
}

/** Does it, and says how it went and how long it took. */
async function judged(name: string, run: () => Promise<Result[]>): Promise<Result[]> {
  const start = performance.now();
  const results = await run().catch((error: unknown) => {
    if (!(error instanceof DevError)) throw error;
    console.log(error.message);
    return [failed(`${name} (${error.message.split("\n")[0]})`)];
  });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const ok = results.every(({ outcome }) => outcome !== "failed");
  console.log(`== ${name}: ${ok ? "ok" : "FAILED"}, ${seconds} s`);
  return results;
}
