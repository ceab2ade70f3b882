// Where a command speaks: data to stdout, all else to stderr.

import { type ConsolaInstance, createConsola, LogLevels, type LogObject } from "consola/core";
import { colors } from "consola/utils";
import { Failure, messageOf } from "../failure.ts";
import { rendered, type Text, type UserFlags } from "../text.ts";
import { harmless, ProgramOutput } from "./harmless.ts";
import { makeRoom } from "./passing-line.ts";
import { fitted, unbroken, widthOf } from "./wrap.ts";

export interface OutputOptions {
  json: boolean;
  quiet: boolean;
  verbose: boolean;
  /** What the user typed, for the commands in messages. */
  flags?: UserFlags;
}

/** Where a program's bytes go. */
type ProgramStream = "stdout" | "stderr";

/** A command's stdout and stderr. */
export interface Output extends Readonly<OutputOptions> {
  /** Whether a person can be asked: stdin and stderr are a terminal and `--json` wasn't given. */
  readonly interactive: boolean;
  /** Whether stderr is a terminal on which the cursor can be moved. */
  readonly terminal: boolean;
  /** Whether whoever read stdout has gone (`| head`). */
  readonly unread: boolean;
  /**
   * Data to stdout, on a terminal made harmless, else as it is; resolves when the system has taken all
   * of it.
   */
  write(text: string): Promise<void>;
  /** The same for what only this program has written, with its colours. */
  writeOwn(text: string): Promise<void>;
  /** The same for sentences, a line each: on a terminal they are broken between words. */
  sentences(lines: readonly string[]): Promise<void>;
  /** A line on stdout about what was done: silent with `--quiet`, as nobody asked for it. */
  result(line: string): Promise<void>;
  /** The one JSON value of `--json`, on stdout. */
  writeJson(value: unknown): Promise<void>;
  /** As `write`, to stderr: a traceback, for one. */
  writeError(text: string): Promise<void>;
  /**
   * What a program writes that ran for the user, such as code in Blender: as it is, but on a terminal
   * without what could do more there than write and colour.
   */
  writeProgram(stream: ProgramStream, bytes: Uint8Array): Promise<void>;
  /** Notes for people on stderr: silent with `--quiet` and `--json`. */
  note(message: Text): void;
  success(message: Text): void;
  /** Always shown, also with `--quiet`. */
  warn(message: Text): void;
  error(message: string): void;
  /** The way on, after an error: `hint: …`. */
  hint(hint: Text): Promise<void>;
  /** A text for `--json`: the commands in it mean the service that the user named. */
  rendered(value: Text): string;
  /** Only with `--verbose`. */
  debug(message: string): void;
}

// Not Bun.write: into a file it writes at an offset of its own, over what others wrote into that file.
function writeTo(stream: NodeJS.WriteStream, text: string | Uint8Array): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  if (stream.isTTY) makeRoom(text);
  stream.write(text, (error) => {
    if (error != null && isBrokenPipe(error)) readersGone.add(stream);
    if (error == null || isBrokenPipe(error)) resolve();
    else {
      const name = stream === process.stdout ? "stdout" : "stderr";
      reject(
        new Failure("output-failed", `can't write to ${name}: ${messageOf(error)}`, {
          hint: "see where the output goes: a full disk, a closed file?",
          cause: error,
        }),
      );
    }
  });
  return promise;
}

const readersGone = new Set<NodeJS.WriteStream>();

/** The reader went away (`| head`): nobody is left to tell. */
function isBrokenPipe(error: Error): boolean {
  return "code" in error && error.code === "EPIPE";
}

for (const stream of [process.stdout, process.stderr]) {
  // Every write hears of its own error; without a listener it would end the process besides.
  stream.on("error", () => {});
}

// The library looks at stdout and at CI; these go to stderr.
const coloured = process.stderr.isTTY === true && process.env["NO_COLOR"] === undefined;

function label(text: string, colour: (text: string) => string): string {
  return coloured ? colour(text) : text;
}

