import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import { Failure } from "../../../src/failure.ts";
import { checked, checkedJson } from "../../../src/remote/checked.ts";
import {
  countSchema,
  exitSchema,
  pidSchema,
  portSchema,
  returncodeSchema,
  secondsSchema,
  timeSchema,
} from "../../../src/remote/numbers.ts";
import { base64Schema } from "../../../src/remote/script/base64.ts";

const schema = v.object({ name: v.string(), sizes: v.array(countSchema) });

function failureFor(value: unknown): Failure {
  try {
    checked(schema, value, "'status'");
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error("it was taken");
}

describe("an answer of another shape", () => {
  test.each([
    [{ name: 1, sizes: [] }, "at name stands 1, not string"],
    [{ name: "a", sizes: [1, -1] }, "at sizes.1 stands -1, which can't be"],
    [{ name: "a", sizes: [0.5] }, "at sizes.0 stands 0.5, which can't be"],
    [
      { name: "a", sizes: [Number.POSITIVE_INFINITY] },
      "at sizes.0 stands Infinity, which can't be",
    ],
    [{ name: "a", sizes: {} }, "at sizes stands an object, not Array"],
    [{ sizes: [] }, "name is missing"],
    [[], "name is missing"],
    [null, "at its top stands null, not Object"],
  ])("%p is a bad answer, and says what was seen", (value, says) => {
    const failure = failureFor(value);
    expect(failure).toMatchObject({ code: "bad-answer", exitCode: 4 });
    expect(failure.message).toStartWith("the answer to 'status' is none that a service gives: ");
    expect(failure.message).toContain(says);
    expect(failure.hint).toBeDefined();
  });

  test("a long or deep value doesn't make a long message", () => {
    const deep = JSON.parse(`${"[".repeat(10_000)}${"]".repeat(10_000)}`);
    for (const name of ["x".repeat(1e6), deep, [..."x".repeat(1e5)]]) {
      expect(failureFor({ name: [name], sizes: [] }).message.length).toBeLessThan(300);
      expect(failureFor({ name: "a", sizes: name }).message.length).toBeLessThan(300);
    }
  });

  test("JSON within it is checked too", () => {
    expect(checkedJson(schema, '{"name": "a", "sizes": [1]}', "x.py").sizes).toEqual([1]);
    for (const json of ["", "{", '{"name": NaN}', "[".repeat(1e6)]) {
      expect(() => checkedJson(schema, json, "x.py")).toThrow("is none that a service gives");
    }
  });

  test("what is no base64 is one, and no exception", () => {
    expect(checked(base64Schema, "aGk=", "x")).toEqual(new Uint8Array([104, 105]));
    expect(() => checked(base64Schema, "a=b", "x")).toThrow(Failure);
  });
});

test.each([
  ["a count", countSchema, [0, 2 ** 53 - 1], [-1, 0.5, 2 ** 53, 1e308]],
  ["a process id", pidSchema, [1, 4_194_304], [0, -1, 1.5, 2 ** 32]],
  ["a port", portSchema, [1, 65_535], [0, 65_536]],
  ["an exit status", exitSchema, [0, 255, 2 ** 32 - 1], [-1, 0.5, 2 ** 32]],
  ["a process's end", returncodeSchema, [-9, 0, 2 ** 32 - 1], [-129, 0.5, 1e10]],
  ["a duration", secondsSchema, [0, -2, 1e9], [1e11, Number.POSITIVE_INFINITY, Number.NaN]],
  ["a time", timeSchema, [0, 1.8e9], [1e12, Number.NEGATIVE_INFINITY]],
] as const)("%s has bounds", (_, bounded, good, bad) => {
  for (const value of good) expect(v.is(bounded, value)).toBe(true);
  for (const value of [...bad, "1", null, true]) expect(v.is(bounded, value)).toBe(false);
});
