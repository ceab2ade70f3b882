// Whether `restart` may do what a Blender says that it was started with.

import { Failure } from "../failure.ts";
import { logPath } from "../local/start/logs.ts";
import { isOwnPeer } from "../remote/service/peer.ts";
import type { StartedWith } from "../remote/service/started-with.ts";
import { isLoopback } from "../remote/wire/address.ts";
import { addressOf } from "../remote/wire/failures.ts";
import type { Session } from "../remote/wire/session.ts";
import { ours, text } from "../text.ts";
import type { LocalBlender } from "./_local-blender.ts";

/** Whether the same start could come of nothing but `start`, `--background` and the configuration. */
function isPlain(record: StartedWith, { configuration }: LocalBlender): boolean {
  const { executable, blender_args: args, scene, profile, host, port, log_file: log } = record;
  return (
    executable === configuration.blender?.executable &&
    record.authentication === "own" &&
    [scene, profile].every((one) => one === null) &&
    args.length === 0 &&
    isLoopback(host) &&
    (log === null || log === logPath(port))
  );
}

/**
 * What a Blender says of its start is a command line that `restart` runs: only the user's own may say
 * that. It is the user's where the service has proved that it knows the user's token, or where the
 * system says that the process at the other end is this user's (Linux). Of others only the configured
 * Blender is started, with nothing besides and with a token of its own: what only listens on that port
 * would otherwise have it started without one, for whoever is on this machine.
 *
 * @returns what may be started.
 * @throws Failure `not-known-as-own` (kind `not-authorised`).
 */
export function ownStart(
  { connection, server }: Pick<Session, "server"> & { connection: Parameters<typeof isOwnPeer>[0] },
  record: StartedWith,
  local: LocalBlender,
): StartedWith {
  const proved = server.kind === "service" && server.hello.authentication !== "none";
  if (proved || isOwnPeer(connection)) return record;
  if (isPlain(record, local)) return { ...record, folder: process.cwd() };
  throw new Failure(
    "not-known-as-own",
    `nothing shows that what listens on ${addressOf(connection.endpoint)} is a Blender of yours, so it isn't started again with what it says: ${JSON.stringify([record.executable, ...record.blender_args])}`,
    {
      kind: "not-authorised",
      hint: text`'${ours("stop")}' ends it; then start it as you started it`,
    },
  );
}
