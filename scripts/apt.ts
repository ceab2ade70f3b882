// Debian packages.

import { withLock } from "./cache.ts";
import { DevError, isRoot, note, run } from "./process.ts";

/** The installed ones among these packages, with their versions. */
export async function installedPackages(names: string[]): Promise<Map<string, string>> {
  const { stdout } = await run([
    "dpkg-query",
    "--show",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own syntax
    "--showformat=${db:Status-Abbrev}|${Package}|${Version}\n",
    ...names,
  ]);
  const found = new Map<string, string>();
  for (const line of stdout.split("\n")) {
    const [status, name, version] = line.split("|");
    if (status?.startsWith("ii") && name && version) found.set(name, version);
  }
  return found;
}

export function hasApt(): boolean {
  return Bun.which("apt-get") !== null;
}

/** Installs what is missing of these packages; throws with what to do when that can't be done. */
export async function ensurePackages(names: string[], purpose: string): Promise<void> {
  const installed = await installedPackages(names);
  const missing = names.filter((name) => !installed.has(name));
  if (missing.length === 0) return;
  if (!hasApt()) {
    throw new DevError(
      `${purpose}: needs the Debian packages ${missing.join(" ")} (no apt-get here)`,
    );
  }
  if (!isRoot()) {
    throw new DevError(
      `${purpose}: missing; as root: apt-get install --no-install-recommends ${missing.join(" ")}`,
    );
  }
  note(`apt-get install ${missing.join(" ")} …`);
  await withLock("apt", async () => {
    if ((await aptGet("install", ...missing)).code === 0) return;
    // No package lists yet, or ones that are older than the mirror.
    const update = await aptGet("update");
    const install = await aptGet("install", ...missing);
    if (install.code !== 0) {
      const said = [update.stderr, install.stdout, install.stderr].join("\n").trim();
      throw new DevError(`${purpose}: apt-get install ${missing.join(" ")} failed\n${said}`);
    }
  });
}

function aptGet(action: string, ...names: string[]) {
  const options = ["--yes", "--no-install-recommends", "--option", "DPkg::Lock::Timeout=600"];
  return run(["apt-get", ...options, action, ...names], {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  });
}

/** Where this machine gets its own Debian from, for getting another release from the same place. */
export async function debianMirror(): Promise<string | undefined> {
  const address = await configuredMirror();
  if (address !== undefined) return address;
  await aptGet("update"); // a fresh system knows its archives' origin only after this
  return await configuredMirror();
}

async function configuredMirror(): Promise<string | undefined> {
  const format = "$(ORIGIN)|$(COMPONENT)|$(RELEASE)|$(REPO_URI)";
  const { stdout } = await run([
    "apt-get",
    "indextargets",
    "--format",
    format,
    "Created-By: Packages",
  ]);
  for (const line of stdout.split("\n")) {
    const [origin, component, release = "", address = ""] = line.split("|");
    // The archives of updates don't hold a whole release.
    const whole = !/-(security|updates|backports)/.test(release);
    if (origin === "Debian" && component === "main" && whole && /^(https?|ftp|file):/.test(address))
      return address;
  }
  return undefined;
}
