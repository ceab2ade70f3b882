// What can go wrong with a wheelhouse on Blender's machine, in words that users can act on.

import { Failure } from "../../failure.ts";
import { systemWords } from "../../system-words.ts";
import { again, ours, type Text, text } from "../../text.ts";
import { folderOf } from "../path.ts";
import { changedOnTheWay, RemoteError } from "../script/failures.ts";
import type { Wheel } from "./wheel.ts";

/** What `resolved` of wheelhouse.py means by these. */
const pathErrors: Readonly<Record<string, string>> = {
  ENODEV: "a part of its path is the name of a device on Windows",
  ENXIO: "it is a path of Windows, and this Blender's machine has another system",
};

/** The errors of reading a wheelhouse. */
export function unreadable(given: string, error: unknown): unknown {
  if (!(error instanceof RemoteError) || error.errno === undefined) return error;
  const folder = error.path ?? given;
  const hint = text`give the folder that '${ours("pkg push")}' filled with --remote-wheelhouse`;
  if (error.errno === "ENOTDIR") {
    const message = `the remote wheelhouse '${folder}' isn't a folder`;
    return new Failure("not-a-folder", message, { hint, cause: error });
  }
  const why = pathErrors[error.errno] ?? error.reason;
  return new Failure(
    "folder-not-readable",
    `can't read the remote wheelhouse '${folder}': ${why}`,
    { hint, cause: error },
  );
}

/** The errors of making a wheelhouse, or of writing to it. */
export function unwritable(folder: string, error: unknown): unknown {
  if (!(error instanceof RemoteError) || error.errno === undefined) return error;
  return notWritable(folder, error.errno, error);
}

/** What is meant here more exactly than by the system's words. */
const folderErrors: Readonly<Record<string, string>> = {
  EACCES: "Blender's user may not",
  EPERM: "Blender's user may not",
  EEXIST: "it, or a part of its path, is a file",
  ENOTDIR: "it, or a part of its path, is a file",
  ...pathErrors,
};

/** What a user may do where Windows says that nothing is there because a path is long. */
const longPathHint =
  "Windows takes paths of up to 259 characters, unless its setting LongPathsEnabled is on: give a shorter folder with --remote-wheelhouse";

/** Whether a path on Windows may be one that it doesn't take; a folder has to leave room for a name. */
function isLong(path: string): boolean {
  return !path.startsWith("/") && path.length > 240;
}

/** The failure for a wheelhouse that can't be made or written to, by the errno's name. */
export function notWritable(folder: string, errno: string, cause?: unknown): Failure {
  const full = errno === "ENOSPC" || errno === "EDQUOT";
  const why = folderErrors[errno] ?? systemWords(errno) ?? errno;
  return new Failure(
    full ? "no-space" : "folder-not-writable",
    `can't write to the remote wheelhouse '${folder}': ${why}`,
    {
      hint: full
        ? roomHint(folder)
        : errno === "ENOENT" && isLong(folder)
          ? longPathHint
          : "give a folder that Blender's user may write to with --remote-wheelhouse",
      cause,
    },
  );
}

/** How to get room on the disk of a wheelhouse. */
export function roomHint(folder: string): Text {
  const purge = ours("pkg purge-cache", "--remote-wheelhouse", folder);
  return text`free some on Blender's machine, or give another --remote-wheelhouse; all wheels there go with: ${purge}`;
}

/** Bytes that changed on their way into the file `target`. */
export function mismatched(target: string): Failure {
  return new Failure(
    "hash-mismatch",
    `${target} arrived with another SHA-256 than it was sent with`,
    { hint: changedOnTheWay },
  );
}

/**
 * Stops a wheel that isn't the one that it should be.
 *
 * @throws Failure `not-as-listed`.
 */
export function requireListed(wheel: Wheel, sha256: string): void {
  const refusal = wheel.refusal?.(sha256);
  if (refusal === undefined) return;
  throw new Failure("not-as-listed", refusal, {
    hint: "download or build the wheel again, or bring the list up to date",
  });
}

/** The errors of Blender's machine while a file is written that becomes `target`. */
export function uploadFailure(error: unknown, target: string): unknown {
  if (!(error instanceof RemoteError)) return error;
  const cause = error;
  switch (error.errno) {
    case "ENOSPC":
    case "EDQUOT":
      return new Failure("no-space", "there is no space left there; its part was removed", {
        hint: roomHint(folderOf(target)),
        cause,
      });
    case "EBUSY":
      return new Failure("part-busy", "another push is sending the same wheel", {
        hint: text`wait until it has ended, then run '${again()}' again`,
        cause,
      });
    case "EPERM":
      return new Failure("part-foreign", `${error.path ?? target} can't be used: ${error.reason}`, {
        hint: "remove it on Blender's machine, or give a --remote-wheelhouse that nobody else may write to",
        cause,
      });
    case "ENOENT":
      if (isLong(target))
        return new Failure("path-too-long", `${target} can't be written`, {
          hint: longPathHint,
          cause,
        });
      return new Failure(
        "part-removed",
        "its part or its folder was removed on Blender's machine meanwhile",
        {
          hint: text`run '${again()}' again`,
          cause,
        },
      );
    case "EISDIR":
    case "ENOTEMPTY":
    case "EEXIST":
      return new Failure("name-taken", `${target} is no plain file on Blender's machine`, {
        hint: "remove it on Blender's machine, or give another --remote-wheelhouse",
        cause,
      });
    default:
      return error;
  }
}
