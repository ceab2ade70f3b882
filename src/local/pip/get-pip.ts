// Gets get-pip.py: a local file, or downloaded from an https address.

import { stat } from "node:fs/promises";
import { join } from "node:path";
import { FetchError } from "ofetch";
import { Failure, messageOf, systemCodeOf } from "../../failure.ts";
import { megabytes } from "../../megabytes.ts";
import { sha256Of } from "../files/sha256.ts";
import { removeTemporaryFolder, temporaryFolder } from "../files/temporary-folder.ts";
import { wholeStream } from "../files/whole-file.ts";
import { followed } from "../index/followed.ts";
import { isSafeAddress } from "../index/safe-address.ts";

/** A local get-pip.py, with what an upload needs to know of it. */
export interface GetPip extends AsyncDisposable {
  name: "get-pip.py";
  path: string;
  /** Bytes. */
  size: number;
  /** Lower-case hexadecimal. */
  sha256: string;
}

/** Where its makers keep it (pip's documentation, Installation). */
export const officialGetPip = "https://bootstrap.pypa.io/get-pip.py";

/** The largest that is taken, in bytes; the real get-pip.py has 2 MB. */
const longest = 32 * 1024 * 1024;
const downloadSeconds = 60;

/** Whether this names something to download, rather than a file. */
export function isAddress(source: string): boolean {
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(source);
}

function usage(code: string, message: string, cause?: unknown): Failure {
  return new Failure(code, message, {
    kind: "usage",
    hint: "give the file or its https address: --get-pip get-pip.py (pip's documentation, Installation, has it)",
    cause,
  });
}

/**
 * Checks a source of get-pip.py without using the network, so that a wrong one is reported before
 * anything is done.
 *
 * @param source a file's path or an https address (http on loopback).
 * @throws Failure `missing-path`, `bad-address`, both usage.
 */
export async function checkGetPip(source: string): Promise<void> {
  if (!isAddress(source)) {
    const info = await stat(source).catch((error: unknown) => {
      throw usage("missing-path", `can't read '${source}': ${messageOf(error)}`, error);
    });
    if (!info.isFile()) throw usage("missing-path", `'${source}' isn't a file`);
    if (info.size > longest) {
      throw usage("missing-path", `'${source}' has ${megabytes(info.size)}, and is no get-pip.py`);
    }
    return;
  }
  const url = URL.canParse(source) ? new URL(source) : undefined;
  // The script will be run, so nobody between us and the server may change it.
  if (url !== undefined && isSafeAddress(url)) return;
  throw usage("bad-address", `get-pip.py can't be got from '${source}': it isn't an https address`);
}

/**
 * Gives the file that a source names; a downloaded one is deleted when it's disposed of.
 *
 * @param source has passed `checkGetPip`.
 * @throws Failure `download-failed`, `not-get-pip`, `interrupted`.
 */
export async function getPipFrom(source: string, signal: AbortSignal): Promise<GetPip> {
  if (!isAddress(source)) return describe(source, async () => {});
  const bytes = await download(source, signal);
  const folder = await temporaryFolder("blender-remote-get-pip-");
  const path = join(folder, "get-pip.py");
  await Bun.write(path, bytes);
  return describe(path, () => removeTemporaryFolder(folder));
}

async function describe(path: string, dispose: () => Promise<void>): Promise<GetPip> {
  const { size } = await stat(path);
  const sha256 = await sha256Of(path);
  return { name: "get-pip.py", path, size, sha256, [Symbol.asyncDispose]: dispose };
}

/** The script will be run, so nobody between us and the server may change it. */
function requireSafe(url: URL): void {
  if (!isSafeAddress(url)) throw new Error(`it leads to ${url.origin}, which isn't https`);
}

/** Why a download failed, in words. */
function why(error: unknown): string {
  const status = error instanceof FetchError ? error.status : undefined;
  if (status !== undefined) return `it answered with HTTP status ${status}`;
  if (error instanceof Error && error.name === "TimeoutError") {
    return `it took longer than ${downloadSeconds} s`;
  }
  // The innermost cause says what happened.
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const code = systemCodeOf(cause) ?? "";
    if (/ENOTFOUND|EAI_AGAIN|FailedToOpenSocket/.test(`${code} ${cause.message}`)) {
      return "this machine doesn't find it; is it online?";
    }
    if (/ECONNREFUSED|ConnectionRefused/.test(code)) return "nobody answers there";
    if (/CERT|SELF_SIGNED|UNABLE_TO_VERIFY/.test(code))
      return `its certificate isn't trusted: ${cause.message}`;
  }
  return messageOf(error);
}

async function download(url: string, signal: AbortSignal): Promise<Uint8Array> {
  const { origin, pathname } = new URL(url);
  const from = `${origin}${pathname}`;
  let bytes: Uint8Array;
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(downloadSeconds * 1000)]);
    const options = { headers: {}, responseType: "stream", retry: 1, signal: limit } as const;
    const response = await followed(url, options, requireSafe);
    bytes = await wholeStream(response.body ?? new ReadableStream(), longest);
  } catch (error) {
    signal.throwIfAborted();
    throw new Failure("download-failed", `get-pip.py couldn't be got from ${from}: ${why(error)}`, {
      hint: "get it elsewhere and give the file: --get-pip get-pip.py",
      cause: error,
    });
  }
  // A login page of a network is HTML with status 200.
  const beginning = new TextDecoder().decode(bytes.subarray(0, 200)).trimStart();
  if (bytes.length === 0 || beginning.startsWith("<")) {
    throw new Failure("not-get-pip", `what '${from}' gave isn't a Python script`, {
      hint: "get it elsewhere and give the file: --get-pip get-pip.py",
    });
  }
  return bytes;
}
