// Reads TOML, and knows where each value stands.

import { type AST, getStaticTOMLValue, ParseError, parseTOML } from "toml-eslint-parser";

/** Where something stands in a text; both begin at 1. */
export interface TextPlace {
  line: number;
  column: number;
}

/** A key, or the index of an element, from the top. */
type TomlPath = readonly (string | number)[];

/** A text that is no TOML. */
export class TomlError extends Error {
  readonly place: TextPlace;

  constructor(message: string, place: TextPlace) {
    super(message);
    this.place = place;
  }
}

const pathKey = (path: TomlPath) => JSON.stringify(path.map(String));

/** What a TOML text says, and where. */
export class TomlDocument {
  /** Tables as objects, dates as `Date`. */
  readonly value: object;
  readonly #places = new Map<string, TextPlace>();

  constructor(tree: AST.TOMLProgram) {
    this.value = getStaticTOMLValue(tree);
    for (const node of tree.body[0].body) {
      if (node.type === "TOMLTable") {
        this.#place(node.resolvedKey, node.key);
        for (const pair of node.body) this.#placePair(node.resolvedKey, pair);
      } else this.#placePair([], node);
    }
  }

  /** Where a value stands, or the innermost table or list around one that isn't there. */
  placeOf(path: TomlPath): TextPlace | undefined {
    for (let length = path.length; length > 0; length--) {
      const place = this.#places.get(pathKey(path.slice(0, length)));
      if (place !== undefined) return place;
    }
    return undefined;
  }

  #place(path: TomlPath, { loc }: AST.HasLocs): void {
    const key = pathKey(path);
    if (this.#places.has(key)) return;
    this.#places.set(key, { line: loc.start.line, column: loc.start.column + 1 });
  }

  #placePair(above: TomlPath, { key, value }: AST.TOMLKeyValue): void {
    const path = [...above, ...getStaticTOMLValue(key)];
    // It would be no value of the object, but what the object inherits from.
    if (path.includes("__proto__")) {
      const { line, column } = key.loc.start;
      throw new TomlError("No key can be named __proto__", { line, column: column + 1 });
    }
    this.#place(path, key);
    this.#placeWithin(path, value);
  }

  #placeWithin(path: TomlPath, value: AST.TOMLContentNode): void {
    if (value.type === "TOMLInlineTable") {
      for (const pair of value.body) this.#placePair(path, pair);
    }
    if (value.type !== "TOMLArray") return;
    for (const [index, element] of value.elements.entries()) {
      this.#place([...path, index], element);
      this.#placeWithin([...path, index], element);
    }
  }
}

function placeAt(source: string, index: number): TextPlace {
  const lines = source.slice(0, index).split("\n");
  return { line: lines.length, column: (lines.at(-1) ?? "").length + 1 };
}

/**
 * Characters of a text whose places are kept, which takes a thousand times their room: a manifest of two
 * thousand wheels has a fifth of it.
 */
const longestText = 500_000;

/**
 * Reads a TOML 1.0 text, as Python's tomllib does.
 *
 * @throws TomlError for the first thing that is none.
 */
export function parseToml(source: string): TomlDocument {
  return fromToml(source, (tree) => new TomlDocument(tree));
}

/**
 * What a reader makes of a TOML 1.0 text's syntax tree.
 *
 * @throws TomlError as `parseToml`, for what the reader throws of it too.
 */
export function fromToml<T>(source: string, reader: (tree: AST.TOMLProgram) => T): T {
  if (source.length > longestText)
    throw new TomlError(`It is longer than ${longestText} characters`, { line: 1, column: 1 });
  const lone = /\r(?!\n)/.exec(source);
  if (lone !== null) {
    const message = "A carriage return only stands before a line feed";
    throw new TomlError(message, placeAt(source, lone.index));
  }
  try {
    return reader(parseTOML(source, { tomlVersion: "1.0" }));
  } catch (error) {
    // A hundred thousand brackets within each other end the stack.
    if (error instanceof RangeError) throw new TomlError("It is too deep", { line: 1, column: 1 });
    if (!(error instanceof ParseError)) throw error;
    // Of a value that is missing the library names the next line.
    const missing = /(?<==)[ \t]*\r?\n\s*$/.exec(source.slice(0, error.index));
    throw new TomlError(error.message, placeAt(source, missing?.index ?? error.index));
  }
}
