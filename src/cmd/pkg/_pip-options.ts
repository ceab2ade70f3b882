// Options that users know from `pip install` and `pip download`.

import { ours, type Text, text } from "../../text.ts";
import type { Reading } from "../_tokens.ts";

/** Options of `pip install` that mean nothing here. */
const pipOptions = new Set(
  [
    ["--pre", "-e", "--editable", "-i", "--no-index"],
    ["--no-binary", "--only-binary", "--prefer-binary", "--require-hashes", "--no-cache-dir"],
    ["--no-build-isolation", "--ignore-installed", "-I", "--upgrade-strategy"],
    ["--prefix", "--root", "--compile", "--no-compile", "--config-settings", "-C", "--isolated"],
    ["--ignore-requires-python", "--use-pep517", "--platform", "--python-version", "--abi"],
    ["--retries", "--client-cert", "--progress-bar", "--report", "--src", "-b"],
  ].flat(),
);

/** Options of ours that pip has in the same sense. */
const shared = new Set(
  "upgrade force-reinstall deps dry-run index-url extra-index-url proxy cert trusted-host break-system-packages".split(
    " ",
  ),
);

/**
 * Where an option of `pip install` goes, which `pkg install` doesn't have.
 *
 * @param tokens what was typed, which pip is given as far as it knows it.
 */
export function pipOption(
  option: string,
  tokens: readonly string[],
  readings: readonly Reading[],
): Text | undefined {
  if (option === "--user") return "Blender doesn't look at the user site: --target user-modules";
  if (option === "-t") return "--target site or --target user-modules";
  if (!pipOptions.has(option)) return undefined;
  const words = readings.flatMap((reading) => {
    if (reading.kind !== "option") return tokens[reading.index] ?? [];
    if (!shared.has(reading.option.name)) return [];
    return [reading.key, ...(reading.value === undefined ? [] : [reading.value])];
  });
  return text`an option of pip: ${ours("pkg pip", "--", "install", ...words)}`;
}

/** Where an option of `pip download` goes, which `pkg download` doesn't have. */
export function pipDownloadOption(option: string): Text | undefined {
  if (["--platform", "--python-version", "--implementation", "--abi"].includes(option))
    return text`--for says all of that, by the name of a Blender: '${ours("pkg targets")}' lists them`;
  if (["--only-binary", "--prefer-binary"].includes(option))
    return "only wheels are taken anyway: leave it out";
  if (["-t", "--target"].includes(option)) return "--for is which Blender, --dest which folder";
  return option === "--proxy" ? "set HTTPS_PROXY" : undefined;
}
