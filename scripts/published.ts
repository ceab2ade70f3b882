// What others have published and the tests speak with: the original BLD_Remote_MCP add-on, which
// PyPI's blender-remote carries, and that package whole for comparing speeds.

import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { cached, makeOnce } from "./cache.ts";
import { DevError, mustRun, note } from "./process.ts";
import { makeVenv, pythons, toolsPython, venvPythonIn } from "./python.ts";

export const PUBLISHED_REQUIREMENT = "blender-remote==1.3.3";
const NAME = "published-blender-remote-1.3.3";
const PEERS = "peers-blender-remote-1.3.3";
export const PUBLISHED_VERSION = "1.3.3";

/** The folder `bld_remote_mcp` of the published add-on, if it is installed. */
export function publishedAddon(): string | undefined {
  const addon = join(cached(NAME), "bld_remote_mcp");
  return existsSync(addon) ? addon : undefined;
}

export async function installPublishedAddon(): Promise<string> {
  const folder = await makeOnce(NAME, async (making) => {
    note("getting the published BLD_Remote_MCP add-on …");
    const python = await toolsPython();
    const unpacked = join(making, "wheel");
    await mkdir(unpacked);
    const download = ["download", "--quiet", "--no-deps", "--only-binary=:all:"];
    await mustRun([
      python,
      "-I",
      "-m",
      "pip",
      ...download,
      "--dest",
      making,
      PUBLISHED_REQUIREMENT,
    ]);
    const wheels = await Array.fromAsync(new Bun.Glob("*.whl").scan(making));
    const [wheel] = wheels;
    if (!wheel) throw new DevError(`pip downloaded no wheel of ${PUBLISHED_REQUIREMENT}`);
    await mustRun([python, "-I", "-m", "zipfile", "--extract", join(making, wheel), unpacked]);
    await rename(
      join(unpacked, "blender_remote", "addon", "bld_remote_mcp"),
      join(making, "bld_remote_mcp"),
    );
    await rm(unpacked, { recursive: true });
  });
  return join(folder, "bld_remote_mcp");
}

/** The Python of an environment that holds the published CLI (`python -m blender_remote.cli`). */
export function peersPython(): string | undefined {
  const python = venvPythonIn(cached(PEERS));
  return existsSync(python) ? python : undefined;
}

export async function installPeers(): Promise<string> {
  const folder = await makeOnce(PEERS, async (making) => {
    const [python] = await pythons();
    if (!python) throw new DevError("no python3 on PATH");
    note(`installing ${PUBLISHED_REQUIREMENT} with all its dependencies …`);
    await makeVenv(python, making, [PUBLISHED_REQUIREMENT]);
  });
  return venvPythonIn(folder);
}
