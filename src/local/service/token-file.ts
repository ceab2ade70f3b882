// Reads a service's token from a file that nobody but its owner may use.

import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  type Stats,
} from "node:fs";
import { userInfo } from "node:os";
import { join, resolve } from "node:path";
import { Failure, messageOf, systemCodeOf } from "../../failure.ts";
import { shellWord, type Text } from "../../text.ts";
import { ownFolders } from "../files/os-folders.ts";
import { othersWithAccess } from "../files/windows-access.ts";

const shortest = 32;
const longest = 1024;

/** The variable that may hold a token, for whoever speaks to a service. */
export const tokenVariable = "BLENDER_REMOTE_TOKEN";

/** An environment for other programs, which have no use for the token, and whose children neither. */
export function withoutToken(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  // Windows knows names in small letters as well.
  const kept = Object.entries(env).filter(([name]) => name.toUpperCase() !== tokenVariable);
  return Object.fromEntries(kept);
}

/** The folder in which services keep their tokens for this user. */
export function tokenFolder(): string {
  return join(ownFolders().state, "tokens");
}

/**
 * The names under which a service that is reached at an address may keep its token, the likelier one
 * first: by its port on 127.0.0.1, elsewhere with its address, or as one that listens on all of them.
 *
 * Another program may listen on that port of another address: a token is for its own address alone.
 */
export function tokenNames({ host, port }: { host: string; port: number }): string[] {
  if (host === "127.0.0.1") return [`${port}`];
  return [`${port}@${host.replaceAll(/[^\w.]/g, "_")}`, `${port}@all`];
}

/** Where they are on this machine. */
export function tokenPaths(address: { host: string; port: number }): string[] {
  return tokenNames(address).map((name) => join(tokenFolder(), name));
}

/**
 * Checks a token that somebody has given: 32 to 1024 printable characters of ASCII, without spaces.
 *
 * @param from what messages name, such as `BLENDER_REMOTE_TOKEN`; never the token itself.
 * @throws Failure `bad-token`, kind `not-authorised`.
 */
export function checkToken(token: string, from: string): string {
  if (token.length >= shortest && token.length <= longest && /^[!-~]+$/.test(token)) return token;
  throw new Failure(
    "bad-token",
    `${from} holds no token: that is one line of ${shortest} to ${longest} letters, digits and signs of ASCII`,
    {
      kind: "not-authorised",
      hint: "give the one that the service keeps in its token file; for a start 'openssl rand -hex 32' makes one",
    },
  );
}

/**
 * The token in a file; undefined where there is no such file.
 *
 * @throws Failure `unsafe-token-file`, `bad-token`, both of kind `not-authorised`: where it is no
 *   regular file, belongs to another user, or others may use it.
 */
export function tokenIn(path: string): string | undefined {
  const content = contentOf(resolve(path));
  return content === undefined ? undefined : checkToken(content.replace(/\r?\n$/, ""), path);
}

function contentOf(path: string): string | undefined {
  let file: number;
  try {
    // Windows has no flag for it.
    if (process.platform === "win32" && lstatSync(path).isSymbolicLink())
      throw unsafe(path, "it is a link", "give the file itself");
    const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
    file = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    if (error instanceof Failure) throw error;
    const code = systemCodeOf(error);
    if (code === "ENOENT") return undefined;
    if (code === "ELOOP") throw unsafe(path, "it is a link", "give the file itself");
    throw unsafe(path, `it can't be read: ${messageOf(error)}`, lookAt(path));
  }
  try {
    requireOwn(path, fstatSync(file));
    const bytes = Buffer.alloc(longest + 3);
    return bytes.toString("latin1", 0, readSync(file, bytes, 0, bytes.length, 0));
  } finally {
    closeSync(file);
  }
}

/** @throws Failure `unsafe-token-file`. */
function requireOwn(path: string, found: Stats): void {
  if (!found.isFile()) throw unsafe(path, "it is no regular file", "give a file");
  if (process.platform === "win32") {
    requireOwnList(path);
    return;
  }
  if (found.uid !== process.geteuid?.() && found.uid !== 0) {
    const why = `it belongs to another user (uid ${found.uid})`;
    throw unsafe(path, why, lookAt(path));
  }
  if ((found.mode & 0o077) !== 0) {
    const mode = (found.mode & 0o7777).toString(8).padStart(4, "0");
    throw unsafe(path, `others may use it (mode ${mode})`, `chmod 600 ${shellWord(path)}`);
  }
}

/** The same on Windows. */
function requireOwnList(path: string): void {
  let others: string[];
  try {
    others = othersWithAccess(path);
  } catch (error) {
    throw unsafe(path, `nobody knows who may use it: ${messageOf(error)}`, lookAt(path));
  }
  if (others.length === 0) return;
  // Not %USERNAME%, which PowerShell doesn't know.
  const mend = `icacls ${shellWord(path)} /inheritance:r /grant:r ${shellWord(`${userInfo().username}:F`)}`;
  throw unsafe(path, `others may use it (${others.join(", ")})`, mend);
}

function lookAt(path: string): string {
  return process.platform === "win32" ? `icacls ${shellWord(path)}` : `ls -l ${shellWord(path)}`;
}

function unsafe(path: string, why: string, hint: Text): Failure {
  return new Failure("unsafe-token-file", `the token in ${path} isn't used: ${why}`, {
    kind: "not-authorised",
    hint,
  });
}
