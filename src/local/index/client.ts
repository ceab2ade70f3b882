// Speaks with package indexes: pages, parts of files, and whole files that are checked.

import { type FileHandle, open, rm } from "node:fs/promises";
import { getCACertificates } from "node:tls";
import CachePolicy from "http-cache-semantics";
import pLimit from "p-limit";
import { Failure } from "../../failure.ts";
import {
  failed,
  insecure,
  isFinal,
  isUntrusted,
  notRemembered,
  pauseOf,
  statusOf,
  tooLarge,
  tooLong,
  why,
} from "./client-errors.ts";
import type { Credentials } from "./credentials.ts";
import { followed } from "./followed.ts";
import type { Algorithm } from "./hashes.ts";
import type { HttpCache, Remembered } from "./http-cache.ts";
import { piecesOf, silence, wholeBody } from "./response-body.ts";
import { isSafeAddress } from "./safe-address.ts";

/** How indexes are spoken with. */
export interface ClientSettings {
  credentials: Credentials;
  /** null to remember nothing. */
  cache: HttpCache | null;
  /** Only what is remembered counts. */
  offline: boolean;
  /** Certificate authorities as PEM texts; without any, Bun's and the system's are trusted. */
  authorities: readonly string[];
  /** Hosts, `HOST` or `HOST:PORT`, whose certificate isn't looked at and that may speak http. */
  trusted: readonly string[];
  /** The address of the proxy that is asked for everything; null for those of the environment. */
  proxy: string | null;
  /** How often a request that failed is tried again. */
  retries: number;
  /** Bytes of a file, whatever its index says; 16 GB unless given. */
  mostOfFile?: number;
  signal: AbortSignal;
}

/** Several times the largest wheels that there are. */
const usualMostOfFile = 16_000_000_000;

/** A text that an index has given. */
export interface IndexText {
  bytes: Uint8Array;
  /** As `Content-Type` says. */
  type: string;
  /** Where redirects have led to. */
  address: string;
}

