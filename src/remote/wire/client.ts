// What a command says of itself in `hello`, for those who ask who uses a Blender.

import { hostname, userInfo } from "node:os";
import { programName } from "../../text.ts";

/** The user's name as the environment has it: Bun asks nobody else, and says "unknown" without it. */
function userName(): string {
  const { username, uid } = userInfo();
  return username === "unknown" ? `uid ${uid}` : username;
}

/**
 * `blender-remote-cli pkg push, pid 123, user@host`.
 *
 * @param command its names; empty for the program itself.
 */
export function clientName(command: string): string {
  const program = command === "" ? programName : `${programName} ${command}`;
  return `${program}${ownProcess()}`;
}

function ownProcess(): string {
  return `, pid ${process.pid}, ${userName()}@${hostname()}`;
}

/** Whether that is this very process, whatever its command is called. */
export function isOwnClient(client: string): boolean {
  return client.endsWith(ownProcess());
}
