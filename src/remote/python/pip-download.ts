// The command line that gets wheels for a Blender on another machine.

import type { Pin } from "../packages/pins.ts";

/** What the system's packager has changed, or built from no release, is on no index. */
function isDownloadable({ by, name, specifier }: Pin): boolean {
  return by === "Blender" && /^[\w.-]+$/.test(name) && /^[\w.<>=!~*,-]*$/.test(specifier);
}

/** In double quotes where a shell would take it for more than a word: cmd.exe knows no others. */
function pinWord({ name, specifier }: Pin): string {
  const word = `${name}${specifier}`;
  return /[<>!~,*]/.test(word) ? `"${word}"` : word;
}

/**
 * The `pip download` line that gets wheels for a target with these tags. pip has to be told each
 * platform, since it doesn't know that a newer manylinux takes older ones' wheels (PEP 600); of
 * macOS versions the newest suffices, pip derives the older ones.
 *
 * @param pins what Blender brings: so nothing is downloaded that asks for other versions of it.
 * @returns null for tags that aren't of a CPython.
 */
export function pipDownloadLine(
  pythonVersion: string,
  tags: readonly string[],
  pins: readonly Pin[],
): string | null {
  const [interpreter, abi] = tags[0]?.split("-") ?? [];
  if (abi === undefined || !interpreter?.startsWith("cp")) return null;
  const [version] = /^\d+\.\d+/.exec(pythonVersion) ?? [];
  if (version === undefined) return null;
  const all = new Set(tags.map((tag) => tag.split("-")[2] ?? "any"));
  const listed = [...all].filter((platform) => platform !== "any");
  const platforms = listed[0]?.startsWith("macosx_") ? listed.slice(0, 1) : listed;
  return [
    "pip download --only-binary=:all:",
    `--python-version ${version}`,
    `--implementation cp --abi ${abi} --abi abi3 --abi none`,
    ...platforms.map((platform) => `--platform ${platform}`),
    "-d wheelhouse",
    ...pins.filter(isDownloadable).map(pinWord),
    "PACKAGE",
  ].join(" ");
}
