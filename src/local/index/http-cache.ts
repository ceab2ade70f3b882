// Remembers what indexes have answered, for as long as they allow (RFC 9111), between runs too.

import { mkdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import CachePolicy from "http-cache-semantics";
import * as v from "valibot";

const headersSchema = v.record(v.string(), v.optional(v.union([v.string(), v.array(v.string())])));

const directives = v.record(v.string(), v.union([v.string(), v.boolean()]));

/** What `CachePolicy` writes of itself, by its own short names. */
const written = v.looseObject({
  v: v.number(),
  t: v.number(),
  sh: v.boolean(),
  ch: v.number(),
  imm: v.number(),
  st: v.number(),
  resh: headersSchema,
  rescc: directives,
  m: v.string(),
  u: v.optional(v.string()),
  h: v.optional(v.string()),
  a: v.boolean(),
  reqh: v.nullable(headersSchema),
  reqcc: directives,
});

/** Its types have no directive without a value. */
const policySchema = v.custom<CachePolicy.CachePolicyObject>((value) => v.is(written, value));

const entrySchema = v.object({ policy: policySchema, url: v.string(), address: v.string() });

/** A remembered answer. */
export interface Remembered {
  policy: CachePolicy;
  /** Where redirects have led to. */
  address: string;
  /** The file that has its bytes. */
  body: string;
}

/** A folder of answers; what can't be read in it is as good as missing. */
export class HttpCache {
  readonly #folder: string;

  /** @param folder is made when something is kept. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  #path(url: string, kind: "json" | "body"): string {
    const name = new Bun.CryptoHasher("sha256").update(url).digest("hex");
    return join(this.#folder, name.slice(0, 2), `${name.slice(2)}.${kind}`);
  }

  async find(url: string): Promise<Remembered | undefined> {
    try {
      const text = await readFile(this.#path(url, "json"), "utf8");
      const { policy, address, url: of } = v.parse(entrySchema, JSON.parse(text));
      if (of !== url) return undefined;
      return { policy: CachePolicy.fromObject(policy), address, body: this.#path(url, "body") };
    } catch {
      return undefined;
    }
  }

  /** A file beside which an answer's bytes can be written before they are kept. */
  async place(url: string): Promise<string> {
    const path = this.#path(url, "body");
    await mkdir(join(path, ".."), { recursive: true });
    return `${path}.${crypto.randomUUID()}.part`;
  }

  /**
   * Keeps an answer. Two who keep the same one leave it whole: a body belongs to every policy of its
   * address that says the same validator, and one that doesn't is asked for again.
   *
   * @param written the file that `place` named; undefined where the body is there already.
   */
  async keep(
    url: string,
    { policy, address }: { policy: CachePolicy; address: string },
    written?: string,
  ): Promise<string> {
    const body = this.#path(url, "body");
    const told = `${body}.${crypto.randomUUID()}.part`;
    // Without the old policy first: a body that doesn't belong to it would be taken for its own.
    if (written !== undefined) {
      await rm(this.#path(url, "json"), { force: true });
      await rename(written, body);
    }
    await Bun.write(told, JSON.stringify({ url, address, policy: policy.toObject() }));
    await rename(told, this.#path(url, "json"));
    return body;
  }

  /** What was kept of a file whose content never changes; undefined where nothing is. */
  async recall(key: string): Promise<string | undefined> {
    return await readFile(this.#path(key, "body"), "utf8").catch(() => undefined);
  }

  async remember(key: string, text: string): Promise<void> {
    const place = await this.place(key);
    await Bun.write(place, text);
    await rename(place, this.#path(key, "body"));
  }
}
