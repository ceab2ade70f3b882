// Which indexes are asked, in which order, and how they are reached.

import { messageOf, wrongUsage } from "../../failure.ts";
import { wholeText } from "../files/whole-file.ts";
import { type PipSettings, settingIsOn } from "./pip-config.ts";

/** Which of the indexes that have a package count for it: the first one, or all. */
export type IndexStrategy = "first-index" | "best-match";

/** Where packages come from. */
export interface IndexSettings {
  /** Addresses of simple indexes, the first that counts first. */
  indexes: readonly string[];
  /** Indexes of single packages, by normalised name. */
  indexOf: ReadonlyMap<string, string>;
  /** Folders, or pages with links to files. */
  findLinks: readonly string[];
  /** Whether all indexes that have a package count for it, or the first only. */
  strategy: IndexStrategy;
  /** Wheels of this machine that alone count for their packages: paths by normalised name. */
  wheelOf?: ReadonlyMap<string, string>;
}

/** How they are reached. */
export interface IndexAccess {
  authorities: readonly string[];
  trusted: readonly string[];
  /** Of pip's settings. */
  proxy: string | null;
  retries: number;
}

/** What the command line says; what it doesn't say is pip's configuration's. */
export interface IndexChoices {
  indexUrl: string | undefined;
  extraIndexUrls: readonly string[];
  indexOf: ReadonlyMap<string, string>;
  findLinks: readonly string[];
  noIndex: boolean;
  strategy: IndexStrategy;
  wheelOf?: ReadonlyMap<string, string>;
}

const words = (text: string | undefined) => text?.split(/\s+/).filter((word) => word !== "") ?? [];
/** As pip reads what is a switch. */
/**
 * Brings both together, as pip does. Indexes beside the usual one come first, as for uv: what is in
 * a private index is never taken from a public one.
 *
 * @param usual the index that is asked where nobody names one.
 */
export function indexSettings(
  choices: IndexChoices,
  pip: PipSettings,
  usual: string,
): IndexSettings {
  const { indexOf, strategy, wheelOf = new Map() } = choices;
  const findLinks = [...choices.findLinks, ...words(pip.get("find-links"))];
  if (choices.noIndex || (choices.indexUrl === undefined && settingIsOn(pip.get("no-index"))))
    return { indexes: [], indexOf, findLinks, strategy, wheelOf };
  const extra = [...choices.extraIndexUrls, ...words(pip.get("extra-index-url"))];
  const last = choices.indexUrl ?? pip.get("index-url") ?? usual;
  return { indexes: [...new Set([...extra, last])], indexOf, findLinks, strategy, wheelOf };
}

/**
 * How indexes are reached.
 *
 * @param cert a file of certificate authorities, PEM.
 * @throws Failure `bad-certificates`, `bad-proxy`, kind `usage`.
 */
export async function indexAccess(
  cert: string | undefined,
  trustedHosts: readonly string[],
  pip: PipSettings,
): Promise<IndexAccess> {
  const file = cert ?? pip.get("cert");
  const trusted = [...trustedHosts, ...words(pip.get("trusted-host"))];
  const retries = Number(pip.get("retries") ?? 4);
  const authorities = file === undefined ? [] : [await certificates(file)];
  const proxy = proxyOf(pip.get("proxy"));
  return { authorities, trusted, proxy, retries: Number.isInteger(retries) ? retries : 4 };
}

/** pip's setting, which may lack the scheme. */
function proxyOf(setting: string | undefined): string | null {
  if (setting === undefined || setting === "") return null;
  const address = setting.includes("://") ? setting : `http://${setting}`;
  if (/^https?:/i.test(address) && URL.canParse(address)) return address;
  throw wrongUsage(
    "bad-proxy",
    `the proxy of pip's settings is '${setting}', which is none of http or https`,
    "pip's configuration or PIP_PROXY has to name it as http://HOST:PORT",
  );
}

/** Bytes of a file of certificates: those of all authorities have some 300 kB. */
const mostOfCertificates = 10_000_000;

async function certificates(file: string): Promise<string> {
  const hint = "--cert FILE is a file of certificates that begin with -----BEGIN CERTIFICATE-----";
  let text: string;
  try {
    text = await wholeText(file, mostOfCertificates);
  } catch (error) {
    throw wrongUsage("bad-certificates", `can't read '${file}': ${messageOf(error)}`, hint, error);
  }
  if (!text.includes("-----BEGIN CERTIFICATE-----"))
    throw wrongUsage("bad-certificates", `'${file}' has no certificate`, hint);
  return text;
}
