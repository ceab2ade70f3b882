// Makes what others wrote harmless for a terminal, by showing what would have acted on it.

const esc = "\u001b";

/**
 * Control characters (C0, DEL, and C1, which many terminals take for the same as ESC and a letter), and
 * what turns the direction of writing around (UAX #9: embeddings, overrides, isolates).
 */
const acting = "[\\p{Cc}\\u202a-\\u202e\\u2066-\\u2069]";

const actingInText = new RegExp(`(?![\\n\\t]|\\r\\n)${acting}`, "gu");

/**
 * What a program may write: its colours (ECMA-48: SGR), the erasing of a line's rest (EL), and what
 * goes back in its line. All else could ask the terminal for what it then types, write to the
 * clipboard, set titles and links, or write over what stands above.
 */
const harmlessSequences = `${esc}\\[[\\d;:]{0,64}m|${esc}\\[[0-2]?K|[\\r\\b]`;
const actingInOutput = new RegExp(`(${harmlessSequences})|${actingInText.source}`, "gu");

/** What may be the beginning of a harmless sequence. */
const begun = new RegExp(`${esc}(?:\\[[\\d;:]{0,64})?$`);

/** `\u001b`, which is the same in JSON. */
function visible(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** A line within a text that looks like one of ours. */
const posing = /(?<=\n)(?=(?:error|warning|hint|debug):)/g;

/**
 * A text in which nothing but line ends and tabs acts on a terminal: the rest is shown as `\u001b`.
 * What looks like a hint of ours within it is indented.
 */
export function harmless(text: string): string {
  return text.replace(actingInText, visible).replace(posing, "  ");
}

/** The same in one row, for where a line end would spoil what is drawn. */
export function harmlessRow(text: string): string {
  return harmless(text).replace(/[\r\n\t]/g, visible);
}

/** What a program writes, piece by piece, for a terminal: as it is but for what is harmful there. */
export class ProgramOutput {
  // Bytes that are no UTF-8 could be controls of eight bits: U+FFFD is shown for them.
  #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  /** The beginning of a sequence or nothing. */
  #begun = "";
  #coloured = false;

  /** What of a piece, and of those before it, can be shown now. */
  take(piece: Uint8Array): string {
    const text = this.#begun + this.#decoder.decode(piece, { stream: true });
    this.#begun = begun.exec(text)?.[0] ?? "";
    return this.#shown(text.slice(0, text.length - this.#begun.length));
  }

  /** What is to be written before anything else is: what hadn't ended, and the end of its colours. */
  end(): string {
    const rest = harmless(this.#begun + this.#decoder.decode());
    this.#decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    this.#begun = "";
    const plain = this.#coloured ? `${esc}[0m` : "";
    this.#coloured = false;
    return rest + plain;
  }

  #shown(text: string): string {
    return text.replace(actingInOutput, (found: string, kept: string | undefined) => {
      if (kept === undefined) return visible(found);
      if (found.endsWith("m")) this.#coloured = !/^.\[0*m$/.test(found);
      return found;
    });
  }
}
