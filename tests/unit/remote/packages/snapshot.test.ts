import { describe, expect, test } from "bun:test";
import { shippedOf } from "../../../../src/remote/packages/shipped.ts";
import { lookAtPackages, snapshotPackages } from "../../../../src/remote/packages/snapshot.ts";
import { answeringBlenders } from "../answering.ts";
import { row } from "./rows.ts";

const blenderThatAnswers = answeringBlenders();

describe("snapshotPackages", () => {
  test("goes on where a page ends", async () => {
    const rest = [["/site", "two-1.0.dist-info"]];
    const environment = { sys_platform: "linux" };
    const shipped = [
      "one (>=1)[x]; sys_platform == 'win32'",
      "One[x] (<2); sys_platform == 'linux'",
      "one<3",
      "elsewhere; sys_platform == 'win32'",
      "two==1.0",
    ];
    const context = { path: ["/site", "/gone"], environment, shipped, built_in: ["bpy"] };
    const { session, calls } = await blenderThatAnswers([
      { packages: [row("one")], broken: [], rest, context },
      { packages: [row("two")], broken: [], rest: [], context: null },
    ]);
    const seen = await lookAtPackages(session);
    expect(seen.packages.map(({ name }) => name)).toEqual(["one", "two"]);
    expect([seen.path, [...shippedOf(seen)]]).toEqual([
      ["/site", "/gone"],
      [
        ["one", "<2"],
        ["two", "==1.0"],
      ],
    ]);
    expect(seen.builtIn).toEqual(["bpy"]);
    expect(calls.map((call) => call.arguments)).toEqual([
      { rest: null, seconds: expect.any(Number) },
      { rest, seconds: expect.any(Number) },
    ]);
  });

  test("the first copy wins; metadata of the same thing twice is one", async () => {
    const { session } = await blenderThatAnswers([
      {
        packages: [row("one", { location: "/a" }), row("one", { location: "/b" }), row("two")],
        broken: [],
        rest: [["/site", "two.egg-info"]],
        context: null,
      },
      { packages: [row("two")], broken: [], rest: [], context: null },
    ]);
    const seen = (await snapshotPackages(session)).map(({ name, location, wins }) => {
      return [name, location, wins];
    });
    expect(seen).toEqual([
      ["one", "/a", true],
      ["one", "/b", false],
      ["two", "/site", true],
    ]);
  });

  test("what is loaded, from where, and whether it's still that", async () => {
    const at = (location: string, replaced: boolean) => ({ version: "0.9", location, replaced });
    const { session } = await blenderThatAnswers([
      {
        packages: [
          row("same", { loaded: at("/site", false) }),
          row("replaced", { loaded: at("/site", true) }),
          row("moved", { location: "/first", loaded: at("/site", false) }),
          row("moved", { loaded: at("/site", false) }),
        ],
        broken: [],
        rest: [],
        context: null,
      },
    ]);
    const seen = (await snapshotPackages(session)).map(
      ({ name, loaded_version: loaded, restart }) => [name, loaded, restart],
    );
    expect(seen).toEqual([
      ["same", "0.9", false],
      ["replaced", "0.9", true],
      ["moved", null, true],
      ["moved", "0.9", false],
    ]);
  });
});
