// Why an index can't be spoken with, and whether another try may help.

import { FetchError } from "ofetch";
import { Failure, messageOf } from "../../failure.ts";
import { megabytes } from "../../megabytes.ts";

/** In ms: before a request is tried again, doubled each time. */
const firstPause = 500;

/** The HTTP status that an error is about. */
export function statusOf(error: unknown): number | undefined {
  return error instanceof FetchError ? error.status : undefined;
}

/** In ms, as the server asks for it (`Retry-After`, RFC 9110), else twice as long each time. */
export function pauseOf(error: unknown, tried: number): number {
  const usual = firstPause * 2 ** tried;
  const asked =
    error instanceof FetchError ? error.response?.headers.get("retry-after") : undefined;
  if (!asked) return usual;
  const seconds = /^\d+$/.test(asked) ? Number(asked) * 1000 : Date.parse(asked) - Date.now();
  return Number.isNaN(seconds) ? usual : Math.max(seconds, 0);
}

/** The texts of an error and of all that caused it. */
function* chainOf(error: unknown): Generator<string> {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const code = "code" in cause ? String(cause.code) : "";
    yield `${code} ${cause.message}`;
  }
}

const certificate = /CERT|SELF_SIGNED|UNABLE_TO_(?:GET|VERIFY)|certificate/;
const circle = /TooManyRedirects|redirect/i;

/** Whether a server's certificate isn't one that is trusted. */
export function isUntrusted(error: unknown): boolean {
  return [...chainOf(error)].some((text) => certificate.test(text));
}

/** Whether trying again can't help. */
export function isFinal(error: unknown): boolean {
  return [...chainOf(error)].some((text) => certificate.test(text) || circle.test(text));
}

/** An error in words, as they follow "couldn't be got:". */
export function why(error: unknown): string {
  const status = statusOf(error);
  if (status === 401 || status === 403)
    return `it answered with HTTP status ${status}: not allowed`;
  if (status !== undefined) return `it answered with HTTP status ${status}`;
  const texts = [...chainOf(error)];
  if (texts.some((text) => certificate.test(text))) return "its certificate isn't trusted";
  if (texts.some((text) => circle.test(text))) return "it redirects in a circle";
  if (texts.some((text) => /ENOTFOUND|EAI_AGAIN|FailedToOpenSocket/.test(text)))
    return "this machine doesn't find it; is it online?";
  if (texts.some((text) => /ECONNREFUSED|ConnectionRefused/.test(text)))
    return "nobody answers there";
  return (texts.at(-1) ?? messageOf(error)).trim();
}

/** @returns Failure `download-failed`. */
export function failed(url: string, reason: string, cause?: unknown): Failure {
  const hint = /certificate/.test(reason)
    ? "where a firewall stands between, as in many firms, its certificates are signed by an authority of the firm: --cert FILE names the file that has it (PEM)"
    : /not allowed/.test(reason)
      ? "give a name and a password in the address, https://NAME:PASSWORD@HOST/…, or in ~/.netrc"
      : /is it online|nobody answers/.test(reason)
        ? "where a proxy stands between, HTTPS_PROXY names it, and may name a wrong one; --index-url is for another index, --find-links for a folder of wheels"
        : "the server may have it later; --index-url is for another index, --find-links for a folder of wheels";
  return new Failure("download-failed", `${url} couldn't be got: ${reason}`, { hint, cause });
}

/** @returns Failure `not-remembered`. */
export function notRemembered(url: string): Failure {
  return new Failure("not-remembered", `${url} isn't in the cache, and --offline asks nobody`, {
    hint: "run it once without --offline",
  });
}

/** @returns Failure `insecure-index`, kind `usage`. */
export function insecure(url: string): Failure {
  return new Failure(
    "insecure-index",
    `${url} isn't an https address: anybody on the way could change it`,
    {
      kind: "usage",
      hint: "--trusted-host HOST trusts it all the same",
    },
  );
}

/** What is said of a file that isn't what its index says. */
export const changedHint =
  "it may have been changed on the way, or on the server; nothing of it is kept";

/** @returns Failure `too-large`. `size`: what is known of it, in bytes. */
export function tooLarge(url: string, size: number, most: number): Failure {
  return new Failure(
    "too-large",
    `${url} has ${megabytes(size)} or more, and no file of an index may have more than ${megabytes(most)}`,
    {
      hint: "no wheel is that large: see what that server gives; --index-url is for another index, --find-links for a folder of wheels",
    },
  );
}

/** @returns Failure `wrong-hash`: nobody waits for the end of what has no end. */
export function tooLong(url: string, most: number): Failure {
  return new Failure("wrong-hash", `${url} has more than the ${most} bytes that its index says`, {
    hint: changedHint,
  });
}
