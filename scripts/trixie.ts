// Debian trixie's Blender 4.3 in a folder of its own, run through chroot; it takes root,
// and elsewhere the tests do without it.

import { existsSync } from "node:fs";
import { chmod, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { shellWord } from "../src/text.ts";
import { cached, fingerprint, makeOnce } from "./cache.ts";
import { makeDebian } from "./other_debian.ts";
import { DevError, mustRun, note } from "./process.ts";

const NAME = "debian-trixie";
const LAUNCHER = join(import.meta.dirname, "trixie_launcher.sh");
const PACKAGES = ["blender", "python3-pip", "python3-venv"];

export interface Trixie {
  launcher: string;
  version: string;
}

/** The installed one. */
export async function trixie(): Promise<Trixie | undefined> {
  const folder = cached(NAME);
  if (!existsSync(folder)) return undefined;
  const version = (await readFile(join(folder, "version"), "utf8")).trim();
  const home = await makeOnce(`${NAME}-launcher-${fingerprint(LAUNCHER)}`, (making) =>
    writeLauncher(making, join(folder, "system")),
  );
  return { launcher: join(home, "blender"), version };
}

export async function installTrixie(): Promise<Trixie> {
  await makeOnce(NAME, async (making) => {
    note("installing Debian trixie with Blender 4.3 into the cache (1.6 GB, a few minutes) …");
    const system = join(making, "system");
    await makeDebian(system, PACKAGES, "Debian trixie in a folder");

    await writeLauncher(making, system);
    const launcher = join(making, "blender");
    const [, version] = /^Blender (\S+)/m.exec(await mustRun([launcher, "--version"])) ?? [];
    if (!version) throw new DevError("Debian trixie's Blender doesn't tell its version");
    await rm(launcher); // it has the temporary folder's name in it
    await writeFile(join(making, "version"), version);
  });
  const installed = await trixie();
  if (!installed) throw new DevError("Debian trixie vanished from the cache");
  return installed;
}

async function writeLauncher(folder: string, system: string): Promise<void> {
  const template = await readFile(LAUNCHER, "utf8");
  const launcher = join(folder, "blender");
  await writeFile(
    launcher,
    template.replace("'@SYSTEM@'", () => shellWord(system)),
  );
  await chmod(launcher, 0o755);
}
