import { describe, expect, test } from "bun:test";
import { knownTagsOf, pythonOf } from "../../../../src/remote/python/interpreter.ts";
import { answeringBlenders } from "../answering.ts";
import { findings, noInterpreter, running, tags } from "./findings.ts";

const blenderThatAnswers = answeringBlenders();

describe("pythonOf", () => {
  test("gives the interpreter and how pip runs", async () => {
    const short = { ...findings, pip: null, wheels: null, network: null };
    const { session } = await blenderThatAnswers([{ ...running, done: true, findings: short }]);
    expect(await pythonOf(session)).toMatchObject({
      executable: "/usr/bin/python3.11",
      pip: ["/usr/bin/python3.11", "-I", "-X", "utf8", "-m", "pip"],
      onlineAccess: null,
    });
  });

  test("fails where there is none", async () => {
    const { session } = await blenderThatAnswers([
      { ...running, done: true, findings: noInterpreter },
    ]);
    await expect(pythonOf(session)).rejects.toMatchObject({ code: "no-interpreter" });
  });
});

describe("knownTagsOf", () => {
  const done = { job: "j", done: true, error: null };
  const found = { ...done, findings: { ...findings, pip: null, network: null } };

  test("asks once, and nothing besides", async () => {
    const { session, calls } = await blenderThatAnswers([found]);
    expect(await knownTagsOf(session)).toEqual({ tags, unknown: null });
    expect(await knownTagsOf(session)).toEqual({ tags, unknown: null });
    expect(calls.map((call) => call.name)).toEqual(["tags_probe.py"]);
  });

  test("waits for an interpreter that must be started", async () => {
    const started = { ...done, done: false, findings: null };
    const { session } = await blenderThatAnswers([started, started, found]);
    expect(await knownTagsOf(session)).toEqual({ tags, unknown: null });
  });

  test("says why they aren't known", async () => {
    const { session } = await blenderThatAnswers([{ ...done, findings: noInterpreter }]);
    const { unknown } = await knownTagsOf(session);
    expect(unknown).toContain("/usr/bin/python3.11: not there");
  });
});
