// How a command gets into the service that it speaks to: with which token, from where.

import { Failure, wrongUsage } from "../failure.ts";
import { checkToken, tokenIn, tokenPaths, tokenVariable } from "../local/service/token-file.ts";
import type { StartAuthentication } from "../local/start/launch.ts";
import { isLoopback, isOwnAddress } from "../remote/wire/address.ts";
import type { Access, Token } from "../remote/wire/authentication.ts";
import type { Endpoint } from "../remote/wire/connection.ts";
import { shellWord, type Text, text } from "../text.ts";

/** The global flags that say how one gets in. */
export interface AccessFlags {
  "token-file"?: string | undefined;
  /** False with `--no-auth`. */
  auth?: boolean | undefined;
}

/** @param without how that token is left out. */
function otherwiseThan(without: string): string {
  return `${without} where the service wasn't started with that token: commands of its user find its own; or give the --host and --port of the service that is meant; --no-auth speaks to one that asks for no token`;
}

/**
 * The token that flags or environment give for every service; undefined where they give none.
 *
 * @throws Failure `two-tokens`, kind `usage`; `no-token-file`; as `tokenIn` and `checkToken`.
 */
export function givenToken(flags: AccessFlags): Token | undefined {
  const path = flags["token-file"];
  if (path !== undefined) {
    if (flags.auth === false) {
      const what = "--no-auth and --token-file don't go together";
      throw wrongUsage("two-tokens", what, "give one of them");
    }
    const value = tokenIn(path);
    if (value !== undefined) {
      const otherwise = otherwiseThan("leave --token-file out");
      return { value, whose: `whose token is in ${path}`, otherwise };
    }
    throw new Failure("no-token-file", `there is no token file '${path}'`, {
      kind: "not-authorised",
      hint: "copy it from the machine of the service, where 'start' has put it",
    });
  }
  const value = process.env[tokenVariable];
  if (!value || flags.auth === false) return undefined;
  return {
    value: checkToken(value, tokenVariable),
    whose: `whose token is in ${tokenVariable}`,
    otherwise: otherwiseThan(`unset ${tokenVariable}`),
  };
}

/** The two ways to give a token. */
export const giveIt = text`give its token: --token-file FILE, or the variable ${tokenVariable}`;

/** With one token, whatever the service says. */
export function accessWith(token: Token): Access {
  return { token: async () => token, missing: giveIt };
}

/** What a service that is started here asks for. */
export interface StartAccess {
  /** What it is told of it. */
  authentication: StartAuthentication;
  /** How one gets in afterwards. */
  access: Access;
}

/** A start with that token, or with one that the service makes, or with none. */
export function startAccess(address: Endpoint, given: Token | "own" | "none"): StartAccess {
  if (given === "none") return { authentication: { kind: "none" }, access: openAccess };
  if (given === "own") return { authentication: { kind: "own" }, access: accessToOwn(address) };
  const authentication = { kind: "given", token: given.value } as const;
  return { authentication, access: accessWith(given) };
}

/** With no token: what listens may be anything. */
export const openAccess: Access = {
  token: async () => undefined,
  missing: "leave --no-auth out",
  why: "--no-auth gives none",
};

/** Where a token may be left over in a file. */
function leftover(path: string): Text {
  return `where ${path} is left over from a Blender that was killed, remove it: ${process.platform === "win32" ? "del" : "rm"} ${shellWord(path)}; --no-auth speaks to a service that asks for no token`;
}

/** With the token that the service at an address of this machine keeps for this user. */
export function accessToOwn(address: Endpoint): Access {
  return {
    token: async () => {
      for (const path of tokenPaths(address)) {
        const value = tokenIn(path);
        if (value === undefined) continue;
        return { value, whose: `whose token is in ${path}`, otherwise: leftover(path) };
      }
      return undefined;
    },
    missing: text`another user started it, or it runs elsewhere and this is a tunnel (--ssh HOST reads the token there); ${giveIt}`,
  };
}

/**
 * How one gets into the service at an address: with the token that was given, else with the one that
 * the service keeps for this user, on this machine or where ssh leads.
 *
 * @param there with the one that a service at an address of that machine keeps, where ssh leads to one.
 * @throws Failure as `givenToken`.
 */
export function accessTo(
  address: Endpoint,
  flags: AccessFlags,
  there?: (address: Endpoint) => Access,
): Access {
  const given = givenToken(flags);
  if (given !== undefined) return accessWith(given);
  if (flags.auth === false) return openAccess;
  const { host } = address;
  if (isLoopback(host) && there !== undefined) return there(address);
  if (isLoopback(host) || (there === undefined && isOwnAddress(host))) return accessToOwn(address);
  return {
    token: async () => undefined,
    missing: text`--ssh HOST reads it on that machine; or ${giveIt}`,
  };
}
