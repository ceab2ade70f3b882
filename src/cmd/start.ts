// `start`: starts Blender with the service.

import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { wrongUsage } from "../failure.ts";
import type { AddonBlender } from "../local/addon/addon-blender.ts";
import { logLevels } from "../local/config/config.ts";
import { installService } from "../local/service/install-service.ts";
import { requireDisplay } from "../local/start/display.ts";
import {
  abandon,
  killNow,
  type Launched,
  type LaunchOptions,
  launchBlender,
  tidyUp,
  waitUntilServing,
} from "../local/start/launch.ts";
import { logPath } from "../local/start/logs.ts";
import { isLoopback } from "../remote/wire/address.ts";
import type { Endpoint } from "../remote/wire/connection.ts";
import type { Output } from "../ui/output.ts";
import { command } from "./_command.ts";
import { stay } from "./_foreground.ts";
import { localBlenderOf, profileArgs, withBlender } from "./_local-blender.ts";
import { requireFreePort, versionServing } from "./_port.ts";
import { parseSeconds, targetOf } from "./_target.ts";

/** How long a start may take, in seconds, unless --wait or --timeout says otherwise. */
const usualWait = 60;

function checkEndpoint({ host, port }: Endpoint): void {
  if (!isLoopback(host)) {
    throw wrongUsage(
      "not-loopback",
      `--host is '${host}', and the service is started on loopback only: whoever reaches it can run code as you`,
      "from another machine use a tunnel: ssh -L 6688:127.0.0.1:6688 HOST",
    );
  }
  // The service takes no others, and would go on with its default.
  if (port < 1024)
    throw wrongUsage("bad-port", `port ${port} is below 1024`, "give --port 1024 or more");
}

async function sceneAt(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  const scene = resolve(path);
  const there = await stat(scene).catch(() => undefined);
  if (there?.isFile()) return scene;
  const why = there === undefined ? "doesn't exist" : "isn't a file";
  throw wrongUsage("no-scene", `--scene ${scene} ${why}`, "give a .blend file");
}

/** What is started, but for the Blender that it is started with. */
type Start = Omit<LaunchOptions, "executable" | "env">;

interface Serving {
  launched: Launched;
  /** Blender's process id. */
  pid: number;
  /** Blender's version. */
  version: string | undefined;
  /** From now on Blender may outlive this program. */
  letGo(): void;
}

/** Starts Blender and waits until its service answers; one that doesn't in time is ended. */
async function serve(
  { executable, env, signal }: AddonBlender,
  start: Start,
  endpoint: Endpoint,
  wait: number,
): Promise<Serving> {
  const launched = await launchBlender({ ...start, executable, env });
  const kill = () => killNow(launched);
  process.once("exit", kill);
  const letGo = () => {
    process.removeListener("exit", kill);
    launched.child.unref();
  };
  let version: string | undefined;
  try {
    const pid = await waitUntilServing(launched, wait, signal, async (candidate) => {
      version = await versionServing(endpoint, candidate, signal);
      return version !== undefined;
    });
    await tidyUp(launched);
    return { launched, pid, version, letGo };
  } catch (error) {
    await abandon(launched);
    throw error;
  }
}

async function show(
  { host, port, background, logFile }: Start,
  { pid, version }: Serving,
  detached: boolean,
  output: Output,
): Promise<void> {
  const log = logFile ?? null;
  if (output.json) {
    const address = { host, port };
    const blender = version;
    return output.writeJson({ op: "start", pid, ...address, blender, background, detached, log });
  }
  await output.result(`Blender ${version} (pid ${pid}) answers on ${host}:${port}`);
  if (log !== null) await output.result(`log: ${log}`);
}

export const start = command({
  description: "Start Blender with the service, and wait until it answers",
  args: {
    background: { type: "boolean", alias: "b", description: "Without Blender's window" },
    detach: {
      type: "boolean",
      alias: "d",
      description: "Return when the service answers, and leave Blender running",
    },
    scene: { type: "string", valueHint: "file.blend", description: "The file to open" },
    "log-level": {
      type: "enum",
      options: logLevels,
      anyCase: true,
      valueHint: "level",
      description: `The service's log level: ${logLevels.join(", ")}`,
    },
    "log-file": {
      type: "string",
      valueHint: "file",
      description: "Blender's output goes there (with --detach: a file in the user's state folder)",
    },
    ...profileArgs,
    wait: {
      type: "string",
      valueHint: "seconds",
      description: `How long the start may take (--timeout, else ${usualWait})`,
    },
  },
  rest: "BLENDER_ARGS…",
  async options({ args, rest }) {
    const { endpoint, deadlines } = await targetOf(args, usualWait);
    checkEndpoint(endpoint);
    const wait = args.wait === undefined ? deadlines.total : parseSeconds(args.wait, "--wait");
    const blender = await localBlenderOf(args);
    const scene = await sceneAt(args.scene);
    const { background, detach: detached, isolated } = args;
    if (isolated && detached) {
      throw wrongUsage(
        "isolated-detached",
        "--isolated ends with this command, and with --detach Blender goes on",
        "give a folder: --profile DIR",
      );
    }
    const ownLog = args["log-file"] === undefined ? undefined : resolve(args["log-file"]);
    const launch: Start = {
      ...endpoint,
      background,
      logLevel: args["log-level"] ?? blender.configuration.logLevel,
      scene,
      blenderArgs: rest,
      logFile: ownLog ?? (detached ? logPath(endpoint.port) : undefined),
    };
    return { blender, endpoint, wait, detached, launch };
  },
  run: ({ blender: local, endpoint, wait, detached, launch }, context) =>
    withBlender(local, context, async (blender) => {
      requireDisplay(launch.background);
      await requireFreePort(endpoint, context.signal);
      // A profile that was made for this command has no add-ons yet.
      if (local.profile.isolated) await installService(blender);
      const serving = await serve(blender, launch, endpoint, wait);
      await show(launch, serving, detached, context.output);
      const status = detached ? 0 : await stay(serving.launched, endpoint, context);
      serving.letGo();
      return status;
    }),
});
