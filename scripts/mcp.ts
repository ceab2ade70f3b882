// The add-on of mcp-for-blender (formerly blender-mcp) that the tests speak with, as its PyPI package
// carries it: a server that isn't ours, has a window only, and answers in a shape of its own.

import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { cached, fingerprint, makeOnce } from "./cache.ts";
import { DevError, mustRun, note } from "./process.ts";
import { toolsPython } from "./python.ts";

const REQUIREMENTS = join(import.meta.dirname, "requirements-mcp.txt");
const NAME = `mcp-for-blender-${fingerprint(REQUIREMENTS)}`;

/** The name that `--addons` takes. */
export const MCP_MODULE = "mcp_for_blender";

export interface McpAddon {
  /** A user scripts folder of Blender's (BLENDER_USER_SCRIPTS) with the add-on and what it imports. */
  scripts: string;
  /** Of the PyPI package, such as "2.2.4". */
  version: string;
}

/** The installed one. */
export async function mcpAddon(): Promise<McpAddon | undefined> {
  const scripts = cached(NAME);
  if (!existsSync(scripts)) return undefined;
  const [, version = ""] =
    /^mcp-for-blender==(\S+)$/m.exec(await readFile(REQUIREMENTS, "utf8")) ?? [];
  return { scripts, version };
}

export async function installMcpAddon(): Promise<McpAddon> {
  await makeOnce(NAME, async (making) => {
    note("getting the add-on of mcp-for-blender …");
    const python = await toolsPython();
    const modules = join(making, "modules");
    // Wheels for every Python: which Blender will import them isn't known here.
    const pure = ["--platform", "any", "--implementation", "py", "--abi", "none"];
    const wheels = ["--only-binary=:all:", "--python-version", "3.10", ...pure, "--no-deps"];
    const pip = [python, "-I", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    await mustRun([...pip, ...wheels, "--target", modules, "--requirement", REQUIREMENTS]);
    await mkdir(join(making, "addons"));
    await rename(
      join(modules, "blender_mcp", "bundled", "addon.py"),
      join(making, "addons", `${MCP_MODULE}.py`),
    );
    // The MCP server itself, which doesn't run in Blender, and the commands.
    for (const name of ["blender_mcp", "bin"]) await rm(join(modules, name), { recursive: true });
  });
  const addon = await mcpAddon();
  if (!addon) throw new DevError("the add-on of mcp-for-blender vanished from the cache");
  return addon;
}
