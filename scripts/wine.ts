// Wine, and compilers for what the lab needs in C, in a Debian trixie of their own.

import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cached, makeOnce } from "./cache.ts";
import { makeDebian } from "./other_debian.ts";
import { DevError, mustRun, note } from "./process.ts";

/**
 * Debian's mirrors keep only one version of a package, and apt has checked its signature and hash.
 * So this is what it has to be, but for what Debian mends in it: Wine's bugs are what the lab works
 * around and what its tests see, and another one must not come in unnoticed.
 */
export const WINE_VERSION = "10.0~repack-6";
// In the same place, since nothing else of this machine has to be changed then.
const COMPILERS = ["gcc", "libc6-dev", "gcc-mingw-w64-x86-64-win32"];
const PACKAGES = ["wine", "wine64", ...COMPILERS];
const NAME = `wine-${Bun.hash([WINE_VERSION, ...PACKAGES].join(" ")).toString(16)}`;

/** The folder of the Debian that has Wine, where it is installed. */
export function wineSystem(): string | undefined {
  const system = join(cached(NAME), "system");
  return existsSync(system) ? system : undefined;
}

/** Makes it, where it isn't there yet. */
export async function installWine(): Promise<string> {
  const folder = await makeOnce(NAME, async (making) => {
    note("installing Wine in a Debian trixie into the cache (1.9 GB, a few minutes) …");
    const system = join(making, "system");
    await makeDebian(system, PACKAGES, "Wine in a Debian of its own");
    const query = ["dpkg-query", "--show", "--showformat", "$" + "{Version}", "wine"];
    const version = await mustRun(["/usr/sbin/chroot", system, ...query]);
    if (version !== WINE_VERSION) {
      const other = `Debian trixie has Wine ${version} now, and the lab was made for ${WINE_VERSION}`;
      const next = "see whether its tests pass with that, and set WINE_VERSION in scripts/wine.ts";
      const [upstream] = WINE_VERSION.split("-");
      if (!version.startsWith(`${upstream}-`)) throw new DevError(`${other}: ${next}`);
      note(`${other}: ${next}`);
    }
    // So that Wine finds the machine's own name.
    await writeFile(join(system, "etc/hosts"), await readFile("/etc/hosts"));
  });
  return join(folder, "system");
}
