// Servers in a Blender: our service, and the published add-on, which isn't ours.

import { cp } from "node:fs/promises";
import { join } from "node:path";
import { publishedAddon } from "../../scripts/blenders.ts";
import { installed } from "./installed.ts";
import { expectSuccess, type Sandbox } from "./sandbox.ts";

/** Configures the Blender, installs the service and starts it in the background. */
export async function startService(
  box: Sandbox,
  launcher: string,
  ...args: string[]
): Promise<{ pid: number }> {
  await installed(box, launcher);
  return { pid: await startConfigured(box, ...args) };
}

/** Starts the sandbox's configured Blender in the background; its process. */
export async function startConfigured(box: Sandbox, ...args: string[]): Promise<number> {
  const started = await box.cli(["start", "--background", "--detach", "--json", ...args]);
  const { pid } = JSON.parse(expectSuccess(started).stdout) as { pid: number };
  box.owns(pid);
  return pid;
}

/** Starts the published BLD_Remote_MCP, a server that isn't ours, in the background. */
export async function startPublished(box: Sandbox, launcher: string): Promise<{ pid: number }> {
  const addon = publishedAddon();
  if (addon === undefined) throw new Error("no published add-on: run ./dev blenders");
  const scripts = join(box.dir, "published-scripts");
  await cp(addon, join(scripts, "addons", "bld_remote_mcp"), { recursive: true });
  const loop = join(import.meta.dir, "published_loop.py");
  const child = Bun.spawn(
    [launcher, "--background", "--addons", "bld_remote_mcp", "--python", loop],
    {
      env: {
        ...box.env,
        BLENDER_USER_SCRIPTS: scripts,
        BLD_REMOTE_MCP_PORT: String(box.port),
        BLD_REMOTE_MCP_START_NOW: "1",
      },
      stdio: [
        "ignore",
        Bun.file(join(box.dir, "published.log")),
        Bun.file(join(box.dir, "published.err")),
      ],
    },
  );
  box.owns(child.pid);
  expectSuccess(await box.cli(["status", "--wait", "60"]));
  return { pid: child.pid };
}

/** Both, for tests that must end the same way through each. */
export const servers = [
  { name: "our service", start: startService },
  { name: "the published add-on", start: startPublished },
] as const;
