// What pip writes without what only its developers can use: tracebacks, endless lines, repetitions.

import { type LinePlaces, withPlaces } from "./own-lines.ts";

/** The first line of a traceback of pip's own; what a build of a package writes is indented. */
const traceback = /^Traceback \(most recent call last\):\s*$/;
const framed = /^[╭+][─-]+ ?Traceback \(most recent call last\) ?[─-]+[╮+]\s*$/;
const frameEnd = /^[╰+][─-]+[╯+]\s*$/;
/** Between the tracebacks of exceptions that led to each other. */
const chained =
  /^(?:During handling of the above exception, another|The above exception was the direct cause of)/;
/** What Python's logging writes when it can't write. */
const loggingError = /^--- Logging error ---\s*$/;
const callStack = /^Call stack:\s*$/;
const loggedCall = /^(?:Message|Arguments): /;

/** What pip says where Windows keeps what it had set aside (`~ame`): who ran it tells of that. */
const keptAside =
  /^\s*WARNING: Failed to remove contents in a temporary directory '.*[\\/]~[^\\/]+'\.\s*$/;
const removeByHand = /^\s*You can safely remove it manually\.\s*$/;

/** The text of `shutil.Error`: a list of (source, target, reason), one for each file. */
const copyErrors = /^(?:shutil\.)?Error: \[\(/;
const copyReason = /\('(?:[^'\\]|\\.)*', '(?:[^'\\]|\\.)*', (["'])(.*?)\1\)/g;

/** What can be said of one file after the other. */
const complaint = /^\s*(?:error|warning|deprecation)\b|^(?:\w+\.)*\w*(?:Error|Exception)\b/i;
/** How many of those that differ only in what they are about are shown. */
const shownAlike = 3;

/** A longer line is cut, in characters. */
const longLine = 2000;
const cutLine = 500;
/** How much of a line is kept until it ends, in characters. */
const keptLine = 4 * 1024 * 1024;

type State = "plain" | "traceback" | "framed" | "call-stack" | "kept-aside";

/** One stream of pip's, of which whole lines are let through as they come. */
export class PlainOutput {
  readonly #decoder = new TextDecoder();
  readonly #places: LinePlaces;
  /** The line that hasn't ended yet. */
  #line = "";
  #state: State = "plain";
  /** The last line of a traceback, unless another one follows from it. */
  #last: string | undefined;
  /** The complaint before, without what it is about. */
  #alike = { form: "", count: 0 };

  constructor(places: LinePlaces) {
    this.#places = places;
  }

  /** What of a piece, and of those before it, can be shown now. */
  take(piece: Uint8Array): string {
    const lines = (this.#line + this.#decoder.decode(piece, { stream: true })).split("\n");
    this.#line = (lines.pop() ?? "").slice(0, keptLine);
    return lines.map((line) => this.#shown(line)).join("");
  }

  /** What is left to show when the stream has ended. */
  end(): string {
    const rest = this.#line === "" ? "" : this.#shown(this.#line);
    this.#line = "";
    return rest + this.#takeLast() + this.#toldAlike();
  }

  #shown(line: string): string {
    if (this.#state === "framed") {
      if (frameEnd.test(line)) this.#state = "traceback";
      return "";
    }
    if (this.#state === "call-stack") {
      if (/^\s/.test(line) || loggedCall.test(line)) return "";
      this.#state = "plain";
    }
    if (keptAside.test(line)) {
      this.#state = "kept-aside";
      return "";
    }
    if (this.#state === "kept-aside") {
      this.#state = "plain";
      if (removeByHand.test(line)) return "";
    }
    const begins = this.#begun(line);
    if (begins !== undefined) return begins;
    if (this.#state === "plain") return this.#plain(line);
    const ended = /^\S/.test(line);
    if (this.#last === undefined) {
      if (ended) this.#last = line;
      return "";
    }
    // Blank lines stand before another one, and after the last one.
    if (line.trim() === "") return "";
    this.#state = "plain";
    return this.#takeLast() + this.#plain(line);
  }

  /** What is to be shown where a line begins, or goes on with, what isn't; undefined elsewhere. */
  #begun(line: string): string | undefined {
    if (chained.test(line)) {
      this.#state = "traceback";
      this.#last = undefined;
      return "";
    }
    if (traceback.test(line) || loggingError.test(line)) this.#state = "traceback";
    else if (framed.test(line)) this.#state = "framed";
    else if (callStack.test(line) && this.#state === "traceback") this.#state = "call-stack";
    else return undefined;
    return this.#takeLast();
  }

  #takeLast(): string {
    const line = this.#last;
    this.#last = undefined;
    return line === undefined ? "" : this.#plain(line);
  }

  #plain(line: string): string {
    const form = complaint.test(line)
      ? line.replace(/'[^']*'|"[^"]*"|(?<![\w.])(?:\/|[a-z]:\\)\S+/gi, "…")
      : "";
    const alike = form !== "" && form === this.#alike.form;
    if (alike && ++this.#alike.count > shownAlike) return "";
    const told = alike ? "" : this.#toldAlike();
    if (!alike) this.#alike = { form, count: 1 };
    return `${told}${withPlaces(shortened(line), this.#places)}\n`;
  }

  #toldAlike(): string {
    const more = this.#alike.count - shownAlike;
    this.#alike = { form: "", count: 0 };
    return more > 0 ? `(and ${more} more like this)\n` : "";
  }
}

/** A line that people can read: of a list of files that couldn't be copied, the first. */
function shortened(line: string): string {
  if (line.length <= longLine) return line;
  if (copyErrors.test(line)) {
    const reasons = Array.from(line.matchAll(copyReason), ([, , reason = ""]) => reason);
    const [first] = reasons;
    if (first !== undefined) return `shutil.Error: ${first} (and ${reasons.length - 1} more files)`;
  }
  return `${line.slice(0, cutLine)}… (${line.length - cutLine} more characters)`;
}
