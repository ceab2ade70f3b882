import { describe, expect, test } from "bun:test";
import { push } from "../../../../src/cmd/pkg/push.ts";
import { optionsOf, refusalOf, usualTarget } from "../parsing.ts";

const usual = { folder: undefined, transport: "auto", chunkSize: 5 * 1024 * 1024, retries: 5 };

test.each([
  [[], {}],
  [["--remote-wheelhouse", "~/w"], { folder: "~/w" }],
  [["--transport", "stream"], { transport: "stream" }],
  [["--transport=chunks", "--chunk-size", "1k"], { transport: "chunks", chunkSize: 1024 }],
  [["--retries", "0"], { retries: 0 }],
  [["--retries", "100"], { retries: 100 }],
])("%j", async (tokens, expected) => {
  const options = await optionsOf(push, ["x.whl", "wheels", ...tokens]);
  expect(options.paths).toEqual(["x.whl", "wheels"]);
  expect(options.push).toEqual<unknown>({ ...usual, ...expected });
});

test.each([
  [[], { strict: false, verify: false }],
  [["--strict"], { strict: true, verify: false }],
  [["--verify"], { strict: false, verify: true }],
])("%j", async (tokens, expected) => {
  expect(await optionsOf(push, ["x.whl", ...tokens])).toMatchObject(expected);
});

describe("the time limit", () => {
  test("is one for each step, where none is given for the whole", async () => {
    const { deadlines } = (await optionsOf(push, ["x.whl"])).target;
    const total = Number.POSITIVE_INFINITY;
    expect(deadlines).toEqual({ ...usualTarget.deadlines, answer: 300, total });
  });

  test("of the whole", async () => {
    const { deadlines } = (await optionsOf(push, ["x.whl", "--timeout", "9"])).target;
    expect(deadlines).toEqual({ ...usualTarget.deadlines, total: 9 });
  });
});

test.each([
  [[], "missing-argument", "PATH"],
  [["x", "--retries", "101"], "bad-retries", "--retries is '101'"],
  [["x", "--retries", "-1"], "bad-retries", "0 to 100"],
  [["x", "--transport", "pigeon"], "bad-transport", "--transport is 'pigeon'"],
  [["x", "--transport", "steam"], "bad-transport", "did you mean stream?"],
  [["x", "--transport", "Stream"], "bad-transport", "did you mean stream?"],
  [["x", "--chunk-size", "1"], "bad-size", "from 1k to 64M"],
  [["x", "--chunk-size", "65M"], "bad-size", "--chunk-size is '65M'"],
  [["x", "--chunk-size", "big"], "bad-size", "--chunk-size is 'big'"],
])("%j is refused", async (tokens, code, says) => {
  const refusal = await refusalOf(push, tokens);
  expect(refusal).toMatchObject({ code, exitCode: 2 });
  expect(refusal.says).toContain(says);
});
