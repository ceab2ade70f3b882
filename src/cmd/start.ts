// `start`: starts Blender with the service.

import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { wrongUsage } from "../failure.ts";
import { logLevels } from "../local/config/config.ts";
import { requireFolderOf } from "../local/files/output-place.ts";
import { logPath } from "../local/start/logs.ts";
import { isLoopback } from "../remote/wire/address.ts";
import type { Endpoint } from "../remote/wire/connection.ts";
import { command } from "./_command.ts";
import { blenderArgs, localBlenderOf } from "./_local-blender.ts";
import { type Start, startBlender } from "./_starting.ts";
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
    ...blenderArgs,
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
    if (ownLog !== undefined) await requireFolderOf(ownLog, "--log-file");
    const launch: Start = {
      ...endpoint,
      background,
      logLevel: args["log-level"] ?? blender.configuration.logLevel,
      scene,
      blenderArgs: rest,
      profile: args.profile === undefined ? undefined : resolve(args.profile),
      isolated,
      cwd: process.cwd(),
      detached,
      logFile: ownLog ?? (detached ? logPath(endpoint.port) : undefined),
    };
    return { blender, endpoint, wait, detached, launch };
  },
  run: startBlender,
});
