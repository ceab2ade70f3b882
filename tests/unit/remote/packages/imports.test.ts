import { describe, expect, test } from "bun:test";
import { importStates } from "../../../../src/remote/packages/imports.ts";
import type { JsonValue } from "../../../../src/script.ts";
import { answeringBlenders } from "../answering.ts";
import { row } from "./rows.ts";

const blenderThatAnswers = answeringBlenders();

describe("importStates", () => {
  test("each state, with its reason", async () => {
    const look = (name: string, changes: Record<string, JsonValue> = {}) => {
      return { name, package: row(name), found: true, instead: null, ...changes };
    };
    const old = { version: "0.9", location: "/site", replaced: true };
    const elsewhere = { version: null, location: "/other", replaced: false };
    const { session, calls } = await blenderThatAnswers([
      [
        look("fine"),
        look("missing", { package: null, found: false }),
        look("old", { package: row("old", { loaded: old }) }),
        look("moved", { package: row("moved", { loaded: elsewhere }) }),
        look("hidden", { found: false, instead: "/x/hidden.py" }),
        look("empty", { found: false }),
      ],
    ]);
    const states = await importStates(session, ["fine", "and", "so", "on"]);
    expect(calls.map((call) => call.arguments)).toEqual([{ names: ["fine", "and", "so", "on"] }]);
    const there = { version: "1.0", location: "/site", importable: false, restart: false };
    expect(states).toEqual([
      { ...there, name: "fine", importable: true, reason: null },
      {
        ...there,
        name: "missing",
        version: null,
        location: null,
        reason: "Blender doesn't find it",
      },
      {
        ...there,
        name: "old",
        restart: true,
        reason: "Blender has loaded 0.9 and must be restarted",
      },
      {
        ...there,
        name: "moved",
        restart: true,
        reason: "Blender has loaded another copy from /other and must be restarted",
      },
      { ...there, name: "hidden", reason: "Blender imports /x/hidden.py instead" },
      { ...there, name: "empty", reason: "Blender finds its metadata, but no module of it" },
    ]);
  });
});
