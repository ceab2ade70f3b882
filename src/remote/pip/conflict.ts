// Which packages want what, where no versions go together: in pip's words, and in ours.

import { normalizedName } from "../../wheels/filename.ts";

/** How many of the wishes are told. */
const told = 6;

/** Where no versions go together, and why. */
export interface PipConflict {
  /** Who wants what, a sentence each. */
  wishes: string[];
  /** Whether a version that Blender brings, and that is kept, is one of them. */
  kept: boolean;
}

/** A requirement of one exact version, comparable; undefined for any other line. */
function pin(line: string): string | undefined {
  const [, name, version] = /^\s*([\w.-]+)\s*==\s*([^\s;#]+)/.exec(line) ?? [];
  return name === undefined ? undefined : `${normalizedName(name)}==${version}`;
}

/**
 * Reads pip's list of "The conflict is caused by".
 *
 * @param pins the constraints that keep what Blender brings, a line each.
 */
export function conflictIn(output: string, pins: string | undefined): PipConflict {
  const [, list = ""] = /The conflict is caused by:\r?\n((?:[ \t]+\S.*\r?\n?)*)/.exec(output) ?? [];
  const pinned = new Set((pins ?? "").split("\n").map(pin));
  let kept = false;
  const wishes = list.split("\n").flatMap((line) => {
    const words = line.trim();
    const constraint = /^The user requested \(constraint\) (.+)$/.exec(words)?.[1];
    if (constraint !== undefined) {
      const exact = pin(constraint);
      if (exact === undefined || !pinned.has(exact)) return [`a constraint asks for ${constraint}`];
      kept = true;
      return [`Blender brings ${constraint.replace("==", " ")}, which is kept`];
    }
    const asked = /^The user requested (.+)$/.exec(words)?.[1];
    if (asked !== undefined) return [`${asked} is asked for`];
    // The condition held, or pip wouldn't name it.
    const needs = words.replace(" depends on ", " needs ").replace(/ *;.*$/, "");
    return needs === "" ? [] : [needs];
  });
  const each = [...new Set(wishes)];
  // What is kept is told last, and always.
  const last = each.filter((wish) => wish.endsWith(", which is kept"));
  const others = each.filter((wish) => !last.includes(wish));
  const more = others.length > told ? [`and ${others.length - told} more`] : [];
  return { wishes: [...others.slice(0, told), ...more, ...last], kept };
}
