// `restart`: ends a Blender and starts it with what it was started with.

import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { extended, Failure } from "../failure.ts";
import { executableAt } from "../local/blender/executable.ts";
import { requireDisplay } from "../local/start/display.ts";
import { logPath } from "../local/start/logs.ts";
import { sameMachine } from "../remote/service/local-process.ts";
import { type StartedWith, startedWith } from "../remote/service/started-with.ts";
import { isLoopback, reachable } from "../remote/wire/address.ts";
import type { Token } from "../remote/wire/authentication.ts";
import type { Session } from "../remote/wire/session.ts";
import { ours, text } from "../text.ts";
import { startAccess } from "./_access.ts";
import { command } from "./_command.ts";
import { type LocalBlender, localBlenderOf } from "./_local-blender.ts";
import { ownStart } from "./_own-start.ts";
import { type Starting, startBlender } from "./_starting.ts";
import { endedWith, stopBlender, tellLosses } from "./_stopping.ts";
import { parseSeconds, targetOf } from "./_target.ts";
import { thereArgs } from "./_there-args.ts";

/** How long the new start may take, in seconds, unless --wait says otherwise. */
const usualWait = 60;

function notHere(why: string): Failure {
  return new Failure("not-here", `${why}, so it can't be started again from here`, {
    hint: "restart it on the machine that it runs on",
  });
}

/** @throws Failure `no-folder` where the log can't be written as before: no folder is made for it. */
function requireLogFolder({ log_file: log, port }: StartedWith): void {
  if (log === null || log === logPath(port) || existsSync(dirname(log))) return;
  throw new Failure("no-folder", `the folder of that Blender's log is gone: ${dirname(log)}`, {
    hint: text`'${ours("stop")}' ends it; start it with another log, --log-file`,
  });
}

interface KnownStart {
  record: StartedWith;
  /** The one by which we got in. */
  token: Token | undefined;
}

/**
 * What the Blender was started with, where the same start would work here: looked at before anything
 * is ended.
 */
async function knownStart(session: Session, local: LocalBlender): Promise<KnownStart> {
  const told = await startedWith(session);
  if (!(await sameMachine(session))) throw notHere("that Blender isn't on this machine");
  const record = ownStart(session, told, local);
  const { executable, scene, background, isolated } = record;
  await executableAt(executable);
  if (scene !== null && !(await Bun.file(scene).exists())) {
    throw new Failure("no-scene", `the scene of that Blender is gone: ${scene}`, {
      hint: text`'${ours("stop")}' ends it; start it with another scene`,
    });
  }
  requireLogFolder(record);
  requireDisplay(background);
  // Before the service takes its file away: the next one is to have the same.
  const token = await session.endpoint.access?.token();
  if (!isolated) return { record, token };
  throw new Failure("isolated", "that Blender has a profile that ends with it (--isolated)", {
    hint: text`'${ours("stop")}' ends it; start another one`,
  });
}

/** The same start again. */
function again(known: KnownStart, local: LocalBlender, wait: number, detach: boolean): Starting {
  const { record, token = "own" } = known;
  const { background, scene, log_level: logLevel, profile, host, port } = record;
  const kept = record.authentication === "given" ? token : record.authentication;
  // Its own: through a tunnel on this machine the address that was asked is another.
  const reached = { host: reachable(host), port };
  const { authentication, access } = startAccess(reached, kept);
  const endpoint = { ...reached, access };
  const detached = detach || record.detached;
  const ownProfile = profile ?? undefined;
  return {
    blender: {
      ...local,
      executable: record.executable,
      profile: { folder: ownProfile, isolated: false },
    },
    endpoint,
    wait,
    detached,
    launch: {
      host,
      port,
      allowRemote: !isLoopback(host),
      authentication,
      background,
      logLevel,
      scene: scene ?? undefined,
      blenderArgs: record.blender_args,
      profile: ownProfile,
      isolated: false,
      cwd: record.folder,
      detached,
      logFile: record.log_file ?? (detached ? logPath(endpoint.port) : undefined),
    },
  };
}

/** The command line that starts it by hand. */
function byHand({ record }: KnownStart, detached: boolean) {
  const flag = (name: string, value: string | null) => (value === null ? [] : [name, value]);
  return ours(
    "start",
    ...(record.host === "127.0.0.1" ? [] : ["--listen", record.host]),
    ...(isLoopback(record.host) ? [] : ["--allow-remote"]),
    ...(record.authentication === "none" ? ["--no-auth"] : []),
    ...(record.background ? ["--background"] : []),
    ...(detached ? ["--detach"] : []),
    ...flag("--blender-exec", record.executable),
    ...flag("--profile", record.profile),
    ...flag("--scene", record.scene),
    ...flag("--log-level", record.log_level),
    ...flag("--log-file", record.log_file),
    ...(record.blender_args.length === 0 ? [] : ["--", ...record.blender_args]),
  );
}

export const restart = command({
  there: true,
  description: "Stop Blender, then start it with what it was started with",
  more: "The guards are those of stop. A Blender that was started without --detach is stayed with, as start does.",
  args: {
    force: {
      type: "boolean",
      description: "Interrupt code and pip that run in Blender, and give up unsaved changes",
    },
    detach: {
      type: "boolean",
      alias: "d",
      description: "Return when the service answers, also where start had stayed",
    },
    wait: {
      type: "string",
      valueHint: "seconds",
      description: `How long the new start may take (--timeout, else ${usualWait})`,
    },
    ...thereArgs,
  },
  async options({ args }) {
    const { force, detach } = args;
    const limit = args.wait ?? args.timeout;
    const wait = limit === undefined ? usualWait : parseSeconds(limit, "--wait");
    return { force, detach, wait, local: await localBlenderOf(args), target: await targetOf(args) };
  },
  async run({ force, detach, wait, local, target }, context) {
    const known = (session: Session) => knownStart(session, local);
    const stopped = await stopBlender(target, force, context, "restart", known);
    const { pid } = stopped.blender;
    const { before } = stopped;
    await tellLosses(stopped, context.output);
    context.output.note(`Blender (pid ${pid}) has ended; starting it again`);
    const start = again(before, local, wait, detach);
    const more = { op: "restart", stopped: { pid, ...endedWith(stopped) } };
    return startBlender(start, context, more).catch((error: unknown) => {
      if (!(error instanceof Failure) || error.kind === "interrupted") throw error;
      throw extended(error, {
        message: `the old Blender has ended, and the new one didn't start: ${error.message}`,
        hint: text`${byHand(before, start.detached)}`,
      });
    });
  },
});
