// Which machine `--ssh` names, and what ssh is told besides; both are checked before ssh sees them.

import { wrongUsage } from "../../failure.ts";
import { isHost } from "../wire/address.ts";

/** A machine as ssh knows it: a name of its configuration, a host name or an address. */
export interface Destination {
  host: string;
  user: string | undefined;
  port: number | undefined;
}

const userPattern = /^[\p{L}\p{N}_.+@\\-]+$/u;

function refused(word: string, why: string): never {
  throw wrongUsage(
    "bad-ssh",
    `--ssh is '${word}': ${why}`,
    "give [user@]host[:port], with an IPv6 address in brackets: user@[2001:db8::1]:22",
  );
}

/**
 * Reads `[user@]host[:port]`; an IPv6 address stands in brackets where a port follows.
 *
 * @throws Failure `bad-ssh`, kind `usage`.
 */
export function parseDestination(word: string): Destination {
  const at = word.lastIndexOf("@");
  const user = at === -1 ? undefined : word.slice(0, at);
  const place = word.slice(at + 1);
  const parts =
    /^\[([^[\]]*)\](?::(.*))?$/s.exec(place) ??
    (isHost(place) ? [place, place] : /^([^:]*)(?::(.*))?$/s.exec(place));
  const [, host = "", portWord] = parts ?? [];
  if (user !== undefined && (!userPattern.test(user) || /^-|\\$/.test(user))) {
    refused(word, `'${user}' is no user's name`);
  }
  if (!isHost(host)) refused(word, `'${host === "" ? place : host}' is no name of a machine`);
  if (portWord === undefined) return { host, user, port: undefined };
  const port = Number(portWord);
  if (!/^\d+$/.test(portWord) || port < 1 || port > 65535) {
    refused(word, `'${portWord}' is no port`);
  }
  return { host, user, port };
}

/** A destination as users write it. */
export function machineOf({ user, host, port }: Destination): string {
  const at = user === undefined ? host : `${user}@${host}`;
  if (port === undefined) return at;
  return host.includes(":") ? `${at.replace(host, `[${host}]`)}:${port}` : `${at}:${port}`;
}

/**
 * Checks what is meant for `ssh -o`.
 *
 * @throws Failure `bad-ssh-option`, kind `usage`.
 */
export function checkSshOption(word: string): string {
  // Control characters would begin another line of configuration.
  if (/^[A-Za-z][A-Za-z0-9]*=\P{Cc}+$/u.test(word)) return word;
  throw wrongUsage(
    "bad-ssh-option",
    `--ssh-option is '${word}'`,
    "give KEY=VALUE as ssh_config has them: --ssh-option ProxyJump=gate",
  );
}

/**
 * A host as `ssh -W` takes it, as seen from there.
 *
 * @throws Failure `bad-host`, kind `usage`.
 */
export function forwardedTo(host: string, port: number): string {
  if (isHost(host)) return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  throw wrongUsage(
    "bad-host",
    `--host is '${host}'`,
    "with --ssh it is a host as the machine there sees it; mostly it isn't needed",
  );
}
