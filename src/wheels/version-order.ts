// Puts many versions in order (PEP 440, "Summary of permitted suffixes and relative ordering").

import { explain } from "@renovatebot/pep440";

/** A number as text that sorts as the number does: how many digits, then the digits. */
function sortable(number: number | string): string {
  const digits = String(number);
  return String.fromCharCode(64 + digits.length) + digits;
}

/** Behind the last part of a list, so that a list sorts before one that goes on. */
const end = "!";

/** A text that sorts as the version does; undefined for what is no version. */
export function versionKey(version: string): string | undefined {
  const parts = explain(version);
  if (parts === null) return undefined;
  const { epoch, release, pre, local } = parts;
  const [, post, dev] = /(?:\.post(\d+))?(?:\.dev(\d+))?$/.exec(parts.public) ?? [];
  const last = release.findLastIndex((number) => number !== 0);
  const numbers = release.slice(0, last + 1).map(sortable);
  // A development release comes before all others of what it leads to.
  const isOnlyDev = post === undefined && dev !== undefined;
  const before = pre !== null ? `1${pre[0]}${sortable(pre[1] ?? 0)}` : isOnlyDev ? "0" : "2";
  return [
    sortable(epoch),
    ...numbers,
    end,
    before,
    post === undefined ? "0" : `1${sortable(post)}`,
    dev === undefined ? "1" : `0${sortable(dev)}`,
    local === null ? "0" : `1${local.split(/[-_.]/).map(localKey).join("")}${end}`,
  ].join("");
}

/** Letters come before numbers. */
function localKey(part: string): string {
  return /^\d+$/.test(part) ? `n${sortable(part.replace(/^0+(?=\d)/, ""))}` : `a${part}${end}`;
}
