// Finds the executable that a path means, and asks it whether it is a Blender and which.

import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { basename, delimiter, join, resolve, sep } from "node:path";
import {
  Failure,
  type FailureOptions,
  isShortage,
  messageOf,
  systemCodeOf,
} from "../../failure.ts";
import { examplePath, ours, shellWord, text } from "../../text.ts";
import { foldersOnPath, programOnPath } from "../files/programs.ts";
import { withoutToken } from "../service/token-file.ts";
import { macExecutable, quarantineHint } from "./mac-application.ts";
import { type Finished, howEnded, runToEnd } from "./process.ts";
import { misfitOf } from "./program-kind.ts";
import { lastLinesOfBoth, shortSeconds } from "./quoting.ts";
import { windowsExecutable } from "./windows-executable.ts";

/** The oldest Blender that the Python of this program is written for. */
export const oldestVersion: readonly [number, number] = [3, 3];

/** How long a Blender may take to say its version, in seconds; a first start from a snap is slow. */
const versionSeconds = 60;

/** An executable that says it is Blender. */
export interface Blender {
  executable: string;
  /** `4.3.2` */
  version: string;
  numbers: readonly [number, number, number];
}

/**
 * An environment in which a Blender and what it starts, such as pip with its git and uname, take no
 * program out of the current folder: not by a relative folder in PATH (an empty one counts as such), and
 * not as Windows does it (Microsoft: "NeedCurrentDirectoryForExePathW").
 */
export function programsOfPathOnly(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const name = Object.keys(env).find((key) => key.toUpperCase() === "PATH");
  return {
    ...env,
    // One without any folder would mean the current one.
    ...(name === undefined
      ? {}
      : { [name]: foldersOnPath(env, delimiter).join(delimiter) || undefined }),
    ...(process.platform === "win32" ? { NoDefaultCurrentDirectoryInExePath: "1" } : {}),
  };
}

/**
 * The environment for a Blender: without Python's own variables, which Blender 3.x obeys although
 * they are meant for another Python, and without the token of a service.
 */
export function blenderEnvironment(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const kept = Object.entries(withoutToken(env)).filter(([name]) => !name.startsWith("PYTHON"));
  return programsOfPathOnly(Object.fromEntries(kept));
}

/** Where files for a Blender go: a Flatpak's /tmp is its own, the home folder is shared. */
export function temporaryRoot(executable: string): string {
  return executable.includes("/flatpak/exports/") ? homedir() : tmpdir();
}

const giveBlender = text`give Blender's own executable: ${ours("init", examplePath)}`;

function notBlender(executable: string, why: string, options: FailureOptions = {}): Failure {
  const { hint = giveBlender, ...rest } = options;
  return new Failure("not-blender", `${executable} isn't Blender: ${why}`, { hint, ...rest });
}

function lacksLibrary(executable: string, library: string): Failure {
  return new Failure(
    "blender-not-executable",
    `${executable} can't start: the system's library ${library} is missing`,
    { hint: `install the system's package that has ${library}` },
  );
}

/**
 * Why an executable couldn't be started; `not-blender` where the system gives no usual reason.
 *
 * @throws the error, where the machine has no room or memory left: that says nothing of Blender.
 */
export function cannotRun(executable: string, error: unknown): Failure {
  if (isShortage(error)) throw error;
  const code = systemCodeOf(error);
  if (code === "ENOENT") {
    return new Failure("blender-not-found", `there is no ${executable}`, {
      hint: text`${ours("init")} finds the Blenders of this machine; or give a path: ${ours("init", examplePath)}`,
      cause: error,
    });
  }
  const misfit = misfitOf(executable);
  if (misfit !== undefined) {
    return new Failure("not-blender", `${executable} can't be run: ${misfit.why}`, {
      hint: misfit.hint ?? giveBlender,
      cause: error,
    });
  }
  if (code === "EACCES" || code === "EPERM") {
    return new Failure(
      "blender-not-executable",
      `${executable} can't be run: ${messageOf(error)}`,
      {
        hint: `it must be a file that may be executed, and so must the folders above it be entered${lookAt(executable)}`,
        cause: error,
      },
    );
  }
  return notBlender(executable, messageOf(error), { cause: error });
}

/** What shows who may do what, where the shells have something short for that. */
function lookAt(path: string): string {
  return process.platform === "win32" ? "" : `: ls -l ${shellWord(path)}`;
}

