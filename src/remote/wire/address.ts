// What an address says by itself.

import { isIPv6 } from "node:net";
import { networkInterfaces } from "node:os";

/** Neither an option of ssh's nor anything for a shell, which a ProxyCommand hands its `%h` to. */
const hostPattern = /^[\p{L}\p{N}_][\p{L}\p{N}._-]*$/u;

/** Whether a word can be the name or the address of a machine; an IPv6 address without brackets. */
export function isHost(word: string): boolean {
  const [address = "", zone, ...more] = word.split("%");
  if (!word.includes(":")) return hostPattern.test(word);
  return isIPv6(address) && (zone === undefined || /^[\w.-]+$/.test(zone)) && more.length === 0;
}

/** Whether a host is this machine itself. */
export function isLoopback(host: string): boolean {
  return /^(127(\.\d+){3}|localhost|::1)$/.test(host);
}

/** Whether an address is one of this machine's, by which others may reach it as well. */
export function isOwnAddress(host: string): boolean {
  return Object.values(networkInterfaces()).some((all) => all?.some((one) => one.address === host));
}

/**
 * The address that a host's name stands for, where that isn't for others to decide: `localhost` may
 * also be ::1, where another user of this machine could listen.
 */
export function meantHost(host: string): string {
  return /^localhost\.?$/i.test(host) ? "127.0.0.1" : host;
}

/**
 * The address by which a service on this machine is reached that listens on another one: the
 * unspecified addresses stand for all, and can be listened on only.
 */
export function reachable(listening: string): string {
  if (listening === "0.0.0.0") return "127.0.0.1";
  return listening === "::" ? "::1" : listening;
}
