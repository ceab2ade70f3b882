// `start`: starts Blender with the service.

import { stat } from "node:fs/promises";
import { isIP } from "node:net";
import { resolve } from "node:path";
import { wrongUsage } from "../failure.ts";
import { logLevels } from "../local/config/config.ts";
import { requireFolderOf } from "../local/files/output-place.ts";
import { logPath } from "../local/start/logs.ts";
import { isLoopback, reachable } from "../remote/wire/address.ts";
import { givenToken, startAccess } from "./_access.ts";
import { command } from "./_command.ts";
import { blenderArgs, localBlenderOf } from "./_local-blender.ts";
import { type Start, startBlender } from "./_starting.ts";
import { parseHost, parseSeconds, targetOf } from "./_target.ts";
import { thereArgs } from "./_there-args.ts";

/** How long a start may take, in seconds, unless --wait or --timeout says otherwise. */
const usualWait = 60;

interface ListenFlags {
  host?: string | undefined;
  listen?: string | undefined;
  "allow-remote": boolean;
  auth: boolean;
}

/**
 * The address that the service is to listen on.
 *
 * @throws Failure `two-hosts`, `bad-host`, `bad-address`, `not-loopback`, `no-auth-remote`, all of kind `usage`.
 */
function listenAddress({ host, listen, "allow-remote": allowed, auth }: ListenFlags): string {
  if (host !== undefined && listen !== undefined) {
    const what = "--host and --listen both say where the service listens";
    throw wrongUsage("two-hosts", what, "give one of them");
  }
  const flag = listen === undefined ? "--host" : "--listen";
  const address = parseHost(listen ?? host ?? "127.0.0.1", flag);
  if (isLoopback(address)) return address;
  if (listen === undefined || !allowed) {
    throw wrongUsage(
      "not-loopback",
      `${flag} is '${address}', which other machines reach: whoever gets in can run code as you, and the traffic isn't encrypted`,
      "from another machine --ssh [user@]host needs none of that; else --listen ADDRESS --allow-remote",
    );
  }
  if (isIP(address) === 0) {
    const what = `--listen is '${address}'`;
    throw wrongUsage("bad-address", what, "give an address of this machine, such as 192.168.1.5");
  }
  if (!auth) {
    const what = "--no-auth is for loopback: every machine that reaches the service could run code";
    throw wrongUsage("no-auth-remote", what, "leave --no-auth out");
  }
  return address;
}

function checkPort(port: number): void {
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
  there: true,
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
    listen: {
      type: "string",
      valueHint: "address",
      description: "The address that the service listens on (127.0.0.1), where it isn't loopback",
    },
    "allow-remote": {
      type: "boolean",
      description: "Let --listen be an address that other machines reach",
    },
    auth: {
      type: "boolean",
      default: true,
      negativeDescription:
        "Ask for no token, for older clients: whoever is on this machine can then run code as you",
    },
    ...blenderArgs,
    wait: {
      type: "string",
      valueHint: "seconds",
      description: `How long the start may take (--timeout, else ${usualWait})`,
    },
    ...thereArgs,
  },
  rest: "BLENDER_ARGS…",
  async options({ args, rest }) {
    const address = listenAddress(args);
    const { endpoint: asked, deadlines } = await targetOf(args, usualWait);
    const { port } = asked;
    checkPort(port);
    const given = args.auth ? (givenToken(args) ?? "own") : "none";
    const reached = { host: reachable(address), port };
    const { authentication, access } = startAccess(reached, given);
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
      host: address,
      port,
      allowRemote: !isLoopback(address),
      authentication,
      background,
      logLevel: args["log-level"] ?? blender.configuration.logLevel,
      scene,
      blenderArgs: rest,
      profile: args.profile === undefined ? undefined : resolve(args.profile),
      isolated,
      cwd: process.cwd(),
      detached,
      logFile: ownLog ?? (detached ? logPath(port) : undefined),
    };
    const endpoint = { ...reached, access };
    return { blender, endpoint, wait, detached, launch };
  },
  run: startBlender,
});
