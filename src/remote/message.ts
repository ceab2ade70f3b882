const quote = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** Thrown by `MessageReader.push` when what arrives can't be a message. */
export class MessageError extends Error {
  /** The first bytes that were seen, as text. */
  readonly seen: string;

  constructor(message: string, seen: string) {
    super(message);
    this.name = "MessageError";
    this.seen = seen;
  }
}

/**
 * Finds the end of JSON objects that come without a delimiter, in pieces of any size. Each byte is
 * looked at once, so that a message of n bytes costs n.
 */
export class MessageReader {
  readonly #limit: number;
  #pieces: Uint8Array[] = [];
  #size = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;

  /** @param limit the longest message that is taken, in bytes. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * Takes what arrived and gives the messages that are complete now, as UTF-8 text.
   *
   * @throws MessageError where a message doesn't begin with `{`, or is longer than the limit.
   */
  push(chunk: Uint8Array): string[] {
    const complete: string[] = [];
    let start = 0;
    for (let index = 0; index < chunk.length; index++) {
      const byte = chunk[index] ?? 0;
      if (this.#depth === 0) {
        if (isSpace(byte)) {
          start = index + 1;
          continue;
        }
        if (byte !== openBrace) {
          const seen = new TextDecoder().decode(chunk.subarray(index, index + 80));
          throw new MessageError("a message must begin with {", seen);
        }
        start = index;
      }
      if (this.#scan(byte)) {
        this.#keep(chunk.subarray(start, index + 1));
        complete.push(this.#take());
        start = index + 1;
      }
    }
    if (this.#depth > 0) this.#keep(chunk.slice(start));
    return complete;
  }

  /** Advances over one byte; true when it ends the object. */
  #scan(byte: number): boolean {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false;
      else if (byte === backslash) this.#escaped = true;
      else if (byte === quote) this.#inString = false;
      return false;
    }
    if (byte === quote) this.#inString = true;
    else if (byte === openBrace || byte === openBracket) this.#depth++;
    else if (byte === closeBrace || byte === closeBracket) return --this.#depth === 0;
    return false;
  }

  #keep(piece: Uint8Array): void {
    this.#size += piece.length;
    if (this.#size > this.#limit) {
      throw new MessageError(`a message is longer than ${this.#limit} bytes`, "");
    }
    this.#pieces.push(piece);
  }

  #take(): string {
    const text = new TextDecoder().decode(
      this.#pieces.length === 1 ? this.#pieces[0] : Buffer.concat(this.#pieces),
    );
    this.#pieces = [];
    this.#size = 0;
    return text;
  }
}
