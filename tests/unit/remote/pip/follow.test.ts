import { afterEach, describe, expect, test } from "bun:test";
import { followPip } from "../../../../src/remote/pip/follow.ts";
import { failureOf } from "../../../support/failure.ts";
import { madeUpServers, output } from "./made-up-run.ts";

const { serve, close } = madeUpServers();
afterEach(close);

const silent = { stdout: async () => {}, stderr: async () => {} };

describe("following", () => {
  test("each piece is asked for once the one before is taken, and the end is reported", async () => {
    const seen: string[] = [];
    const pieces = [output("out", "", null), output("", "err", null), output("", "", 3)];
    const session = await serve(({ arguments: args }) => {
      seen.push(`${args["action"]} ${args["stdout"] ?? ""} ${args["stderr"] ?? ""}`.trimEnd());
      return args["action"] === "read" ? pieces.shift() : {};
    });
    const take = (stream: string) => async (bytes: Uint8Array) => {
      await Bun.sleep(1);
      seen.push(`${stream}: ${new TextDecoder().decode(bytes)}`);
    };
    const sinks = { stdout: take("stdout"), stderr: take("stderr") };
    expect(await followPip(session, "a run", sinks)).toEqual({
      returncode: 3,
      duration: 2.5,
      report: null,
    });
    expect(seen).toEqual([
      "read 0 0",
      "stdout: out",
      "read 3 0",
      "stderr: err",
      "read 3 3",
      "finish",
    ]);
  });

  test.each([
    [true, "pip-cancelled"],
    [false, "pip-run-gone"],
  ])("a run that isn't there any more, cancelled: %p", async (cancelled, code) => {
    const session = await serve(() => ({ cancelled }));
    expect((await failureOf(followPip(session, "a run", silent))).code).toBe(code);
  });
});
