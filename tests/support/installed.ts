// A sandbox in which Blender is configured and has the service, as `init` and `install` leave it.

import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expectSuccess, type Sandbox } from "./sandbox.ts";

/** Stands for the sandbox's folder in what is kept. */
const here = "<here>";
/** Where a whole test run keeps what the first sandbox of each kind has become. */
const kept = process.env["BLENDER_REMOTE_CLI_INSTALLED"];

/**
 * Configures the Blender and installs the service. Each takes Blender a second or two, so that a whole
 * test run has the commands do it once for each Blender and environment; further sandboxes get a copy
 * of the configuration and of the home folder, unless they have something there already.
 */
export async function installed(box: Sandbox, launcher: string): Promise<void> {
  const root = dirname(box.dir);
  const { HOME: home, BLENDER_REMOTE_CONFIG: config } = box.env;
  // One on a Windows has both there.
  if (home === undefined || config === undefined) {
    await makeInstalled(box, launcher);
    return;
  }
  const environment = Object.entries(box.env).filter(([name]) => name !== "BLENDER_REMOTE_PORT");
  const isElsewhere = environment.some(([name]) => /^(XDG|BLENDER_(USER|SYSTEM))_/.test(name));
  const isFresh = !existsSync(config) && (await readdir(home)).length === 0 && !isElsewhere;
  // One of the sandbox's own is a script, which says which Blender it starts.
  const script = launcher.startsWith(root) ? await readFile(launcher, "utf8") : "";
  const kind = JSON.stringify([launcher, script, environment.sort()]).replaceAll(root, here);
  const name = Bun.hash(kind).toString(16);
  const copy = kept === undefined || !isFresh ? undefined : join(kept, name);
  if (copy !== undefined && existsSync(copy)) {
    await cp(join(copy, "home"), home, { recursive: true, preserveTimestamps: true });
    const text = await readFile(join(copy, "config.yaml"), "utf8");
    await writeFile(config, text.replaceAll(here, root));
    return;
  }
  await makeInstalled(box, launcher);
  if (copy === undefined) return;
  await mkdir(dirname(copy), { recursive: true });
  const making = await mkdtemp(`${copy}-`);
  await cp(home, join(making, "home"), { recursive: true, preserveTimestamps: true });
  const text = await readFile(config, "utf8");
  await writeFile(join(making, "config.yaml"), text.replaceAll(root, here));
  // Another one may have been faster.
  await rename(making, copy).catch(() => rm(making, { recursive: true }));
}

async function makeInstalled(box: Sandbox, launcher: string): Promise<void> {
  expectSuccess(await box.cli(["init", launcher]));
  expectSuccess(await box.cli(["install"]));
}
