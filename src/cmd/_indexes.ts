// Which package indexes commands ask from here, and with what.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { wrongUsage } from "../failure.ts";
import { ownFolders } from "../local/files/os-folders.ts";
import { IndexClient } from "../local/index/client.ts";
import { credentials } from "../local/index/credentials.ts";
import { HttpCache } from "../local/index/http-cache.ts";
import { type PipSettings, pipSettings } from "../local/index/pip-config.ts";
import {
  type IndexChoices,
  type IndexSettings,
  indexAccess,
  indexSettings,
} from "../local/index/settings.ts";
import { carriedIndex } from "../remote/bootstrap/carried-index.ts";
import type { Output } from "../ui/output.ts";
import { normalizedName } from "../wheels/filename.ts";
import type { Context } from "./_command.ts";
import type { Arguments } from "./_declaration.ts";

/** The flags that say where; pip's and uv's of the same names. */
export const indexArgs = {
  "index-url": {
    type: "string",
    alias: "i",
    valueHint: "url",
    description: "The package index (PEP 503; pip's configuration, PyPI)",
  },
  "extra-index-url": {
    type: "string",
    repeated: true,
    valueHint: "url",
    description: "A further index, which comes first; may be given several times",
  },
  "index-for": {
    type: "string",
    repeated: true,
    valueHint: "name=url",
    description: "The index of one package; may be given several times",
  },
  "index-strategy": {
    type: "enum",
    options: ["first-index", "best-match"],
    default: "first-index",
    description: "Take a package from the first index that has it, or from all",
  },
  "find-links": {
    type: "string",
    alias: "f",
    repeated: true,
    valueHint: "place",
    description: "A folder of wheels, or a page of links; may be given several times",
  },
  index: {
    type: "boolean",
    default: true,
    description: "Ask package indexes",
    negativeDescription: "Ask no index, only --find-links",
  },
  cert: {
    type: "string",
    valueHint: "file",
    description: "Certificate authorities to trust as well (PEM)",
  },
  "trusted-host": {
    type: "string",
    repeated: true,
    valueHint: "host",
    description: "A host to ask by http, or with any certificate; may be given several times",
  },
  cache: {
    type: "boolean",
    default: true,
    description: "Remember what indexes answer",
    negativeDescription: "Neither use what is remembered nor remember anything",
  },
  offline: { type: "boolean", description: "Ask nobody: only what is remembered, and folders" },
} as const satisfies Arguments;

/** What these flags came to. */
export interface IndexFlagValues {
  "index-url": string | undefined;
  "extra-index-url": readonly string[];
  "index-for": readonly string[];
  "index-strategy": string;
  "find-links": readonly string[];
  index: boolean;
  cert: string | undefined;
  "trusted-host": readonly string[];
  cache: boolean;
  offline: boolean;
}

/** Where to look, as the command line and the files on it say. */
export interface Indexes {
  choices: IndexChoices;
  cert: string | undefined;
  trusted: readonly string[];
  cache: boolean;
  offline: boolean;
}

/**
 * Reads them.
 *
 * @param fileFlags options of requirements files, as pip writes them.
 * @throws Failure `bad-index`, kind `usage`.
 */
export function indexesOf(flags: IndexFlagValues, fileFlags: readonly string[]): Indexes {
  const inFiles = (option: string) =>
    fileFlags.flatMap((word, at) => (word === option ? (fileFlags[at + 1] ?? []) : []));
  const indexOf = new Map(
    flags["index-for"].map((word) => {
      const [, name = "", url = ""] = /^([A-Za-z0-9._-]+)=(\S+)$/.exec(word) ?? [];
      if (url === "")
        throw wrongUsage(
          "bad-index",
          `--index-for is '${word}'`,
          "--index-for torch=https://HOST/simple",
        );
      return [normalizedName(name), url] as const;
    }),
  );
  const urls = [flags["index-url"] ?? [], flags["extra-index-url"], [...indexOf.values()]].flat();
  for (const url of urls) requireAddress(url);
  return {
    choices: {
      indexUrl: flags["index-url"] ?? inFiles("--index-url").at(-1),
      extraIndexUrls: [...flags["extra-index-url"], ...inFiles("--extra-index-url")],
      indexOf,
      findLinks: [...flags["find-links"], ...inFiles("--find-links")],
      noIndex: !flags.index || fileFlags.includes("--no-index"),
      strategy: flags["index-strategy"] === "best-match" ? "best-match" : "first-index",
    },
    cert: flags.cert,
    trusted: [...flags["trusted-host"], ...inFiles("--trusted-host")],
    cache: flags.cache,
    offline: flags.offline,
  };
}

function requireAddress(url: string): void {
  if (isAddress(url) || /^([./]|[a-z]:[\\/])/i.test(url)) return;
  throw wrongUsage(
    "bad-index",
    `'${url}' is no address of an index`,
    "--index-url https://HOST/simple",
  );
}

function isAddress(url: string): boolean {
  if (!/^(https?|file):\/\/./i.test(url)) return false;
  try {
    const { protocol } = new URL(url);
    // One of another machine is none, but on Windows.
    return protocol !== "file:" || fileURLToPath(url) !== "";
  } catch {
    return false;
  }
}

/** A folder of links that pip is told of and that isn't there is passed over, as pip does. */
function withoutMissing(pip: PipSettings, output: Output): PipSettings {
  const places =
    pip
      .get("find-links")
      ?.split(/\s+/)
      .filter((place) => place !== "") ?? [];
  const missing = places.filter((place) => !place.includes("://") && !existsSync(place));
  for (const place of missing)
    output.warn(`pip's configuration names ${place} (find-links), which isn't there`);
  const left = places.filter((place) => !missing.includes(place));
  return new Map([...pip, ["find-links", left.join(" ")]]);
}

/** Prepares to ask them; with what pip's own settings say. */
export async function openIndexes(
  { choices, cert, trusted, cache, offline }: Indexes,
  { output, signal }: Context,
): Promise<{ client: IndexClient; settings: IndexSettings; pip: PipSettings }> {
  const pip = withoutMissing(await pipSettings(), output);
  const access = await indexAccess(cert, trusted, pip);
  const folder = join(ownFolders().cache, "indexes");
  const known = await credentials();
  const client = new IndexClient({
    ...access,
    credentials: known,
    cache: cache ? new HttpCache(folder) : null,
    offline,
    signal,
  });
  const settings = indexSettings(choices, pip, await carriedIndex());
  // Those of files too; what isn't said to be an address is a folder.
  for (const place of [...settings.indexes, ...settings.findLinks])
    if (place.includes("://")) requireAddress(place);
  // Files of a lock are got from an index that isn't asked itself.
  for (const index of settings.indexes) if (URL.canParse(index)) known.without(index);
  return { client, settings, pip };
}