/** Bytes as a text; what isn't UTF-8 in it is replaced. */
export function utf8(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** How many requests run at once; more make servers refuse some. */
const mostRequests = 32;
/** In ms: a server that asks for more patience is given up. */
const longestPause = 60_000;

/** Answers that are worth another try: too much asked, or a server that has to recover. */
const passing = [408, 425, 429, 500, 502, 503, 504];

/** Speaks with package indexes over https, over http with this machine and with trusted hosts. */
export class IndexClient {
  readonly #settings: ClientSettings;
  readonly #limit = pLimit(mostRequests);
  #authorities: readonly string[];

  constructor(settings: ClientSettings) {
    this.#settings = settings;
    this.#authorities = settings.authorities;
  }

  /** The same, which ends what it does by this signal too. */
  until(signal: AbortSignal): IndexClient {
    const both = AbortSignal.any([this.#settings.signal, signal]);
    return new IndexClient({ ...this.#settings, signal: both });
  }

  get #mostOfFile(): number {
    return this.#settings.mostOfFile ?? usualMostOfFile;
  }

  /** Where texts are remembered; null where none are. */
  get cache(): HttpCache | null {
    return this.#settings.cache;
  }

  /**
   * A page or metadata.
   *
   * @param most bytes that it may have.
   * @returns undefined where the index has no such thing (404, 410).
   * @throws Failure `download-failed`, `not-remembered`, `insecure-index`.
   */
  text(address: string, accept: string, most: number): Promise<IndexText | undefined> {
    return this.#limit(() => this.#text(address, accept, most));
  }

  async #text(address: string, accept: string, most: number): Promise<IndexText | undefined> {
    const url = this.#settings.credentials.without(address);
    const { cache, offline } = this.#settings;
    const key = `${accept} ${url}`;
    const known = await cache?.find(key);
    const request = { url, method: "GET", headers: { accept } };
    const asked = known?.policy.evaluateRequest(request).revalidation;
    if (known !== undefined && (asked === undefined || offline)) {
      const text = await this.#remembered(key, known);
      if (text !== undefined) return text;
    }
    if (offline) throw notRemembered(url);
    const response = await this.#get(url, { accept, ...stringsOf(asked?.headers) });
    if (response?.status === 304 && known !== undefined) {
      const told = { status: 304, headers: Object.fromEntries(response.headers) };
      const { policy } = known.policy.revalidatedPolicy(request, told);
      const text = await this.#remembered(key, { ...known, policy });
      if (text === undefined)
        return await this.#fresh(request, await this.#get(url, { accept }), most);
      await cache?.renew(key, { ...known, policy });
      return text;
    }
    return await this.#fresh(request, response, most);
  }

  async #remembered(key: string, known: Remembered): Promise<IndexText | undefined> {
    const bytes = await this.#settings.cache?.bytes(key, known);
    const type = known.policy.responseHeaders()["content-type"];
    return bytes && { bytes, type: typeof type === "string" ? type : "", address: known.address };
  }

  /** What the index has sent, which is remembered where it may be. */
  async #fresh(
    request: { url: string; method: string; headers: { accept: string } },
    response: Response | undefined,
    most: number,
  ): Promise<IndexText | undefined> {
    if (response === undefined) return undefined;
    const { url } = request;
    const bytes = await wholeBody(response, most, url, this.#settings.signal);
    const told = { status: 200, headers: Object.fromEntries(response.headers) };
    const policy = new CachePolicy(request, told, { shared: false });
    const answer = { policy, address: response.url, bytes };
    if (policy.storable())
      await this.#settings.cache?.keep(`${request.headers.accept} ${url}`, answer);
    const type = response.headers.get("content-type") ?? "";
    return { bytes, type, address: response.url };
  }

  /**
   * A part of a file.
   *
   * @param from the first byte, or, below 0, how many at the end.
   * @returns the part and the size of the whole; undefined where the server gives no parts.
   * @throws Failure `download-failed`, `not-remembered`, `insecure-index`.
   */
  part(
    address: string,
    from: number,
    size: number,
  ): Promise<{ bytes: Uint8Array; whole: number } | undefined> {
    return this.#limit(async () => {
      const url = this.#settings.credentials.without(address);
      if (this.#settings.offline) throw notRemembered(url);
      const range = from < 0 ? `bytes=${from}` : `bytes=${from}-${from + size - 1}`;
      const response = await this.#get(url, { range, "accept-encoding": "identity" });
      if (response?.status !== 206) {
        await response?.body?.cancel();
        return undefined;
      }
      const [, whole] = /\/(\d+)$/.exec(response.headers.get("content-range") ?? "") ?? [];
      const bytes = await wholeBody(response, size, url, this.#settings.signal);
      return whole === undefined ? undefined : { bytes, whole: Number(whole) };
    });
  }

  /**
   * Writes a file, new or over what is there.
   *
   * @param size bytes that it has, as its index says; null where it doesn't.
   * @param heard is told how many more bytes have come; a try that failed takes its own back.
   * @returns its hash, by `algorithm`.
   * @throws Failure `download-failed`, `wrong-hash`, `too-large`, `not-remembered`, `insecure-index`;
   *   nothing is left at `path`.
   */
  file(
    address: string,
    path: string,
    algorithm: Algorithm,
    size: number | null,
    heard: (bytes: number) => void,
  ): Promise<{ hash: string; size: number }> {
    const url = this.#settings.credentials.without(address);
    if (this.#settings.offline) throw notRemembered(url);
    return this.#limit(async () => {
      if (size !== null && size > this.#mostOfFile) throw tooLarge(url, size, this.#mostOfFile);
      const file = await open(path, "w");
      try {
        return await this.#again(url, () => this.#written(url, file, algorithm, size, heard));
      } catch (error) {
        await rm(path, { force: true });
        throw error;
      } finally {
        await file.close();
      }
    });
  }

  async #written(
    url: string,
    file: FileHandle,
    algorithm: Algorithm,
    expected: number | null,
    heard: (bytes: number) => void,
  ): Promise<{ hash: string; size: number }> {
    const most = this.#mostOfFile;
    const hasher = new Bun.CryptoHasher(algorithm);
    await file.truncate(0);
    let size = 0;
    try {
      const response = await this.#once(url, { "accept-encoding": "identity" });
      const said = Number(response.headers.get("content-length") ?? 0);
      if (expected === null && said > most) {
        await response.body?.cancel();
        throw tooLarge(url, said, most);
      }
      for await (const piece of piecesOf(response, this.#settings.signal)) {
        const far = size + piece.length;
        if (expected !== null && far > expected) throw tooLong(url, expected);
        if (far > most) throw tooLarge(url, far, most);
        hasher.update(piece);
        // On a full disk a part may be written, without an error.
        for (let at = 0; at < piece.length; ) {
          const { bytesWritten } = await file.write(piece, at, piece.length - at, size + at);
          at += bytesWritten;
        }
        size = far;
        heard(piece.length);
      }
      const told = Number(response.headers.get("content-length") ?? size);
      if (told !== size) throw new Error(`it ended after ${size} of ${told} bytes`);
    } catch (error) {
      heard(-size);
      throw error;
    }
    return { hash: hasher.digest("hex"), size };
  }

  async #get(url: string, headers: Record<string, string>): Promise<Response | undefined> {
    try {
      return await this.#again(url, () => this.#once(url, headers));
    } catch (error) {
      const status = error instanceof Failure ? statusOf(error.cause) : undefined;
      if (status === 404 || status === 410) return undefined;
      throw error;
    }
  }

  /** Tries until it goes well, with longer and longer pauses; what can't get better is told at once. */
  async #again<T>(url: string, attempt: () => Promise<T>): Promise<T> {
    const { retries, signal } = this.#settings;
    for (let tried = 0; ; tried++) {
      try {
        return await attempt();
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof Failure) throw error;
        const status = statusOf(error);
        const wait = pauseOf(error, tried);
        const isLost = status === undefined ? isFinal(error) : !passing.includes(status);
        if (tried >= retries || isLost || wait > longestPause) throw failed(url, why(error), error);
        await pause(wait, signal);
      }
    }
  }

  async #once(url: string, headers: Record<string, string>): Promise<Response> {
    const { credentials, authorities, trusted, proxy, signal } = this.#settings;
    const at = new URL(url);
    const isTrusted = trusted.includes(at.host) || trusted.includes(at.hostname);
    // A secure page must not end in one that anybody on the way can write, nor come through one.
    const check = (to: URL) => {
      if (!isTrusted && !isSafeAddress(to)) throw insecure(to.href);
    };
    const authorization = credentials.of(at);
    const quiet = new AbortController();
    const timer = setTimeout(() => quiet.abort(new Error("it fell silent")), silence);
    const ask = () =>
      followed(
        url,
        {
          headers: { ...headers, ...(authorization === undefined ? {} : { authorization }) },
          responseType: "stream",
          retry: 0,
          signal: AbortSignal.any([signal, quiet.signal]),
          // Bun's own: certificates and proxy for this request.
          ...{ tls: { rejectUnauthorized: !isTrusted, ca: [...this.#authorities] } },
          ...(proxy === null ? {} : { proxy }),
        },
        check,
      );
    return await ask()
      .catch((error: unknown) => {
        if (!isUntrusted(error) || authorities.length > 0 || this.#authorities.length > 0)
          throw error;
        // A firm's own authority is known to its systems, not to Bun.
        this.#authorities = [...getCACertificates("default"), ...getCACertificates("system")];
        return ask();
      })
      .finally(() => clearTimeout(timer));
  }
}

function stringsOf(headers: CachePolicy.Headers | undefined): Record<string, string> {
  const plain: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers ?? {})) {
    if (typeof value === "string") plain[name] = value;
  }
  return plain;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const stop = () => {
    clearTimeout(timer);
    reject(signal.reason);
  };
  signal.addEventListener("abort", stop, { once: true });
  return promise.finally(() => signal.removeEventListener("abort", stop));
}
