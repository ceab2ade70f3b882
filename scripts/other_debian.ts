// Another release of Debian in a folder, for programs that this one doesn't have; it takes root.

import { debianMirror, ensurePackages, hasApt } from "./apt.ts";
import { DevError, isRoot, mustRun, run } from "./process.ts";

/** Why no other Debian can be had on this machine, as far as that is known without trying. */
export async function otherDebianUnavailable(): Promise<string | undefined> {
  if (!isRoot()) return "its folder can be made and used by root only";
  if (!hasApt()) return "this is not Debian";
  const { code, stderr } = await run(["unshare", "--mount", "true"]);
  if (code !== 0) return `no private mounts here (${stderr.trim()})`;
  return undefined;
}

/** Fills `system` with Debian trixie and these packages; apt's signatures and hashes are checked. */
export async function makeDebian(
  system: string,
  packages: readonly string[],
  purpose: string,
): Promise<void> {
  const mirror = await debianMirror();
  if (!mirror) throw new DevError("apt on this machine names no Debian archive");
  await ensurePackages(["mmdebstrap"], purpose);
  const options = ["--mode=root", "--variant=minbase", `--include=${packages.join(",")}`];
  // It mounts /proc and /sys below the folder: privately, or else removing what an interrupted run
  // left behind would go through those mounts.
  const command = ["unshare", "--mount", "mmdebstrap", ...options];
  await mustRun([...command, "trixie", system, mirror], {
    env: { ...process.env, ...(await aptProxies()) }, // it downloads by itself
  });
}

/** For what downloads without this machine's configuration of apt: its proxies, as variables. */
export async function aptProxies(): Promise<Record<string, string>> {
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
