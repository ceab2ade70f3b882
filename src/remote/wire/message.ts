// Finds messages, which are JSON objects without a delimiter, in the bytes of a connection.

const quote = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** How deep a message may nest: each level takes much more memory than its bytes, once it is parsed. */
export const deepest = 500;

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
 * Finds the end of JSON objects that come without a delimiter, in pieces of any size. No byte is
 * looked at again when more arrive, so that a message of n bytes costs n.
 */
export class MessageReader {
  /** The longest message that is taken, in bytes; of one that has begun too. */
  limit: number;
  #pieces: Uint8Array[] = [];
  #size = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Whether a message has begun and not ended. */
  get midway(): boolean {
    return this.#size > 0;
  }

  /**
   * Takes what arrived and gives the messages that are complete now, as UTF-8 text.
   *
   * @throws MessageError where a message doesn't begin with `{`, is longer than the limit, or nests deeper
   *   than `deepest`.
   */
  push(chunk: Uint8Array): string[] {
    const complete: string[] = [];
    for (let start = this.#begin(chunk, 0); start < chunk.length; ) {
      const end = this.#end(chunk, start);
      if (end === -1) {
        // A copy, since the chunk's memory is the socket's.
        this.#keep(chunk.slice(start));
        break;
      }
      this.#keep(chunk.subarray(start, end));
      complete.push(this.#take());
      start = this.#begin(chunk, end);
    }
    return complete;
  }

  /** Where the message that is under way goes on, or the next one begins, from `index` on. */
  #begin(chunk: Uint8Array, index: number): number {
    if (this.#depth > 0) return index;
    let start = index;
    while (start < chunk.length && isSpace(chunk[start])) start++;
    if (start < chunk.length && chunk[start] !== openBrace) {
      const seen = new TextDecoder().decode(chunk.subarray(start, start + 80));
      throw new MessageError("a message must begin with {", seen);
    }
    return start;
  }

  /** The index behind the message's end, or -1 where it isn't in this chunk. */
  #end(chunk: Uint8Array, start: number): number {
    let index = start;
    while (index < chunk.length) {
      if (this.#inString) {
        index = this.#skipString(chunk, index);
        continue;
      }
      const byte = chunk[index++];
      if (byte === quote) this.#inString = true;
      else if (byte === openBrace || byte === openBracket) this.#deeper();
      else if (byte === closeBrace || byte === closeBracket) {
        this.#depth--;
        if (this.#depth === 0) return index;
      }
    }
    return -1;
  }

  #deeper(): void {
    this.#depth++;
    if (this.#depth > deepest)
      throw new MessageError(`a message nests more than ${deepest} deep`, "");
  }

  /** The index behind the string's end, or the chunk's. */
  #skipString(chunk: Uint8Array, start: number): number {
    let index = this.#escaped ? start + 1 : start;
    for (; index < chunk.length; index++) {
      const byte = chunk[index];
      if (byte === backslash) index++;
      else if (byte === quote) {
        this.#escaped = false;
        this.#inString = false;
        return index + 1;
      }
    }
    // Beyond the end when a backslash was last: the first byte of the next chunk is escaped.
    this.#escaped = index > chunk.length;
    return chunk.length;
  }

  #keep(piece: Uint8Array): void {
    this.#size += piece.length;
    if (this.#size > this.limit) {
      throw new MessageError(`a message is longer than ${this.limit} bytes`, "");
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
