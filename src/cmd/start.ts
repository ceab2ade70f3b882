import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { Failure } from "../failure.ts";
import {
  abandon,
  askToEnd,
  killNow,
  type Launched,
  launchBlender,
  portInUse,
  tidyUp,
  waitUntilServing,
} from "../local/blender/launch.ts";
import { logPath } from "../local/blender/logs.ts";
import { logLevels } from "../local/config/config.ts";
import { installService } from "../local/service/service-addon.ts";
import { diagnose, shutDown } from "../remote/service/service.ts";
import type { Endpoint } from "../remote/wire/connection.ts";
import { Session } from "../remote/wire/session.ts";
import type { Output } from "../ui/output.ts";
import { command } from "./_command.ts";
import { profileArgs, withBlender } from "./_local-blender.ts";
import { configurationOf, isLoopback, parseSeconds, targetOf } from "./_target.ts";

/** How long a start may take, in seconds, unless --wait or --timeout says otherwise. */
const usualWait = 60;
/** For looking at a port on this machine. */
const quick = { connect: 2, firstAnswer: 2, total: 5 };

function usage(code: string, message: string, hint: string): Failure {
  return new Failure(code, message, { kind: "usage", hint });
}

function checkEndpoint({ host, port }: Endpoint): void {
  if (!isLoopback(host)) {
    throw usage(
      "not-loopback",
      `--host is '${host}', and the service is started on loopback only: whoever reaches it can run code as you`,
      "from another machine use a tunnel: ssh -L 6688:127.0.0.1:6688 HOST",
    );
  }
  // The service takes no others, and would go on with its default.
  if (port < 1024)
    throw usage("bad-port", `port ${port} is below 1024`, "give --port 1024 or more");
}

async function sceneAt(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  const scene = resolve(path);
  const there = await stat(scene).catch(() => undefined);
  if (there?.isFile()) return scene;
  const why = there === undefined ? "doesn't exist" : "isn't a file";
  throw usage("no-scene", `--scene ${scene} ${why}`, "give a .blend file");
}

function levelOf(level: string): string {
  const upper = level.toUpperCase();
  if (logLevels.some((known) => known === upper)) return upper;
  throw usage("bad-log-level", `--log-level is '${level}'`, `give one of ${logLevels.join(", ")}`);
}

function checkDisplay(background: boolean): void {
  if (background || process.platform === "win32" || process.platform === "darwin") return;
  if (process.env["DISPLAY"] || process.env["WAYLAND_DISPLAY"]) return;
  throw usage(
    "no-display",
    "there is no display for Blender's window (DISPLAY and WAYLAND_DISPLAY are not set)",
    "start it without a window: blender-remote-cli start --background",
  );
}

async function checkPort(endpoint: Endpoint, signal: AbortSignal): Promise<void> {
  const { port } = endpoint;
  const found = await diagnose(endpoint, quick, signal);
  switch (found.state) {
    case "nothing":
      return;
    case "service": {
      const { blender_version: version, pid } = found.server.hello;
      throw portInUse(port, `a Blender ${version} with our service (pid ${pid}) is there`, true);
    }
    case "plain": {
      const { blender_version: version, pid } = found.blender;
      const detail = `a Blender ${version} with an older or another service (pid ${pid}) is there`;
      throw portInUse(port, detail, true);
    }
    case "silent":
      throw portInUse(port, "a program that doesn't answer listens there");
    case "other":
      throw portInUse(port, "a program that isn't a Blender service listens there");
  }
}

/** The version of the Blender with this process id, once its service answers at the address. */
async function answersFrom(
  endpoint: Endpoint,
  pid: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const session = await Session.open(endpoint, quick, signal);
    session.close();
    const { server } = session;
    if (server.kind === "service" && server.hello.pid === pid) return server.hello.blender_version;
  } catch (error) {
    if (error instanceof Failure && error.kind === "no-service") return undefined;
    throw error;
  }
  throw portInUse(endpoint.port, "another program answers there");
}

/** Ends Blender because the user wants it: a window wouldn't close itself at a signal. */
async function endCleanly(launched: Launched, endpoint: Endpoint): Promise<void> {
  if (!launched.options.background) {
    try {
      const session = await Session.open(endpoint, quick, new AbortController().signal);
      await shutDown(session, true).finally(() => session.close());
      return;
    } catch {
      // A service that can't be asked any more: the signal below ends Blender.
    }
  }
  askToEnd(launched);
}

/** Stays until Blender ends, or ends it when asked to; gives our exit code. */
async function stay(
  launched: Launched,
  endpoint: Endpoint,
  output: Output,
  signal: AbortSignal,
): Promise<number> {
  const asked = () => {
    output.note("ending Blender; Ctrl-C again kills it");
    void endCleanly(launched, endpoint);
  };
  if (signal.aborted) asked();
  signal.addEventListener("abort", asked, { once: true });
  const { exitCode, signalCode } = await launched.end;
  if (exitCode === 0) {
    output.note("Blender has ended");
    return 0;
  }
  const how = exitCode === null ? `by signal ${signalCode}` : `with exit code ${exitCode}`;
  // Thrown, it would be a second JSON value on stdout.
  output.error(`Blender ended ${how}`);
  return 1;
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
      type: "string",
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
  async run({ args, rest, output, signal }) {
    const background = args.background === true;
    const detached = args.detach === true;
    const { endpoint, deadlines } = await targetOf(args, usualWait);
    checkEndpoint(endpoint);
    const wait = args.wait === undefined ? deadlines.total : parseSeconds(args.wait, "--wait");
    const configuration = await configurationOf(args);
    const logLevel = levelOf(args["log-level"] ?? configuration.logLevel);
    const scene = await sceneAt(args.scene);
    if (args.isolated === true && detached) {
      throw usage(
        "isolated-detached",
        "--isolated ends with this command, and with --detach Blender goes on",
        "give a folder: --profile DIR",
      );
    }
    return withBlender(args, output, signal, async (blender) => {
      checkDisplay(background);
      await checkPort(endpoint, signal);
      // Nobody has been there before.
      if (args.isolated === true) await installService(blender);

      const ownLog = args["log-file"] === undefined ? undefined : resolve(args["log-file"]);
      const logFile = ownLog ?? (detached ? logPath(endpoint.port) : undefined);
      const { host, port } = endpoint;
      const launched = await launchBlender({
        executable: blender.executable,
        background,
        host,
        port,
        logLevel,
        scene,
        blenderArgs: rest,
        env: blender.env,
        logFile,
      });
      const kill = () => killNow(launched);
      process.once("exit", kill);
      let version: string | undefined;
      let pid: number;
      try {
        pid = await waitUntilServing(launched, wait, signal, async (candidate) => {
          version = await answersFrom(endpoint, candidate, signal);
          return version !== undefined;
        });
      } catch (error) {
        await abandon(launched);
        throw error;
      }
      await tidyUp(launched);

      const log = logFile ?? null;
      if (output.json) {
        await output.writeJson({
          op: "start",
          pid,
          host,
          port,
          blender: version,
          background,
          detached,
          log,
        });
      } else {
        await output.write(`Blender ${version} (pid ${pid}) answers on ${host}:${port}\n`);
        if (log !== null) await output.write(`log: ${log}\n`);
      }
      const status = detached ? 0 : await stay(launched, endpoint, output, signal);
      process.removeListener("exit", kill);
      launched.child.unref();
      return status;
    });
  },
});
