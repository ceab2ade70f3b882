// Matches paths with the patterns of paths_exclude_pattern, as Blender does.

/*
 * Blender means gitignore's rules, and differs from them: a pattern with `!` that matches ends the
 * matching, `\` is a character like others, and `?` and `*` match the end of a folder's path too.
 * Its separators are line feeds (which `[!a]` matches), but for the one at the end.
 */

/** A character in a regular expression, whatever it means there. */
const literal = (character: string) => `\\u{${character.codePointAt(0)?.toString(16)}}`;

/** The inside of `[…]` of a glob (Python's fnmatch) as a regular expression. */
function charactersOf(inside: readonly string[]): string {
  const not = inside[0] === "!";
  const rest = not ? inside.slice(1) : inside;
  let set = "";
  for (let at = 0; at < rest.length; at++) {
    const [first = "", dash, last] = rest.slice(at, at + 3);
    if (dash !== "-" || last === undefined) {
      set += literal(first);
      continue;
    }
    // One whose end is before its start matches nothing.
    if ((first.codePointAt(0) ?? 0) <= (last.codePointAt(0) ?? 0)) {
      set += `${literal(first)}-${literal(last)}`;
    }
    at += 2;
  }
  return `[${not ? "^" : ""}${set}]`;
}

/**
 * One part of a path's glob as a regular expression. Between two stars the first place that fits is
 * kept (a lookahead isn't entered again): where that fails, so do all later ones, and to try them
 * would take time beyond all measure for a dozen stars.
 */
function partOf(glob: string): string {
  const characters = [...glob];
  const pieces = [""];
  const add = (more: string) => pieces.push((pieces.pop() ?? "") + more);
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? "";
    if (character === "*") pieces.push("");
    else if (character === "?") add("[^\\n]");
    else if (character === "[") {
      // A `]` right at the beginning is one of the characters.
      const begin = at + 1 + (characters[at + 1] === "!" ? 1 : 0);
      const end = characters.indexOf("]", begin + 1);
      if (end === -1) add(literal("["));
      else {
        add(charactersOf(characters.slice(at + 1, end)));
        at = end;
      }
    } else add(literal(character));
  }
  // What may match a separator ends one part and begins the next: there a later place may fit.
  const isWithin = !/[\n]|\[!/.test(glob);
  const [first = "", ...rest] = pieces;
  const last = rest.pop();
  if (last === undefined) return first;
  const kept = rest.map((piece) => {
    if (!isWithin) return `[^\\n]*${piece}`;
    return piece === "" ? "" : `(?=([^\\n]*?${piece}))\\GROUP`;
  });
  return `${first}${kept.join("")}[^\\n]*${last}`;
}

/** Without what a pattern may have without another meaning: `//`, `**` at an end or twice. */
function simplified(pattern: string): string {
  let simple = pattern.replace(/^\\!/, "!").replace(/\/{2,}/g, "/");
  for (let before = ""; before !== simple; ) {
    before = simple;
    simple = simple.replace(/\/\*\*\/?$/, "/");
  }
  simple = simple.replace(/^(?:\/?\*\*\/)+/, "");
  return simple.replace(/\/(?:\*\*\/){2,}/g, "/**/");
}

/** @param pattern without the `!` that turns it round. */
function expressionOf(pattern: string): string {
  const simple = simplified(pattern);
  const parts = simple.replace(/^\/+|\/+$/g, "").split("/");
  let expression = simple.startsWith("/") ? "^" : "^(?:[^]*\\n)?";
  for (const [index, part] of parts.entries()) {
    // Blender can't work with one that stands alone.
    if (part === "**" && parts.length > 1) continue;
    if (index > 0) expression += parts[index - 1] === "**" ? "(?:\\n|\\n[^]*\\n)?" : "\\n";
    expression += partOf(part);
  }
  // All groups are such lookaheads; no literal has a name in capitals.
  let group = 0;
  const numbered = expression.replace(/\\GROUP/g, () => `\\${++group}(?:)`);
  return numbered + (simple.endsWith("/") ? "[\\n/]" : "/?$");
}

/** Whether Blender fails on a pattern. */
export function isBadPattern(pattern: string): boolean {
  return simplified(pattern.replace(/^!+/, "")).replace(/^\/+|\/+$/g, "") === "**";
}

/**
 * Reads patterns.
 *
 * @returns whether a path matches: relative, with `/`, and one at the end of a folder's.
 */
export function pathMatcher(patterns: readonly string[]): (path: string) => boolean {
  const rules = patterns.flatMap((pattern) => {
    const not = pattern.startsWith("!");
    const bare = not ? pattern.replace(/^!+/, "") : pattern;
    return bare === "" ? [] : [{ not, expression: new RegExp(expressionOf(bare), "u") }];
  });
  return (path) => {
    const text = path.replace(/\/+$/, "").replaceAll("/", "\n") + (path.endsWith("/") ? "/" : "");
    let matches = false;
    for (const { not, expression } of rules) {
      if (!expression.test(text)) continue;
      if (not) return false;
      matches = true;
    }
    return matches;
  };
}
