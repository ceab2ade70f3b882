// The program that `execute` is to run, out of its command line.

import { dirname, resolve } from "node:path";
import { type Failure, messageOf, wrongUsage } from "../failure.ts";
import { realPath } from "../local/files/real-path.ts";
import { wholeFile, wholeStream } from "../local/files/whole-file.ts";
import type { UserCode } from "../remote/code/user-code.ts";
import { ours } from "../text.ts";

const ways = "give a file, '-' for standard input, or --code CODE";

/** How much of a line of code is shown to others, in characters. */
const shownCode = 60;

/** The first line of code, for a title; what could disturb a terminal isn't in it. */
function firstLine(code: string): string {
  const [line = ""] = code.trim().split("\n");
  const shown = line.replace(/\p{C}/gu, " ").trim();
  return shown.length <= shownCode ? shown : `${shown.slice(0, shownCode - 1)}…`;
}

function dashed(words: readonly string[]): string[] {
  return words.length === 0 ? [] : ["--", ...words];
}

/** How many bytes a program may have. */
const largest = 64_000_000;

function unreadable(what: string, error: unknown): Failure {
  return wrongUsage(
    "unreadable-file",
    `can't read ${what}: ${messageOf(error)}`,
    "give a file that exists, '-' for standard input, or --code CODE",
    error,
  );
}

/** How much of a file's name is shown to others, from its end. */
const shownName = 150;

/**
 * The code with what Python itself makes of such a command line: the name in tracebacks, `sys.argv`,
 * `sys.path[0]`.
 *
 * @throws Failure `two-sources`, `missing-argument`, `unreadable-file`, all of kind `usage`.
 */
export async function userCode(
  file: string | undefined,
  code: string | undefined,
  rest: readonly string[],
): Promise<UserCode> {
  if (file !== undefined && code !== undefined) {
    throw wrongUsage("two-sources", `both a file (${file}) and --code were given`, ways);
  }
  if (code !== undefined) {
    return {
      source: new TextEncoder().encode(code),
      name: "<string>",
      argv: ["-c", ...rest],
      path0: "",
      title: `execute -c ${firstLine(code)}`.trim(),
    };
  }
  if (file === undefined) {
    const [first, ...others] = rest;
    const before = first === undefined ? ways : ours("execute", first, ...dashed(others));
    throw wrongUsage("missing-argument", "there is no code to run", before);
  }
  const argv = [file, ...rest];
  if (file === "-") {
    const source = await wholeStream(Bun.stdin.stream(), largest).catch((error: unknown) => {
      throw unreadable("standard input", error);
    });
    return { source, name: "<stdin>", argv, path0: "", title: "execute -" };
  }
  try {
    return {
      source: await wholeFile(file, largest),
      name: resolve(file),
      argv,
      path0: dirname(await realPath(file)),
      title: `execute ${file.slice(-shownName)}`,
    };
  } catch (error) {
    throw unreadable(`'${file}'`, error);
  }
}
