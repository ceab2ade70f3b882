// Which packages want what, where no versions go together: in pip's words, and in ours.

import { normalizedName } from "../../wheels/filename.ts";

/** How many of the wishes are told. */
const told = 6;

const brought = ", which is kept";

/** Where no versions go together, and why. */
export interface PipConflict {
  /** Who wants what, a sentence each. */
  wishes: string[];
  /** Whether a version that Blender brings, and that is kept, is one of them. */
  kept: boolean;
}

/** A name with versions, comparable: pip joins the clauses of several constraints. */
interface Wish {
  name: string;
  clauses: string[];
}

function wishOf(line: string): Wish | undefined {
  const [, name, versions = ""] = /^\s*([\w.-]+)\s*([^;#]*)/.exec(line) ?? [];
  const clauses = versions.split(",").map((one) => one.replace(/\s/g, ""));
  return name === undefined
    ? undefined
    : { name: normalizedName(name), clauses: clauses.filter(Boolean) };
}

/** What a constraint of pip's list comes from: what Blender brings, one of the user's, or both. */
function constraintWishes(constraint: string, pins: readonly Wish[]): string[] {
  const wish = wishOf(constraint);
  const pin = pins.find(
    ({ name, clauses }) =>
      name === wish?.name && clauses.every((one) => wish.clauses.includes(one)),
  );
  if (wish === undefined || pin === undefined) return [`a constraint asks for ${constraint}`];
  const versions = pin.clauses.join(",").replace(/^==(?=[^,]*$)/, " ");
  const others = wish.clauses.filter((one) => !pin.clauses.includes(one));
  return [
    ...(others.length === 0 ? [] : [`a constraint asks for ${wish.name}${others.join(",")}`]),
    `Blender brings ${wish.name}${versions}${brought}`,
  ];
}

/**
 * Reads pip's list of "The conflict is caused by".
 *
 * @param pins the constraints that keep what Blender brings, a line each.
 */
export function conflictIn(output: string, pins: string | undefined): PipConflict {
  const [, list = ""] = /The conflict is caused by:\r?\n((?:[ \t]+\S.*\r?\n?)*)/.exec(output) ?? [];
  const kept = (pins ?? "").split("\n").flatMap((line) => wishOf(line) ?? []);
  const wishes = list.split("\n").flatMap((line) => {
    const words = line.trim();
    const constraint = /^The user requested \(constraint\) (.+)$/.exec(words)?.[1];
    if (constraint !== undefined) return constraintWishes(constraint, kept);
    const asked = /^The user requested (.+)$/.exec(words)?.[1];
    if (asked !== undefined) return [`${asked} is asked for`];
    // The condition held, or pip wouldn't name it.
    const needs = words.replace(" depends on ", " needs ").replace(/ *;.*$/, "");
    return needs === "" ? [] : [needs];
  });
  const each = [...new Set(wishes)];
  // What is kept is told last, and always.
  const last = each.filter((wish) => wish.endsWith(brought));
  const others = each.filter((wish) => !last.includes(wish));
  const more = others.length > told ? [`and ${others.length - told} more`] : [];
  return { wishes: [...others.slice(0, told), ...more, ...last], kept: last.length > 0 };
}