const labels: Record<string, string> = {
  error: label("error:", colors.red),
  warn: label("warning:", colors.yellow),
  debug: label("debug:", colors.gray),
};

/** How much of one message is shown, in characters: others may have written it. */
const mostShown = 64 * 1024;

/**
 * A message as a stream shows it: on a terminal it's broken between words. What it quotes of others is
 * made harmless everywhere, since logs are read on terminals.
 *
 * @param before a label of ours, in colours.
 */
function shown(message: string, stream: NodeJS.WriteStream = process.stderr, before = ""): string {
  const all = harmless(message.slice(0, mostShown));
  const plain = message.length > mostShown ? `${all}… (${message.length} characters)` : all;
  return fitted(`${before}${plain}`, stream.isTTY === true ? widthOf(stream) : undefined);
}

const programs = { stdout: new ProgramOutput(), stderr: new ProgramOutput() };

/** What a program has left open on a terminal, before anything else is written there. */
function closing(): string {
  return programs.stdout.end() + programs.stderr.end();
}

function writeProgram(name: ProgramStream, bytes: Uint8Array): Promise<void> {
  const stream = process[name];
  return writeTo(stream, stream.isTTY ? programs[name].take(bytes) : bytes);
}

/** Data: only a terminal would act on what is in it. */
function writeData(stream: NodeJS.WriteStream, text: string): Promise<void> {
  return writeOwn(stream, stream.isTTY ? harmless(text) : text);
}

function writeOwn(stream: NodeJS.WriteStream, text: string): Promise<void> {
  return writeTo(stream, stream.isTTY ? closing() + text : text);
}

process.on("exit", () => {
  for (const stream of [process.stdout, process.stderr]) {
    if (stream.isTTY) stream.write(closing());
  }
});

function line(entry: LogObject): string {
  const text = entry.args.map(String).join(" ");
  const before = labels[entry.type];
  return shown(text, process.stderr, before === undefined ? "" : `${before} `);
}

function messages(options: OutputOptions): ConsolaInstance {
  return createConsola({
    // consola takes its level from CI and NODE_ENV unless told; ours comes from the flags alone.
    level: options.verbose ? LogLevels.debug : LogLevels.info,
    stdout: process.stderr,
    stderr: process.stderr,
    reporters: [{ log: (entry) => void writeOwn(process.stderr, `${line(entry)}\n`) }],
  });
}

/** Makes the output of one command from its global flags. */
export function createOutput(options: OutputOptions): Output {
  const speak = messages(options);
  const chatty = !options.quiet && !options.json;
  const person = process.stderr.isTTY === true;
  const render = (value: Text) => rendered(value, options.flags);
  /** For `shown`: a command can be copied as a whole. */
  const spoken = (value: Text) => rendered(value, options.flags, unbroken);
  return {
    ...options,
    // A terminal can say of itself that it knows no escape sequences.
    terminal: person && process.env["TERM"] !== "dumb",
    interactive: person && process.stdin.isTTY === true && !options.json,
    get unread() {
      return readersGone.has(process.stdout);
    },
    write: (text) => writeData(process.stdout, text),
    writeOwn: (text) => writeOwn(process.stdout, text),
    sentences: (lines) =>
      writeOwn(process.stdout, lines.map((one) => `${shown(one, process.stdout)}\n`).join("")),
    result: async (text) => {
      if (!options.quiet) await writeData(process.stdout, `${text}\n`);
    },
    writeJson: (value) => writeData(process.stdout, `${JSON.stringify(value, null, 2)}\n`),
    writeError: (text) => writeData(process.stderr, text),
    writeProgram,
    note: (message) => {
      if (chatty) speak.info(spoken(message));
    },
    success: (message) => {
      if (chatty) speak.success(spoken(message));
    },
    warn: (message) => speak.warn(spoken(message)),
    error: (message) => speak.error(message),
    hint: (hint) => writeOwn(process.stderr, `${shown(`hint: ${spoken(hint)}`)}\n`),
    rendered: render,
    debug: (message) => speak.debug(message),
  };
}
