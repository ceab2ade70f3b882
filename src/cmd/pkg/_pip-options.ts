// Options that users know from `pip install`.

import { ours, type Text, text } from "../../text.ts";

/** Options of `pip install` that mean nothing here. */
const pipOptions = new Set(
  [
    ["--pre", "-c", "--constraint", "-e", "--editable", "-i", "-f", "--find-links", "--no-index"],
    ["--no-binary", "--only-binary", "--prefer-binary", "--require-hashes", "--no-cache-dir"],
    ["--no-build-isolation", "--ignore-installed", "-I", "--upgrade-strategy", "--trusted-host"],
    ["--prefix", "--root", "--compile", "--no-compile", "--config-settings", "-C", "--isolated"],
    ["--ignore-requires-python", "--use-pep517", "--platform", "--python-version", "--abi"],
    ["--retries", "--client-cert", "--progress-bar", "--report", "--src", "-b"],
  ].flat(),
);

/** Where an option of `pip install` goes, which `pkg install` doesn't have. */
export function pipOption(option: string): Text | undefined {
  if (option === "--user") return "Blender doesn't look at the user site: --target user-modules";
  if (option === "-t") return "--target site or --target user-modules";
  if (!pipOptions.has(option)) return undefined;
  return text`an option of pip: ${ours("pkg pip", "--", "install", option, "…")}`;
}
