import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import { Failure } from "../../../../src/failure.ts";
import { callBeside, callScript, runsBeside } from "../../../../src/remote/script/call.ts";
import type { Hello } from "../../../../src/remote/wire/server.ts";
import { plainServer } from "../plain-server.ts";

const script = { name: "long.py", source: "" };
const long = "0123456789".repeat(200_000);

describe("an outcome that is too long for one answer of a plain server", () => {
  test("comes in pieces, each in an answer of its own", async () => {
    const answers: number[] = [];
    const note = (line: string) => {
      answers.push(line.length);
      return line;
    };
    using server = await plainServer(() => long, note);
    const { session } = server;
    expect(await callBeside(session, script, null, v.string())).toBe(long);
    expect(answers.length).toBeGreaterThan(2);
    expect(answers[0]).toBeLessThan(300_000);
    const sum = answers.reduce((one, other) => one + other);
    expect(sum).toBeLessThan(long.length + answers.length * 200);

    // Servers that can send it get it asked for at once.
    answers.splice(0);
    expect(await callScript(session, script, null, v.string())).toBe(long);
    expect(answers).toHaveLength(1);
  });

  test.each([
    ["a piece is shorter", (line: string) => `${line.slice(0, -2)}\n`],
    ["a piece has no end", (line: string) => line.slice(0, -1)],
    ["a byte is another", (line: string) => line.replace(/.\n$/, "x\n")],
    ["nothing is kept there", (line: string) => `${line.slice(0, 60)}\n`],
  ])("%s: an error, not another text", async (_, spoil) => {
    let number = 0;
    using server = await plainServer(
      () => long,
      (line) => (number++ === 2 ? spoil(line) : line),
    );
    const call = callScript(server.session, script, null, v.string(), { pieces: true });
    const failure = await call.catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Failure);
    expect(failure).toMatchObject({ code: "answer-truncated" });
  });
});

describe("what a server keeps isn't sent again", () => {
  const lock = { name: "lock.py", source: "the lock's source" };
  const one = { name: "one.py", source: "the first one's source", modules: [lock] };
  const two = { name: "two.py", source: "the second one's source", modules: [lock] };

  test("the runner and a module that two scripts share go once, scripts by their hash later", async () => {
    const sent: unknown[] = [];
    using server = await plainServer(({ name, ...call }) => {
      sent.push([name, "source" in call, call["modules"]]);
      return null;
    });
    const { session } = server;
    for (const script of [one, two, one]) await callScript(session, script, null, v.null());
    const name = "lock.py";
    const kept = { name, script: expect.any(String), imports: [] };
    expect(sent).toEqual([
      ["one.py", true, [{ name, source: lock.source, imports: [] }]],
      ["two.py", true, [kept]],
      ["one.py", false, [kept]],
    ]);
  });
});

describe("a service of an earlier version, which doesn't know modules", () => {
  const alone = { name: "alone.py", source: "" };
  const script = { name: "script.py", source: "", modules: [alone] };
  const hello = (capabilities: string[]): Hello => ({
    protocol: 1,
    server: "bld_remote_mcp",
    service_version: "2.0.0",
    capabilities,
    blender_version: "3.4.1",
    pid: 42,
    background: true,
    authentication: "none",
  });

  test("gets a script that brings some as code, with a runner that knows them", async () => {
    using server = await plainServer(() => "done", undefined, hello(["hello", "run_script"]));
    expect(await callBeside(server.session, script, null, v.string())).toBe("done");
  });

  test.each([
    [["run_script"], true, false],
    [["run_script", "script_modules"], true, true],
    [[], false, false],
  ])("with %j", async (capabilities, without, withModules) => {
    using server = await plainServer(() => null, undefined, hello(capabilities));
    expect(runsBeside(server.session, alone)).toBe(without);
    expect(runsBeside(server.session, script)).toBe(withModules);
  });
});
