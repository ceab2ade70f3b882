// Changes `wheels` in the text of a blender_manifest.toml, and nothing else in it.

import type { AST } from "toml-eslint-parser";
import { badManifest } from "../addon-source/extension-manifest.ts";
import { fromToml, TomlError } from "../files/toml.ts";

/** The key at the top of a manifest that lists wheels, as it stands there. */
interface WheelsKey {
  pair: AST.TOMLKeyValue;
  array: AST.TOMLArray;
}

/** What is replaced by what, in characters of the text. */
interface Edit {
  start: number;
  end: number;
  text: string;
}

/**
 * The manifest with another list of wheels. Comments within the old list stay, before the new one.
 *
 * @param source the whole text, with its BOM if it has one.
 * @param wheels paths as Blender takes them: `./wheels/NAME.whl`; none takes the key away.
 * @param where how messages name the file.
 * @throws Failure `bad-manifest`.
 */
export function withWheels(source: string, wheels: readonly string[], where: string): string {
  const bom = source.startsWith("\uFEFF") ? "\uFEFF" : "";
  const text = source.slice(bom.length);
  const { start, end, text: replacement } = editOf(text, wheels, where);
  return bom + text.slice(0, start) + replacement + text.slice(end);
}

function editOf(text: string, wheels: readonly string[], where: string): Edit {
  const tree = parsed(text, where);
  const [table] = tree.body;
  const generated = table.body.find(
    (node) => !isPair(node) && node.resolvedKey.join(".") === "build.generated",
  );
  if (generated !== undefined) {
    const { line } = generated.loc.start;
    throw badManifest(where, `line ${line}: [build.generated] has the wheels of a built extension`);
  }
  const eol = /\r?\n/.exec(text)?.[0] ?? "\n";
  const found = foundIn(table.body, where);
  if (found === undefined) return insertion(text, table.body, wheels, eol);
  const [start, end] = found.array.range;
  const comments = tree.comments.filter(({ range }) => range[0] > start && range[1] < end);
  const words = comments.map(({ range }) => text.slice(...range));
  if (wheels.length === 0 && words.length === 0) return removal(text, found.pair.range);
  return { start, end, text: listText(words, wheels, eol) };
}

function parsed(text: string, where: string): AST.TOMLProgram {
  try {
    return fromToml(text, (tree) => tree);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    throw badManifest(where, `line ${error.place.line}: ${error.message}`, error);
  }
}

type Node = AST.TOMLKeyValue | AST.TOMLTable;

const isPair = (node: Node): node is AST.TOMLKeyValue => node.type === "TOMLKeyValue";

function foundIn(body: readonly Node[], where: string): WheelsKey | undefined {
  const pair = body.find((node): node is AST.TOMLKeyValue => {
    if (!isPair(node)) return false;
    const [first] = node.key.keys;
    return (first?.type === "TOMLBare" ? first.name : first?.value) === "wheels";
  });
  if (pair === undefined) return undefined;
  const { value } = pair;
  if (pair.key.keys.length === 1 && value.type === "TOMLArray") return { pair, array: value };
  throw badManifest(where, `line ${pair.loc.start.line}: wheels must be a list of wheels`);
}

function listText(comments: readonly string[], wheels: readonly string[], eol: string): string {
  // A path of a wheel has nothing that a string of JSON writes otherwise than one of TOML.
  const lines = [...comments, ...wheels.map((path) => `${JSON.stringify(path)},`)];
  if (lines.length === 0) return "[]";
  return ["[", ...lines.map((line) => `  ${line}`), "]"].join(eol);
}

/** Before the first table, since what stands behind its head belongs to it. */
function insertion(
  text: string,
  body: readonly Node[],
  wheels: readonly string[],
  eol: string,
): Edit {
  const last = body.filter(isPair).at(-1);
  const table = body.find((node) => !isPair(node));
  const lines = wheels.length === 0 ? "" : `wheels = ${listText([], wheels, eol)}`;
  if (lines === "") return { start: 0, end: 0, text: "" };
  if (last === undefined) {
    const start = table?.range[0] ?? text.length;
    const before = start === 0 || text[start - 1] === "\n" ? "" : eol;
    return { start, end: start, text: `${before}${lines}${eol}${table === undefined ? "" : eol}` };
  }
  const end = text.indexOf("\n", last.range[1]);
  if (end < 0) return { start: text.length, end: text.length, text: `${eol}${lines}${eol}` };
  return { start: end + 1, end: end + 1, text: `${lines}${eol}` };
}

/** The whole line, where nothing else stands on it. */
function removal(text: string, [start, end]: readonly [number, number]): Edit {
  const [rest = ""] = /^[ \t]*(?:\r?\n|$)/.exec(text.slice(end)) ?? [];
  return { start, end: end + rest.length, text: "" };
}
