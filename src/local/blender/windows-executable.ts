// What a path on Windows names that is to be Blender's executable, and why it can't be when it can't.

import { existsSync, statSync } from "node:fs";
import { win32 } from "node:path";
import { Failure } from "../../failure.ts";

/** What can't be started as Blender, by the end of its name, and what helps. */
const others: readonly (readonly [name: RegExp, why: string, hint: string])[] = [
  [
    /blender-launcher\.exe$/i,
    "it only starts blender.exe and ends, and what Blender says is lost",
    "give blender.exe, which is in the same folder",
  ],
  [
    /\.(bat|cmd|ps1|vbs)$/i,
    "it is a script, in which arguments may mean something else",
    "give the blender.exe that it starts; it can have arguments of its own: start -- ARGS",
  ],
  [
    /\.(lnk|url)$/i,
    "it is a shortcut",
    "give the blender.exe that it leads to: its properties show the target",
  ],
  [
    /\.(msi|msix|appx|zip)$/i,
    "it is what Blender is installed from",
    "install or unpack it, then give blender.exe",
  ],
  [
    /[\\/]WindowsApps[\\/]/i,
    "it belongs to Microsoft's Store, which doesn't let others start the programs in there",
    "take Blender's own installer or its portable .zip",
  ],
];

/**
 * The executable that an absolute path on Windows means: `blender` is `blender.exe`, and a folder of
 * Blender's the one in it.
 *
 * @throws Failure `not-blender` for what is no program, or can't be started from here.
 */
export function windowsExecutable(path: string): string {
  const known = others.find(([name]) => name.test(path));
  if (known !== undefined) {
    const [, why, hint] = known;
    throw new Failure("not-blender", `${path} isn't Blender's executable: ${why}`, { hint });
  }
  if (/\.exe$/i.test(path)) return path;
  const inside = win32.join(path, "blender.exe");
  if (isFolder(path)) return existsSync(inside) ? inside : path;
  return existsSync(path) ? path : `${path}.exe`;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
