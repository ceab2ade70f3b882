// Versions taken apart (PEP 440).

/**
 * A version in its normal form. Numbers are digits without needless zeros: some count the seconds of
 * a day, or are a date with a hash behind it, and are larger than what JavaScript's numbers tell apart.
 */
export interface ParsedVersion {
  epoch: string;
  /** At least one number, with zeros at its end as they were written. */
  release: readonly string[];
  pre: { letter: string; number: string } | null;
  post: string | null;
  dev: string | null;
  /** Numbers and words in lower case. */
  local: readonly string[] | null;
}

/**
 * PEP 440, appendix B, as packaging has it. The library @renovatebot/pep440 makes doubles of the
 * numbers, so that what differs behind 2^53 is the same to it.
 */
const pattern = new RegExp(
  [
    /^v?(?:(?<epoch>\d+)!)?(?<release>\d+(?:\.\d+)*)/,
    /(?:[-_.]?(?<letter>alpha|a|beta|b|preview|pre|c|rc)[-_.]?(?<pre>\d*))?/,
    /(?:-(?<bare>\d+)|[-_.]?(?<word>post|rev|r)[-_.]?(?<post>\d*))?/,
    /(?:[-_.]?(?<isDev>dev)[-_.]?(?<dev>\d*))?/,
    /(?:\+(?<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?$/,
  ]
    .map(({ source }) => source)
    .join(""),
  "i",
);

const letters: Readonly<Record<string, string>> = {
  alpha: "a",
  beta: "b",
  c: "rc",
  pre: "rc",
  preview: "rc",
};

/** A number that isn't written is 0. */
function digits(text: string | undefined): string {
  return text === undefined || text === "" ? "0" : text.replace(/^0+(?=\d)/, "");
}

/** Reads a version; undefined for what is none. */
export function parseVersion(text: string): ParsedVersion | undefined {
  const parts = pattern.exec(text.trim())?.groups;
  if (parts === undefined) return undefined;
  const { epoch, release = "", letter, pre, bare, word, post, isDev, dev, local } = parts;
  const lower = letter?.toLowerCase();
  return {
    epoch: digits(epoch),
    release: release.split(".").map(digits),
    pre: lower === undefined ? null : { letter: letters[lower] ?? lower, number: digits(pre) },
    post: bare === undefined && word === undefined ? null : digits(bare ?? post),
    dev: isDev === undefined ? null : digits(dev),
    local:
      local
        ?.toLowerCase()
        .split(/[-_.]/)
        .map((part) => (/^\d+$/.test(part) ? digits(part) : part)) ?? null,
  };
}

/** A version as packaging writes it, `1!2.0rc1.post2.dev3+local.4`. */
export function versionText({ epoch, release, pre, post, dev, local }: ParsedVersion): string {
  return [
    epoch === "0" ? "" : `${epoch}!`,
    release.join("."),
    pre === null ? "" : `${pre.letter}${pre.number}`,
    post === null ? "" : `.post${post}`,
    dev === null ? "" : `.dev${dev}`,
    local === null ? "" : `+${local.join(".")}`,
  ].join("");
}

/** Whether it is one before a release, or one of its development. */
export function isPrerelease({ pre, dev }: ParsedVersion): boolean {
  return pre !== null || dev !== null;
}
