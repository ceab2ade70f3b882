import { describe, expect, test } from "bun:test";
import { type TriedModule, triedStates } from "../../../../src/remote/install/try-import.ts";
import type { ImportState } from "../../../../src/remote/packages/imports.ts";
import { answeringBlenders } from "../answering.ts";
import type { Call } from "../plain-server.ts";
import { findings, running } from "../python/findings.ts";

const blenderThatAnswers = answeringBlenders();

const surroundings = { path: ["/site"], builtIn: ["bpy"] };

function state(name: string, changes: Partial<ImportState> = {}): ImportState {
  return {
    ...{ name, version: "1.0", location: "/site", importable: true, restart: false },
    ...{ unmet: false, reason: null, modules: [name] },
    ...changes,
  };
}

/** A Blender whose trials end so: an exception by module, of which `bpy` is Blender's. */
function blenderWith(errors: Record<string, string | null>, start: object = { busy: null }) {
  const tried = Object.entries(errors).map(([module, error]): TriedModule => {
    return {
      module,
      error: error === "bpy" ? "No bpy" : error,
      lines: [],
      needs_blender: error === "bpy",
    };
  });
  return blenderThatAnswers(({ name, arguments: { action } }: Call) => {
    if (name === "probe.py") {
      return { ...running, done: true, findings: { ...findings, pip: null, network: null } };
    }
    if (name === "pip_start.py") return start;
    if (action !== "read") return {};
    const report = JSON.stringify(tried);
    return { stdout: "", stderr: "", returncode: 0, cancelled: false, seconds: 1, report };
  });
}

async function outcomes(states: ImportState[], errors: Record<string, string | null>) {
  const { session } = await blenderWith(errors);
  const found = await triedStates(session, surroundings, states);
  return found.map(({ trial, importable, reason }) => [trial, importable, reason]);
}

describe("triedStates", () => {
  test("one module: works, fails, or only Blender can tell", async () => {
    const states = ["fine", "bad", "inside"].map((name) => state(name));
    expect(await outcomes(states, { fine: null, bad: "OSError: no", inside: "bpy" })).toEqual([
      ["works", true, null],
      ["fails", false, "import bad fails: OSError: no"],
      [
        "unknown",
        null,
        "import inside needs Blender's own modules, and can only be tried inside it (outside: No bpy)",
      ],
    ]);
  });

  test("several: one that works doesn't speak for the others", async () => {
    const several = state("brs", { modules: ["a", "b", "_private"] });
    expect(await outcomes([several], { a: null, b: "OSError: no" })).toEqual([
      ["partly", null, "import b fails: OSError: no"],
    ]);
    expect(await outcomes([several], { a: null, b: null })).toEqual([["works", true, null]]);
    expect(await outcomes([several], { a: null })).toEqual([
      ["unknown", null, "import b wasn't tried"],
    ]);
    expect(await outcomes([several], { a: "E", b: "F" })).toEqual([
      ["fails", false, "import a fails: E; import b fails: F"],
    ]);
    const many = state("many", { modules: ["a", "b", "c", "d", "e"] });
    expect(await outcomes([many], { a: "E", b: "E", c: "E", d: "E", e: "E" })).toEqual([
      ["fails", false, "import a fails: E; import b fails: E; import c fails: E; and 2 more"],
    ]);
  });

  test("the module of the package's own name counts alone", async () => {
    const black = state("ruamel-yaml", { modules: ["other", "ruamel.yaml"] });
    expect(await outcomes([black], { "ruamel.yaml": null })).toEqual([["works", true, null]]);
  });

  test("what must be restarted is tried as well; what isn't found isn't", async () => {
    const old = { importable: false, restart: true, reason: "it has loaded 1.0" };
    const states = [
      state("fine", old),
      state("bad", old),
      state("gone", { importable: false, reason: "it isn't there", modules: [] }),
      state("nothing", { importable: null, reason: "it brings nothing", modules: [] }),
    ];
    expect(await outcomes(states, { fine: null, bad: "E" })).toEqual([
      ["works", false, "it has loaded 1.0"],
      ["fails", false, "it has loaded 1.0; import bad fails: E"],
      [null, false, "it isn't there"],
      [null, null, "it brings nothing"],
    ]);
  });

  test("where no trial can be made, nothing is claimed", async () => {
    const { session } = await blenderWith({}, { busy: null, full: "/tmp" });
    const [one] = await triedStates(session, surroundings, [state("fine")]);
    expect(one).toMatchObject({
      importable: null,
      trial: "unknown",
      reason: expect.stringMatching(/^import fine wasn't tried: .*\/tmp/),
    });
  });

  test("how many are tried is what is said meanwhile", async () => {
    const { session } = await blenderWith({ a: null, b: null });
    const said: string[] = [];
    session.waits.during = (what, work) => {
      said.push(typeof what === "string" ? what : what());
      return work;
    };
    await triedStates(session, surroundings, [state("a")]);
    await triedStates(session, surroundings, [state("a"), state("b")]);
    expect(said.filter((what) => what.startsWith("importing"))).toEqual([
      "importing a in a process of its own",
      "importing 2 modules, each in a process of its own",
    ]);
  });
});
