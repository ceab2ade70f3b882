// The help texts of commands and groups.

import { colors } from "consola/utils";
import { widthOf, wrap } from "../ui/wrap.ts";
import { version } from "../version.ts";
import { typedName } from "./_arguments.ts";
import type { Command, Group } from "./_command.ts";
import type { Argument } from "./_declaration.ts";
import { aliasesOf } from "./_tokens.ts";

const exitStatus = [
  "0 done",
  "1 failed",
  "2 wrong usage",
  "3 not configured",
  "4 no service or no Blender answers",
  "5 not authorised",
  "124 time-out",
  "130 interrupted",
];

/** The exit status list; a number stays with what it means. */
function exitLines(width: number): string {
  const words = exitStatus.map((one) => one.replaceAll(" ", "\u00a0")).join(" · ");
  return `${wrap(words, width, "  ", "  ").replaceAll("\u00a0", " ")}\n`;
}

/** What stands on the left, and what it means. */
type HelpRow = readonly [term: string, text: string];

interface Styles {
  heading(text: string): string;
  term(text: string): string;
}

const plain: Styles = { heading: (text) => text, term: (text) => text };
const coloured: Styles = {
  heading: (text) => colors.bold(text),
  term: (text) => colors.cyan(text),
};

/** The left column is no wider than this, in columns: longer terms get a line of their own. */
const widestTerm = 34;
/** The text beside it needs at least this. */
const narrowestText = 30;

/** Rows below each other, their texts broken between words. */
function table(rows: readonly HelpRow[], width: number, { term: style }: Styles): string {
  const terms = rows.map(([term]) => term.length);
  const column = Math.max(0, ...terms.filter((length) => length <= widestTerm)) + 4;
  // In a narrow terminal the text goes below.
  const beside = width - column >= narrowestText;
  const indent = " ".repeat(beside ? column : 6);
  return rows
    .map(([term, text]) => {
      const body = wrap(text, width, indent, indent);
      const fits = beside && term.length + 4 <= column;
      if (!fits) return `  ${style(term)}\n${body}\n`;
      return `  ${style(term)}${body.slice(term.length + 2)}\n`;
    })
    .join("");
}

/** What stands for an option's value: its choices, or what kind of value it takes. */
function valueHintOf(definition: Argument): string | undefined {
  if (definition.type === "enum") return definition.valueHint ?? definition.options.join("|");
  return definition.type === "string" ? (definition.valueHint ?? "value") : undefined;
}

function optionRows(name: string, definition: Argument): HelpRow[] {
  const text = definition.description ?? "";
  const aliases = aliasesOf(definition).map((alias) => `-${alias}, `);
  const flag = `${aliases.join("")}--${name}`;
  const value = valueHintOf(definition);
  if (value !== undefined) {
    const given = definition.default === undefined ? "" : ` (default: ${definition.default})`;
    return [[`${flag} <${value}>`, `${text}${given}`]];
  }
  if (definition.type !== "boolean" || definition.default !== true) return [[flag, text]];
  // What is on by itself is only worth a word for switching it off.
  return [[`--no-${name}`, definition.negativeDescription ?? `Without: ${text}`]];
}

function placeholder(name: string, definition: Argument, several: boolean): string {
  const word = `${name.toUpperCase()}${several ? "…" : ""}`;
  return definition.required === false ? `[${word}]` : `<${word}>`;
}

interface Section {
  heading: string;
  body: string;
}

function commandSections(node: Command, width: number, styles: Styles): [string, Section[]] {
  const entries = Object.entries(node.args);
  const positionals = entries.filter(([, { type }]) => type === "positional");
  const options = entries.filter(([, { type }]) => type !== "positional");
  const named = positionals.map(([name, definition]): HelpRow => {
    return [placeholder(name, definition, name === node.several), definition.description ?? ""];
  });
  const usage = [
    "[OPTIONS]",
    ...named.map(([term]) => term),
    ...(node.rest === undefined ? [] : [`-- ${node.rest}`]),
  ].join(" ");
  const rows = options.flatMap(([name, definition]) => optionRows(name, definition));
  return [
    usage,
    [
      ...(named.length === 0 ? [] : [{ heading: "ARGUMENTS", body: table(named, width, styles) }]),
      { heading: "OPTIONS", body: table(rows, width, styles) },
    ],
  ];
}

async function groupSections(
  name: string,
  node: Group,
  width: number,
  styles: Styles,
): Promise<[string, Section[]]> {
  const rows = await Promise.all(
    [...node.commands].map(async ([below, load]): Promise<HelpRow> => {
      return [below, (await load()).description];
    }),
  );
  const more = wrap(`${typedName(name)} COMMAND --help tells more of one.`, width);
  return ["COMMAND", [{ heading: "COMMANDS", body: `${table(rows, width, styles)}\n${more}\n` }]];
}

/**
 * The help text of a command or group.
 *
 * @param name its names, `pkg push`; empty for the program itself.
 * @param width in columns, 40 or more.
 */
export async function helpText(
  name: string,
  node: Command | Group,
  width: number,
  styles: Styles = plain,
): Promise<string> {
  const [usage, sections] =
    node.kind === "command"
      ? commandSections(node, width, styles)
      : await groupSections(name, node, width, styles);
  const title =
    node.kind === "group" ? `${node.description}, version ${version}` : node.description;
  const more = node.kind === "command" && node.more !== undefined ? [wrap(node.more, width)] : [];
  const all = [
    { heading: "USAGE", body: `${wrap(`${typedName(name)} ${usage}`, width, "      ", "  ")}\n` },
    ...sections,
    { heading: "EXIT STATUS", body: exitLines(width) },
  ];
  return [
    ...[wrap(title, width), ...more].map((paragraph) => `${paragraph}\n\n`),
    all.map(({ heading, body }) => `${styles.heading(heading)}\n\n${body}`).join("\n"),
  ].join("");
}

/** The help text of a command or group for stdout, coloured only for a terminal. */
export async function help(name: string, node: Command | Group): Promise<string> {
  const simple = process.stdout.isTTY !== true || process.env["NO_COLOR"] !== undefined;
  return helpText(name, node, widthOf(process.stdout), simple ? plain : coloured);
}
