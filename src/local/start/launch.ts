// Starts the Blender that serves, and waits until its service answers.

import { type ChildProcess, spawn } from "node:child_process";
import { statfs, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as v from "valibot";
import { Failure, isShortage, messageOf, systemCodeOf } from "../../failure.ts";
import { ours, shellWord, type Text, text } from "../../text.ts";
import { blenderEnvironment, programsOfPathOnly, temporaryRoot } from "../blender/executable.ts";
import { ended, endTree, howEnded, signalTree } from "../blender/process.ts";
import { removeTemporaryFolder, temporaryFolder } from "../files/temporary-folder.ts";
import { wholeText } from "../files/whole-file.ts";
import { tokenFolder, withoutToken } from "../service/token-file.ts";
import { openLog, tailOf } from "./logs.ts";
import serveSource from "./serve.py" with { type: "text" };

/** Bytes of a report. */
const mostOfReport = 10_000_000;

const reportSchema = v.object({
  state: v.picklist(["serving", "addon-missing", "addon-old", "port-in-use", "error"]),
  pid: v.number(),
  message: v.string(),
});

/** What the Blender that was started says about its service. */
type StartReport = v.InferOutput<typeof reportSchema>;

/** What clients must know: a token that the service makes, one that was given to it, or nothing. */
export type StartAuthentication =
  | { kind: "own" }
  | { kind: "given"; token: string }
  | { kind: "none" };

/** How Blender is to be started. */
export interface LaunchOptions {
  executable: string;
  background: boolean;
  /** The address that the service listens on. */
  host: string;
  port: number;
  /** Whether that may be one that other machines reach. */
  allowRemote: boolean;
  authentication: StartAuthentication;
  logLevel: string;
  /** A .blend file to open. */
  scene: string | undefined;
  /** Further arguments for Blender itself. */
  blenderArgs: readonly string[];
  /** The folder of a profile of its own, and whether that ends with the command. */
  profile: string | undefined;
  isolated: boolean;
  /** The folder in which Blender works, which relative arguments mean. */
  cwd: string;
  /** Whether the command returns while Blender goes on. */
  detached: boolean;
  /** The environment it is started in; the variables of the service are added. */
  env: NodeJS.ProcessEnv;
  /** The file for Blender's output; undefined for our own stderr. */
  logFile: string | undefined;
}

/** A Blender that was started, with the temporary folder that its start needs. */
export interface Launched {
  readonly child: ChildProcess;
  readonly end: ReturnType<typeof ended>;
  readonly options: LaunchOptions;
  readonly folder: string;
}

/** Blender's command line; options act in the order in which they stand. */
function commandLine(options: LaunchOptions, script: string): string[] {
  const { background, scene, blenderArgs } = options;
  // Blender leaves what follows a -- to the user's own scripts, so our script must come before it.
  const dashes = blenderArgs.indexOf("--");
  const own = dashes === -1 ? blenderArgs : blenderArgs.slice(0, dashes);
  const forScripts = dashes === -1 ? [] : blenderArgs.slice(dashes);
  return [
    ...(background ? ["--background"] : []),
    ...(scene === undefined ? [] : [scene]),
    ...own,
    "--python",
    script,
    ...forScripts,
  ];
}

/** What a later `restart` asks the Blender for; see `startedWith`. */
function record(options: LaunchOptions): string {
  const { executable, background, host, port, scene, blenderArgs, profile, isolated } = options;
  return JSON.stringify({
    executable,
    background,
    host,
    port,
    authentication: options.authentication.kind,
    folder: options.cwd,
    scene: scene ?? null,
    blender_args: blenderArgs,
    profile: profile ?? null,
    isolated,
    detached: options.detached,
    log_level: options.logLevel,
    log_file: options.logFile ?? null,
  });
}

function environment(options: LaunchOptions, folder: string): NodeJS.ProcessEnv {
  const wantsPython = options.blenderArgs.includes("--python-use-system-env");
  const { authentication, allowRemote } = options;
  return {
    ...(wantsPython
      ? programsOfPathOnly(withoutToken(options.env))
      : blenderEnvironment(options.env)),
    BLD_REMOTE_TOKEN_FILE: authentication.kind === "given" ? tokenFile(folder) : undefined,
    BLD_REMOTE_TOKEN_FOLDER: tokenFolder(),
    BLD_REMOTE_NO_AUTH: authentication.kind === "none" ? "1" : undefined,
    BLD_REMOTE_ALLOW_REMOTE: allowRemote ? "1" : undefined,
    BLD_REMOTE_MCP_HOST: options.host,
    BLD_REMOTE_MCP_PORT: String(options.port),
    BLD_REMOTE_MCP_START_NOW: "1",
    BLD_REMOTE_LOG_LEVEL: options.logLevel,
    BLENDER_REMOTE_REPORT: join(folder, "report.json"),
  };
}

/** In the folder of the start, which only this user may enter. */
function tokenFile(folder: string): string {
  return join(folder, "token");
}

/**
 * Starts Blender in a session of its own, so that neither Ctrl-C nor the end of the terminal
 * reaches it except through us.
 *
 * @throws Failure `blender-not-started`, `log-failed`.
 */
export async function launchBlender(options: LaunchOptions): Promise<Launched> {
  const folder = await temporaryFolder("blender-remote-", temporaryRoot(options.executable));
  try {
    const script = join(folder, "serve.py");
    await writeFile(script, serveSource);
    await writeFile(join(folder, "started.json"), record(options));
    const { authentication } = options;
    if (authentication.kind === "given")
      await writeFile(tokenFile(folder), authentication.token, { mode: 0o600 });
    const log = options.logFile === undefined ? undefined : await openLog(options.logFile);
    const sink = log?.fd ?? 2;
    const child = spawn(options.executable, commandLine(options, script), {
      env: environment(options, folder),
      cwd: options.cwd,
      stdio: ["ignore", sink, sink],
      detached: true,
      windowsHide: options.background,
    });
    const end = ended(child);
    end.catch(() => {});
    await log?.close();
    if (child.pid === undefined) await end;
    return { child, end, options, folder };
  } catch (cause) {
    await removeTemporaryFolder(folder);
    if (cause instanceof Failure || isShortage(cause)) throw cause;
    throw new Failure(
      "blender-not-started",
      `${options.executable} can't be started: ${messageOf(cause)}`,
      { kind: "no-service", hint: ours("init"), cause },
    );
  }
}

async function reportOf(launched: Launched): Promise<StartReport | undefined> {
  let report: string;
  try {
    report = await wholeText(join(launched.folder, "report.json"), mostOfReport);
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT") return undefined;
    throw error;
  }
  return v.parse(reportSchema, JSON.parse(report));
}

async function lastWords(options: LaunchOptions): Promise<string> {
  if (options.logFile === undefined) return "; what it said stands above";
  const lines = await tailOf(options.logFile, 15);
  const { bavail: free } = await statfs(dirname(options.logFile));
  if (free === 0) return `; the disk of its log is full (${options.logFile})`;
  return lines === "" ? "; it said nothing" : `; the last it said (${options.logFile}):\n${lines}`;
}

/** The failure that a report other than `serving` means. */
async function reportedFailure(report: StartReport, options: LaunchOptions): Promise<Failure> {
  switch (report.state) {
    case "addon-missing":
      return new Failure(
        "addon-missing",
        `the service add-on isn't installed or isn't enabled in ${options.executable}${await lastWords(options)}`,
        {
          kind: "not-configured",
          hint: options.blenderArgs.includes("--factory-startup")
            ? "--factory-startup leaves every add-on out: start without it"
            : ours("install"),
        },
      );
    case "addon-old":
      return new Failure(
        "addon-old",
        `${options.executable} has an older BLD_Remote_MCP, which can't be served from here`,
        { kind: "not-configured", hint: text`${ours("install")} (it keeps the old one aside)` },
      );
    case "port-in-use":
      return portInUse(options.port, report.message);
    default:
      return new Failure("service-failed", `the service didn't start: ${report.message.trim()}`, {
        kind: "no-service",
        hint: text`${ours("start", "--log-level", "DEBUG")} shows more`,
      });
  }
}

/** Something else has the port; `end`: what can be done about that. */
export function portInUse(port: number, detail: string, end: Text = "end that program"): Failure {
  return new Failure("port-in-use", `port ${port} is in use: ${detail}`, {
    hint: text`${end}, or take another port: --port PORT`,
  });
}

async function died(launched: Launched): Promise<Failure> {
  const report = await reportOf(launched);
  if (report !== undefined && report.state !== "serving")
    return reportedFailure(report, launched.options);
  const how = howEnded(await launched.end);
  return new Failure(
    "blender-died",
    `Blender ended while it was starting (${how})${await lastWords(launched.options)}`,
    {
      kind: "no-service",
      hint: `see whether it starts by itself: ${shellWord(launched.options.executable)}${launched.options.background ? " --background" : ""}`,
    },
  );
}

/**
 * Waits until the service of the Blender that was started answers.
 *
 * @param answers whether the service of the process with this id answers; a Failure ends the wait.
 * @returns Blender's process id, which isn't the child's where a wrapper script starts it.
 * @throws Failure `addon-missing`, `addon-old` (kind `not-configured`), `port-in-use`,
 *   `service-failed`, `blender-died`, `start-timeout` (kind `no-service`), `interrupted`.
 */
export async function waitUntilServing(
  launched: Launched,
  seconds: number,
  signal: AbortSignal,
  answers: (pid: number) => Promise<boolean>,
): Promise<number> {
  const until = performance.now() + seconds * 1000;
  let over = false;
  const end = launched.end.then(() => {
    over = true;
  });
  for (let pause = 10; ; pause = Math.min(pause * 1.5, 200)) {
    signal.throwIfAborted();
    if (over) throw await died(launched);
    const report = await reportOf(launched);
    if (report !== undefined && report.state !== "serving") {
      throw await reportedFailure(report, launched.options);
    }
    if (report !== undefined && (await answers(report.pid))) return report.pid;
    if (performance.now() > until) {
      throw new Failure(
        "start-timeout",
        `the service didn't answer within ${seconds} s, and Blender was ended${await lastWords(launched.options)}`,
        { kind: "no-service", hint: "give it more time: --wait SECONDS" },
      );
    }
    await Promise.race([Bun.sleep(pause), end]);
  }
}

/** Removes the temporary folder of the start. */
export async function tidyUp(launched: Launched): Promise<void> {
  await removeTemporaryFolder(launched.folder);
}

/** Ends the Blender that was started and all it started. */
export async function abandon(launched: Launched): Promise<void> {
  await endTree(launched.child, launched.end);
  await tidyUp(launched);
}

/** Kills it without waiting, for when our own process is ending. */
export function killNow(launched: Launched): void {
  signalTree(launched.child, "SIGKILL");
}

/** Asks the Blender that was started to end, as the service understands it. */
export function askToEnd(launched: Launched): void {
  signalTree(launched.child, "SIGTERM");
}