function onlyHere(path: string): Failure {
  return new Failure("blender-not-found", `there is no ${path} on PATH, but one in this folder`, {
    hint: `give its path, if it is meant: .${sep}${path}`,
  });
}

/**
 * The executable that a path means: relative to the current folder; a macOS bundle's inner one; for
 * a bare name the one on PATH.
 *
 * @throws Failure `blender-not-found`, `blender-not-executable` or `not-blender` (a folder).
 */
export async function executableAt(path: string): Promise<string> {
  if (path === "") throw notBlender("''", "the path is empty");
  let executable = resolve(path);
  // A bare name is looked for as a shell does it: not in the current folder.
  if (basename(path) === path) {
    const found = programOnPath(path);
    if (found === undefined && existsSync(executable)) throw onlyHere(path);
    executable = found ?? executable;
  }
  if (process.platform === "win32") executable = windowsExecutable(executable);
  if (process.platform === "darwin") executable = macExecutable(executable);
  try {
    if (!(await stat(executable)).isDirectory()) return executable;
    if (!executable.endsWith(".app")) {
      throw notBlender(executable, "it is a folder");
    }
    executable = join(executable, "Contents", "MacOS", "Blender");
    await stat(executable);
    return executable;
  } catch (error) {
    throw error instanceof Failure ? error : cannotRun(executable, error);
  }
}

/** What it means that an executable ended and said no version of Blender. */
export function noVersion(
  executable: string,
  finished: Finished,
  platform: NodeJS.Platform = process.platform,
): Failure {
  const library = /error while loading shared libraries: ([^:\s]+)/.exec(
    finished.tails.stderr,
  )?.[1];
  if (library !== undefined) return lacksLibrary(executable, library);
  const said = lastLinesOfBoth(finished.tails, 1).slice(0, 200);
  if (said === "" && finished.signalCode !== null) {
    const how = `asked for --version it ended with ${howEnded(finished)}`;
    if (platform === "darwin" && finished.signalCode === "SIGKILL") {
      return new Failure("blender-not-executable", `${executable} can't be run: ${how}`, {
        hint: quarantineHint(executable),
      });
    }
    return notBlender(executable, how);
  }
  const answer = said === "" ? "nothing" : JSON.stringify(said);
  return notBlender(executable, `asked for --version it said ${answer}`);
}

/**
 * Asks an executable for its version, which needs no display.
 *
 * @param seconds how long it may take, at most a minute.
 * @throws Failure `blender-not-found`, `blender-not-executable`, `not-blender`, `blender-timeout`
 *   (kind `timeout`), `interrupted`.
 */
export async function identifyBlender(
  executable: string,
  signal: AbortSignal,
  seconds = versionSeconds,
): Promise<Blender> {
  const limit = Math.min(seconds, versionSeconds);
  let finished: Finished;
  try {
    finished = await runToEnd(executable, ["--version"], {
      env: blenderEnvironment(),
      seconds: limit,
      signal,
    });
  } catch (error) {
    signal.throwIfAborted();
    throw cannotRun(executable, error);
  }
  if (finished.timedOut) {
    throw new Failure(
      "blender-timeout",
      `${executable} wasn't done with --version within ${shortSeconds(limit)} s`,
      {
        kind: "timeout",
        hint: "see whether it is Blender, and what it does by itself; allow more with --timeout SECONDS",
      },
    );
  }
  const match = /^Blender (\d+)\.(\d+)(?:\.(\d+))?/m.exec(finished.stdout);
  if (match === null) throw noVersion(executable, finished);
  const [major, minor, patch] = match.slice(1).map((part) => Number(part ?? 0));
  const numbers = [major ?? 0, minor ?? 0, patch ?? 0] as const;
  return { executable, version: numbers.join("."), numbers };
}

/** @throws Failure `blender-too-old`. */
export function checkVersion(blender: Blender): void {
  const [major, minor] = blender.numbers;
  const [oldestMajor, oldestMinor] = oldestVersion;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  throw new Failure(
    "blender-too-old",
    `${blender.executable} is Blender ${blender.version}; ${oldestVersion.join(".")} or newer is needed`,
    { hint: text`install a newer Blender, then: ${ours("init", examplePath)}` },
  );
}
