// Bun for other systems, from npm.

import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { makeOnce } from "./cache.ts";
import { DevError, mustRun, note } from "./process.ts";

const LOCK_FILE = join(import.meta.dirname, "../package-lock.json");
const Lock = v.object({
  packages: v.record(
    v.string(),
    v.object({ version: v.optional(v.string()), integrity: v.optional(v.string()) }),
  ),
});

/** As npm's packages of Bun call them. */
export type BunSystem = "windows-x64" | "linux-aarch64";

const packageOf = (system: BunSystem) => `@oven/bun-${system}`;

/** What the lock file pins. */
export async function pinnedBun(
  system: BunSystem,
): Promise<{ version: string; integrity: string }> {
  const { packages } = v.parse(Lock, JSON.parse(await readFile(LOCK_FILE, "utf8")));
  const { version, integrity } = packages[`node_modules/${packageOf(system)}`] ?? {};
  if (!version || !integrity) throw new DevError(`package-lock.json has no ${packageOf(system)}`);
  return { version, integrity };
}

/** Bun's executable for this system, with the hash that the lock file has. */
export async function bunFor(system: BunSystem): Promise<string> {
  const name = packageOf(system);
  const file = system === "windows-x64" ? "bun.exe" : "bun";
  const { version, integrity } = await pinnedBun(system);
  const folder = await makeOnce(`bun-${system}-${version}`, async (making) => {
    note(`getting Bun ${version} for ${system} …`);
    await mustRun(["npm", "pack", "--silent", `${name}@${version}`], { cwd: making });
    const [packed] = [...new Bun.Glob("*.tgz").scanSync(making)];
    if (packed === undefined) throw new DevError(`npm pack gave no ${name}`);
    const bytes = await readFile(join(making, packed));
    const hash = new Bun.CryptoHasher("sha512").update(bytes).digest("base64");
    if (`sha512-${hash}` !== integrity)
      throw new DevError(`${name} ${version} isn't what package-lock.json has: sha512-${hash}`);
    await mustRun(["tar", "-xzf", packed, "--strip-components=2", `package/bin/${file}`], {
      cwd: making,
    });
    await rm(join(making, packed));
  });
  return join(folder, file);
}
