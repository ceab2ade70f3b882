import { describe, expect, test } from "bun:test";
import { misfitWarnings } from "../../../../src/cmd/pkg/_misfits.ts";
import { answeringBlenders } from "../../remote/answering.ts";
import { findings, noInterpreter } from "../../remote/python/findings.ts";

const blenderThatAnswers = answeringBlenders();

const wheels = [
  { name: "any-1.0-py3-none-any.whl" },
  { name: "fits-1.0-cp311-cp311-manylinux_2_36_x86_64.whl" },
  { name: "old-1.0-cp27-cp27m-win32.whl" },
];
const told = { job: "j", done: true, findings, error: null };
/** A defect there, which ends the question. */
const broken = { job: "j", done: true, findings: null, error: "defect" };

/** Asks; what was warned of, and what came of it. */
async function asked(answers: unknown, strict: boolean, of = wheels, over?: AbortController) {
  const { session, calls } = await blenderThatAnswers(() => answers);
  const warned: string[] = [];
  const signal = (over ?? new AbortController()).signal;
  const warnings = misfitWarnings(session, of, strict, signal, (text) => void warned.push(text));
  return { outcome: (await Promise.allSettled([warnings]))[0], warned, calls, session };
}

describe("which wheels of a push don't fit", () => {
  test("wheels for every Python 3 need no question", async () => {
    const { outcome, warned, calls } = await asked(told, true, wheels.slice(0, 1));
    expect(outcome).toMatchObject({ value: [] });
    expect([warned, calls]).toEqual([[], []]);
  });

  test("a warning; the session's connection is free meanwhile and stays", async () => {
    const { outcome, warned, session } = await asked(told, false);
    const message = "old-1.0-cp27-cp27m-win32.whl is for CPython 2.7";
    expect(outcome).toMatchObject({ value: [expect.stringContaining(message)] });
    expect(warned).toEqual([expect.stringContaining("1 of 3 wheels doesn't fit")]);
    expect(session.connection.usable).toBe(true);
  });

  test("with --strict a failure, and no warning", async () => {
    const { outcome, warned } = await asked(told, true);
    expect(outcome).toMatchObject({ reason: { code: "tags-dont-fit" } });
    expect(warned).toEqual([]);
  });

  test("what isn't known is a warning, with --strict a failure", async () => {
    const unknown = { ...told, findings: noInterpreter };
    const { outcome, warned } = await asked(unknown, false);
    expect(warned).toEqual([expect.stringContaining("/usr/bin/python3.11: not there")]);
    expect(outcome).toMatchObject({ value: warned });
    expect((await asked(unknown, true)).outcome).toMatchObject({
      reason: { code: "tags-unknown" },
    });
  });

  test("a question that fails doesn't end the push, unless it is strict", async () => {
    const { outcome, warned } = await asked(broken, false);
    expect(warned).toEqual([expect.stringContaining("couldn't be looked at")]);
    expect(outcome).toMatchObject({ value: warned });
    expect((await asked(broken, true)).outcome).toMatchObject({ reason: { code: "probe-failed" } });
  });

  test("once the push is over nothing is said any more", async () => {
    const over = new AbortController();
    over.abort();
    const { outcome, warned } = await asked(told, false, wheels, over);
    expect(outcome?.status).toBe("rejected");
    expect(warned).toEqual([]);
  });
});
