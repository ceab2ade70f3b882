import { describe, expect, test } from "bun:test";
import { importStates } from "../../../../src/remote/packages/imports.ts";
import type { JsonValue } from "../../../../src/script.ts";
import { answeringBlenders } from "../answering.ts";
import { installed, row, snapshotOf } from "./rows.ts";

const blenderThatAnswers = answeringBlenders();

describe("importStates", () => {
  test("each state, with its reason", async () => {
    const look = (name: string, changes: Record<string, JsonValue> = {}) => {
      return {
        name,
        package: row(name),
        found: true,
        instead: null,
        whose: "",
        start_file: null,
        modules: [name],
        ...changes,
      };
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
        look("backport", { found: false, instead: "/lib/backport.py", whose: "python" }),
        look("mathutils", { found: false, instead: "built-in", whose: "blender" }),
        look("empty", { found: false }),
        look("nothing", { found: false, modules: [] }),
        look("started", { found: false, start_file: "x.pth" }),
        look("unstarted", {
          found: false,
          start_file: "x.pth",
          package: row("unstarted", { source: "user-modules" }),
        }),
      ],
    ]);
    const states = await importStates(session, ["fine", "and", "so", "on"], snapshotOf([]));
    expect(calls.map((call) => call.arguments)).toEqual([
      { names: ["fine", "and", "so", "on"], modules: null },
    ]);
    const there = {
      version: "1.0",
      location: "/site",
      importable: false,
      restart: false,
      unmet: false,
    };
    expect(states.map(({ modules: _, ...state }) => state)).toEqual([
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
      {
        ...there,
        name: "backport",
        reason: "Blender imports Python's own /lib/backport.py instead",
      },
      {
        ...there,
        name: "mathutils",
        reason: "Blender imports Blender's own built-in module instead",
      },
      { ...there, name: "empty", reason: "Blender finds its metadata, but no module of it" },
      {
        ...there,
        name: "nothing",
        importable: null,
        reason: "it brings no module to import",
      },
      {
        ...there,
        name: "started",
        restart: true,
        reason: "its modules are found through x.pth, which Python reads when it starts",
      },
      {
        ...there,
        name: "unstarted",
        reason: "its modules are found through x.pth, which Python reads in site-packages only",
      },
    ]);
  });

  test("what it needs counts as well, over whatever needs it", async () => {
    const found = { found: true, instead: null, whose: "", start_file: null };
    const look = (name: string) => ({ name, package: row(name), ...found, modules: [name] });
    const loaded = { version: "0.9", location: "/site", replaced: true };
    const looks = [
      ...["far", "old", "fine"].map(look),
      { ...look("meta"), found: false, modules: [] },
      { ...look("replaced"), package: row("replaced", { loaded }) },
    ];
    const { session } = await blenderThatAnswers([looks]);
    const needing = (name: string, need: string) => installed(name, "1", { requires: [need] });
    const packages = [
      needing("far", "near"),
      needing("near", "gone>=2"),
      needing("old", "numpy"),
      installed("numpy", "1.26.4", { restart: true, loaded_version: "2.1" }),
      needing("fine", "near; python_version < '3'"),
      needing("meta", "gone"),
      needing("replaced", "gone"),
    ];
    const names = looks.map(({ name }) => name);
    const states = await importStates(session, names, snapshotOf(packages));
    expect(
      states.map(({ importable, restart, unmet, reason }) => [importable, restart, unmet, reason]),
    ).toEqual([
      [false, false, true, "it needs near, which needs gone>=2, which isn't there"],
      [
        false,
        true,
        false,
        "it needs numpy, of which Blender has loaded another copy and must be restarted",
      ],
      [true, false, false, null],
      [null, false, true, "it needs gone, which isn't there"],
      [false, true, true, "Blender has loaded 0.9 and must be restarted"],
    ]);
  });
});
