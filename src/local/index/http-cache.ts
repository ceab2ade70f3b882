// Remembers what indexes have answered, for as long as they allow (RFC 9111), between runs too.

import { lstat, mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import CachePolicy from "http-cache-semantics";
import * as v from "valibot";
import { isOwn, privateFolder } from "../files/private-folder.ts";
import { wholeFile, wholeText } from "../files/whole-file.ts";

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

const entrySchema = v.object({
  policy: policySchema,
  url: v.string(),
  address: v.string(),
  checksum: v.string(),
});

/** Bytes of one file; what is asked for has fewer. */
const mostOfAnswer = 250_000_000;

/** A remembered answer, but for its bytes, which are many and not always needed. */
export interface Remembered {
  policy: CachePolicy;
  /** Where redirects have led to. */
  address: string;
  /** Of its bytes. */
  checksum: string;
}

/** After a power cut a file may be empty, or have only a part. Nobody else writes here. */
const checksumOf = (text: string | Uint8Array) =>
  Bun.hash.xxHash3(text).toString(16).padStart(checksumLength, "0");
const checksumLength = 16;
/** The folder of what is being written. */
const parts = "parts";
const checked = (text: string) => `${checksumOf(text)}\n${text}`;

/** In ms: an answer takes seconds to be written. */
const writingTime = 3_600_000;

/**
 * A folder of answers, which only this user reads and writes: they say which wheels are downloaded,
 * and with which hashes. What can't be read in it, or that others could have written, is as missing.
 */
export class HttpCache {
  readonly #folder: string;
  #trusted: Promise<boolean> | undefined;
  #made: Promise<void> | undefined;

  /** @param folder is made when something is kept. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  #path(url: string, kind: "json" | "body"): string {
    const name = new Bun.CryptoHasher("sha256").update(url).digest("hex");
    return join(this.#folder, name.slice(0, 2), `${name.slice(2)}.${kind}`);
  }

  #isTrusted(): Promise<boolean> {
    this.#trusted ??= isOwn(this.#folder);
    return this.#trusted;
  }

  async find(url: string): Promise<Remembered | undefined> {
    try {
      if (!(await this.#isTrusted())) return undefined;
      const text = await wholeText(this.#path(url, "json"), mostOfAnswer);
      const { policy, url: of, ...rest } = v.parse(entrySchema, JSON.parse(text));
      return of === url ? { ...rest, policy: CachePolicy.fromObject(policy) } : undefined;
    } catch {
      return undefined;
    }
  }

  /** The bytes of a remembered answer; undefined where they are not those that were kept. */
  async bytes(url: string, { checksum }: Remembered): Promise<Uint8Array | undefined> {
    const path = this.#path(url, "body");
    const bytes = await wholeFile(path, mostOfAnswer).catch(() => undefined);
    // Two may have kept it at once, or there was a power cut.
    return bytes !== undefined && checksumOf(bytes) === checksum ? bytes : undefined;
  }

  /** Keeps an answer; two who keep the same one leave it whole, or as good as missing. */
  async keep(
    url: string,
    { policy, address, bytes }: { policy: CachePolicy; address: string; bytes: Uint8Array },
  ): Promise<void> {
    await this.#write(this.#path(url, "body"), bytes);
    await this.renew(url, { policy, address, checksum: checksumOf(bytes) });
  }

  /** Keeps for how long an answer counts that is kept already. */
  async renew(url: string, { policy, address, checksum }: Remembered): Promise<void> {
    const entry = { url, address, checksum, policy: policy.toObject() };
    await this.#write(this.#path(url, "json"), JSON.stringify(entry));
  }

  async #write(path: string, content: string | Uint8Array): Promise<void> {
    const part = join(this.#folder, parts, crypto.randomUUID());
    try {
      this.#made ??= this.#make();
      await this.#made;
      // What an index says to who gave a password isn't for the other users of this machine.
      await mkdir(join(path, ".."), { recursive: true, mode: 0o700 });
      await writeFile(part, content, { mode: 0o600, flag: "wx" });
      await rename(part, path);
    } catch {
      // It is asked for again next time.
      await rm(part, { force: true }).catch(() => {});
    }
  }

  /** Makes the folder, and removes what commands were writing that were killed. */
  async #make(): Promise<void> {
    await privateFolder(this.#folder);
    this.#trusted = undefined;
    const folder = join(this.#folder, parts);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const name of await readdir(folder)) {
      const path = join(folder, name);
      const info = await lstat(path).catch(() => undefined);
      if (info === undefined || Date.now() - info.mtimeMs < writingTime) continue;
      await rm(path, { force: true });
    }
  }

  /** What was kept of a file whose content never changes; undefined where nothing is. */
  async recall(key: string): Promise<string | undefined> {
    if (!(await this.#isTrusted())) return undefined;
    const kept = await wholeText(this.#path(key, "body"), mostOfAnswer).catch(() => "");
    const text = kept.slice(checksumLength + 1);
    return kept === checked(text) ? text : undefined;
  }

  async remember(key: string, text: string): Promise<void> {
    await this.#write(this.#path(key, "body"), checked(text));
  }
}
