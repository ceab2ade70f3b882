// What a path on macOS names that is to be Blender's executable, and why macOS may not start it.

import { existsSync } from "node:fs";
import { Failure } from "../../failure.ts";
import { wordFor } from "../../text.ts";
import { headOf } from "./program-kind.ts";

/** What can't be started as Blender, by its path, and what helps. */
const others: readonly (readonly [path: RegExp, why: string, hint: string])[] = [
  [
    /\/AppTranslocation\//,
    "macOS has put what was downloaded into a temporary place, which goes when Blender ends",
    "move Blender.app to /Applications with the Finder, and give that one",
  ],
  [
    /\.dmg$/i,
    "it is what Blender is installed from",
    "open it, drag Blender.app to /Applications, and give that one",
  ],
];

/**
 * The executable that an absolute path on macOS means: the application's, where it is the command that
 * Homebrew writes for it.
 *
 * @throws Failure `not-blender` for what can't be started from here.
 */
export function macExecutable(path: string): string {
  const known = others.find(([pattern]) => pattern.test(path));
  if (known !== undefined) {
    const [, why, hint] = known;
    throw new Failure("not-blender", `${path} isn't Blender's executable: ${why}`, { hint });
  }
  return behindWrapper(path);
}

/** Homebrew's command is a script of two lines; one that does more is somebody's own, and stays. */
const wrapper = /^#![^\n]*\n(?:exec )?'?(\/[^'\n]+\.app\/Contents\/MacOS\/Blender)'? "\$@"\n*$/;

/** The application that such a script starts; else the path as it is. */
export function behindWrapper(path: string): string {
  const inner = wrapper.exec(headOf(path).toString())?.[1];
  return inner !== undefined && existsSync(inner) ? inner : path;
}

/** What may help where macOS kills an application at its start: Gatekeeper, after a download. */
export function quarantineHint(executable: string): string {
  const bundle = wordFor("darwin", executable.replace(/\/Contents\/MacOS\/[^/]+$/, ""));
  return `macOS stops what was downloaded until it was opened once: open it with the Finder, then try again; xattr -p com.apple.quarantine ${bundle} says whether that is so`;
}
