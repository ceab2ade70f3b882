// How `pkg install` reaches the package index.

import { wrongUsage } from "../../failure.ts";
import type { InstallRequest } from "../../remote/install/request.ts";

/** The flags of `pkg install` that say how the package index is reached. */
export interface IndexFlags {
  "index-url": string | undefined;
  "extra-index-url": string | undefined;
  proxy: string | undefined;
  cert: string | undefined;
  "trusted-host": string | undefined;
}

/** The words of a flag that takes several. */
export function wordsOf(value: string | undefined): string[] {
  return value?.trim().split(/\s+/) ?? [];
}

/** pip takes HOST or HOST:PORT; an address is a frequent slip. */
function requireHost(text: string): void {
  if (/^(?:\[[0-9a-f:]+\]|[^\s/:@]+)(?::\d+)?$/i.test(text)) return;
  throw wrongUsage(
    "bad-host",
    `--trusted-host is '${text}', which is no name of a host`,
    "--trusted-host HOST, or HOST:PORT",
  );
}

/** An index is a URL, or a folder on Blender's machine (pip's --index-url takes both). */
function requireIndex(flag: string, text: string): void {
  if (/^[a-z][a-z0-9+.-]+:\/\/./i.test(text) || /^(\/|[a-z]:[\\/])/i.test(text)) return;
  throw wrongUsage(
    "bad-index",
    `${flag} is '${text}', which is no URL`,
    `${flag} https://HOST/simple`,
  );
}

/**
 * Each is pip's flag of the same name; pip separates what is a list by spaces as well.
 *
 * @throws Failure `bad-index`, `bad-host`, kind `usage`.
 */
export function indexFlagsOf(flags: IndexFlags): string[] {
  const extra = wordsOf(flags["extra-index-url"]);
  const trusted = wordsOf(flags["trusted-host"]);
  if (flags["index-url"] !== undefined) requireIndex("--index-url", flags["index-url"]);
  for (const url of extra) requireIndex("--extra-index-url", url);
  for (const host of trusted) requireHost(host);
  return [
    ...(flags["index-url"] === undefined ? [] : ["--index-url", flags["index-url"]]),
    ...extra.flatMap((url) => ["--extra-index-url", url]),
    ...(flags.proxy === undefined ? [] : ["--proxy", flags.proxy]),
    ...(flags.cert === undefined ? [] : ["--cert", flags.cert]),
    ...trusted.flatMap((host) => ["--trusted-host", host]),
  ];
}

/** What of a request says whether it goes online. */
type IndexedRequest = Pick<InstallRequest, "allowOnline" | "indexFlags" | "wheelhouse">;

/** @throws Failure `two-modes`, kind `usage`, for flags of an online and an offline install. */
export function requireOneMode(request: IndexedRequest, offline: boolean): void {
  const online = request.allowOnline ? "--allow-online" : request.indexFlags[0];
  if (online === undefined || !(offline || request.wheelhouse !== undefined)) return;
  const flag = request.wheelhouse === undefined ? "--offline" : "--remote-wheelhouse";
  throw wrongUsage(
    "two-modes",
    `${flag} installs offline, and ${online} is for installing online`,
    "give one of them",
  );
}
