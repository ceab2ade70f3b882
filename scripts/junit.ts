// Counting tests from the JUnit XML that `bun test` and pytest write.

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";

export interface Result {
  /** File, groups and name of a test, or what a check is called. */
  name: string;
  /** Groups and name with spaces between them, as `bun test -t` sees them; empty of other checks. */
  title: string;
  outcome: "passed" | "failed" | "skipped";
  /** Why it was skipped; empty when the report doesn't say. */
  reason: string;
  /** How a test failed: what was thrown, and what it says. */
  failure?: string;
  /** What the report says about the failure: its message, and where it was. */
  details?: string;
}

const TESTCASE = /<testcase\b([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g;

/** What a check is that failed. */
export function failed(name: string): Result {
  return { name, title: "", outcome: "failed", reason: "" };
}

/** What the report says that a program wrote before it ended with this exit code. */
export async function reported(name: string, code: number, report: string): Promise<Result[]> {
  if (!existsSync(report)) return [failed(`${name} (exit code ${code}, no report)`)];
  const results = resultsIn(await readFile(report, "utf8"));
  // A test file that can't even be loaded is in no report; only the exit code tells.
  const explained = code === 0 || results.some(({ outcome }) => outcome === "failed");
  if (!explained) results.push(failed(`${name} (exit code ${code}, an error outside the tests)`));
  return results;
}

/** Both writers escape `<` and `>` everywhere, so patterns are enough to find the elements. */
function resultsIn(xml: string): Result[] {
  return [...xml.matchAll(TESTCASE)].map(([, attributes = "", body = ""]) => {
    const [, skipAttributes] = /<skipped\b([^>]*)>/.exec(body) ?? [];
    const skipped = skipAttributes !== undefined;
    const [, kind, failure, details = ""] =
      /<(failure|error)\b([^>]*?)(?:\/>|>([\s\S]*?)<\/\1>)/.exec(body) ?? [];
    return {
      ...namesOf(attributes),
      outcome: kind ? "failed" : skipped ? "skipped" : "passed",
      reason: skipped ? attribute(skipAttributes, "message") : "",
      ...(failure === undefined
        ? {}
        : { failure: failureOf(kind, failure), details: unescaped(details) }),
    };
  });
}

/** Of pytest an error is one outside the test itself; its message has the type where that matters. */
function failureOf(kind: string | undefined, attributes: string): string {
  const parts = [kind === "error" ? kind : "", attribute(attributes, "type")];
  return [...parts, attribute(attributes, "message")].filter(Boolean).join(": ");
}

function namesOf(attributes: string): Pick<Result, "name" | "title"> {
  const file = attribute(attributes, "file"); // pytest has none, its classname says as much
  // Bun lists the groups from the inside out.
  const groups = attribute(attributes, "classname").split(" > ").reverse();
  const inside = [...groups, attribute(attributes, "name")].filter(Boolean);
  return { name: [file, ...inside].filter(Boolean).join(" > "), title: inside.join(" ") };
}

function attribute(attributes: string, name: string): string {
  const [, value = ""] = new RegExp(`\\b${name}="([^"]*)"`).exec(attributes) ?? [];
  return unescaped(value);
}

function unescaped(text: string): string {
  return text.replace(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, (whole, decimal, hex, word) => {
    if (decimal) return String.fromCodePoint(Number(decimal));
    if (hex) return String.fromCodePoint(Number.parseInt(hex, 16));
    return NAMED[String(word)] ?? whole;
  });
}

const NAMED: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
