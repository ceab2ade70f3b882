// The add-on of mcp-for-blender as a test server.

import { cp } from "node:fs/promises";
import { join } from "node:path";
import { MCP_MODULE, mcpAddon } from "../../scripts/blenders.ts";
import type { Sandbox } from "./sandbox.ts";
import type { Screen } from "./screen.ts";

/** Starts a Blender with a window whose only server is that add-on. */
export async function startMcp(
  box: Sandbox,
  launcher: string,
  { display }: Screen,
): Promise<{ pid: number }> {
  const addon = await mcpAddon();
  if (addon === undefined) throw new Error("no add-on of mcp-for-blender: run ./dev blenders");
  // A copy, since what is installed into Blender's user modules comes into this folder.
  const scripts = join(box.dir, "scripts");
  await cp(addon.scripts, scripts, { recursive: true });
  // It listens by itself once the window is there.
  const listen = `import bpy; bpy.context.scene.blendermcp_port = ${box.port}`;
  const log = Bun.file(join(box.dir, "mcp.log"));
  const { pid } = Bun.spawn([launcher, "--addons", MCP_MODULE, "--python-expr", listen], {
    env: {
      ...box.env,
      DISPLAY: display,
      TMPDIR: box.dir,
      BLENDER_USER_SCRIPTS: scripts,
      BLENDERMCP_NO_UPDATE_CHECK: "1",
    },
    stdio: ["ignore", log, log],
  });
  box.owns(pid);
  const { code, stderr } = await box.cli(["status", "--wait", "60"]);
  if (code !== 0) throw new Error(`${stderr}\n${await log.text()}`);
  return { pid };
}
