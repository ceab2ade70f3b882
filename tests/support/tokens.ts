// Where a service of a sandbox keeps its token, and how commands get in through another port.

import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Sandbox } from "./sandbox.ts";

/** The file that the service on a port of this machine keeps for the sandbox's user. */
export function tokenFileOf(box: Sandbox, port = box.port): string {
  const state = box.env["XDG_STATE_HOME"] ?? join(box.env["HOME"] ?? "", ".local/state");
  return join(state, "blender-remote-cli", "tokens", String(port));
}

/** The flags for the sandbox's service behind a tunnel or a proxy; some servers have no token. */
export function through(box: Sandbox, { port }: { port: number }): string[] {
  const file = tokenFileOf(box);
  return ["--port", String(port), ...(existsSync(file) ? ["--token-file", file] : [])];
}
