import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import { Failure } from "../../../../src/failure.ts";
import { callBeside, callScript } from "../../../../src/remote/script/call.ts";
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
    const { connection } = server;
    const plain = { kind: "plain" } as const;
    expect(await callBeside(plain, connection, script, null, v.string())).toBe(long);
    expect(answers.length).toBeGreaterThan(2);
    expect(answers[0]).toBeLessThan(300_000);
    const sum = answers.reduce((one, other) => one + other);
    expect(sum).toBeLessThan(long.length + answers.length * 200);

    // Servers that can send it get it asked for at once.
    answers.splice(0);
    expect(await callScript(connection, script, null, v.string())).toBe(long);
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
    const call = callScript(server.connection, script, null, v.string(), { pieces: true });
    const failure = await call.catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Failure);
    expect(failure).toMatchObject({ code: "answer-truncated" });
  });
});
