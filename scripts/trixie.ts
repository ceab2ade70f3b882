// Debian trixie's Blender 4.3 in a folder of its own, run through chroot; it takes root,
// and elsewhere the tests do without it.

import { existsSync } from "node:fs";
import { chmod, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { shellWord } from "../src/text.ts";
import { debianMirror, ensurePackages, hasApt } from "./apt.ts";
import { cached, fingerprint, makeOnce } from "./cache.ts";
import { DevError, isRoot, mustRun, note, run } from "./process.ts";

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

/** Why it can't be had on this machine, as far as that is known without trying. */
export async function trixieUnavailable(): Promise<string | undefined> {
  if (!isRoot()) return "its folder can be made and used by root only";
  if (!hasApt()) return "this is not Debian";
  const { code, stderr } = await run(["unshare", "--mount", "true"]);
  if (code !== 0) return `no private mounts here (${stderr.trim()})`;
  return undefined;
}

export async function installTrixie(): Promise<Trixie> {
  await makeOnce(NAME, async (making) => {
    const mirror = await debianMirror();
    if (!mirror) throw new DevError("apt on this machine names no Debian archive");
    await ensurePackages(["debootstrap"], "Debian trixie in a folder");
    note("installing Debian trixie with Blender 4.3 into the cache (1.6 GB, a few minutes) …");
    const system = join(making, "system");
    const options = ["--variant=minbase", `--include=${PACKAGES.join(",")}`];
    // debootstrap mounts /proc and /sys below the folder: privately, or else removing what an
    // interrupted run left behind would go through those mounts.
    const command = ["unshare", "--mount", "/usr/sbin/debootstrap", ...options];
    await mustRun([...command, "trixie", system, mirror], {
      env: { ...process.env, ...(await aptProxies()) },
    });
    await rm(join(system, "var/cache/apt/archives"), { recursive: true });

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

/** debootstrap downloads by itself, so apt's proxies have to be passed on. */
async function aptProxies(): Promise<Record<string, string>> {
  const { stdout } = await run([
    "apt-config",
    "shell",
    "http_proxy",
    "Acquire::http::Proxy",
    "https_proxy",
    "Acquire::https::Proxy",
  ]);
  return Object.fromEntries(
    [...stdout.matchAll(/^(\w+)='(.*)'$/gm)].map(([, name = "", value = ""]) => [name, value]),
  );
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
