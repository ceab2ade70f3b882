import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import { environmentOf } from "../../../../src/remote/python/environment.ts";
import {
  type Environment,
  environmentSchema,
} from "../../../../src/remote/python/environment-schema.ts";
import { problemsOf } from "../../../../src/remote/python/problems.ts";
import type { JsonValue } from "../../../../src/script.ts";
import { answeringBlenders } from "../answering.ts";
import { row } from "../packages/rows.ts";
import { findings, modules, noInterpreter, purelib, running, tags } from "./findings.ts";

const blenderThatAnswers = answeringBlenders();

function installed(name: string, location: string): JsonValue {
  const source = location === modules ? "user-modules" : "site";
  return row(name, { location, source });
}

/** What Blender's Python sees, asked for while the findings come. */
const packages = {
  packages: [installed("elsewhere", purelib), installed("mine", modules)],
  broken: [],
  rest: [],
  context: null,
};

const withProbe = { networkProbe: true };

async function environmentWith(findings: JsonValue): Promise<Environment> {
  const { session } = await blenderThatAnswers([{ ...running, done: true, findings }, packages]);
  return await environmentOf(session, withProbe);
}

describe("environmentOf", () => {
  test("asks until the findings are there, and puts everything in its place", async () => {
    const waiting = { done: false, findings: null, error: null };
    const done = { done: true, findings, error: null };
    const { session } = await blenderThatAnswers([running, packages, waiting, done]);
    const environment = await environmentOf(session, withProbe);
    expect(Object.keys(environment)).toEqual([
      "blender",
      "python",
      "site",
      "pip",
      "network",
      "suggested_pip_download",
      "tags",
      "markers",
      "bundled",
      "service",
    ]);
    expect(v.parse(environmentSchema, environment)).toEqual(environment);
    expect(environment.python.executable).toBe("/usr/bin/python3.11");
    expect(environment.tags).toEqual(tags);
    expect(environment.site.user_modules?.packages).toEqual([{ name: "mine", version: "1.0" }]);
    expect(environment.service).toEqual({
      kind: "plain",
      name: null,
      version: null,
      protocol: null,
      capabilities: [],
      pid: 42,
      ...session.endpoint,
    });
    expect(problemsOf(environment)).toEqual([]);
  });

  test("one wait from the first question to the last, so that short ones add up to a word", async () => {
    const { session, calls } = await blenderThatAnswers([
      running,
      packages,
      { ...running, done: true, findings },
    ]);
    const spans: [string, number, number][] = [];
    const during = async <T>(what: string, work: Promise<T>): Promise<T> => {
      const before = calls.length;
      const value = await work;
      spans.push([what, before, calls.length]);
      return value;
    };
    Reflect.set(session, "waits", { ...session.waits, during });
    await environmentOf(session, withProbe);
    expect(spans).toContainEqual(["asking Blender's Python and the package index", 0, 3]);
  });

  test("says who the service is", async () => {
    const hello = {
      protocol: 1,
      server: "bld_remote_mcp",
      service_version: "2.0.0",
      capabilities: ["hello"],
      blender_version: "3.4.1",
      pid: 42,
      background: true,
      authentication: "none",
    };
    const answers = [{ ...running, done: true, findings }, packages];
    const { session } = await blenderThatAnswers(answers, hello);
    const { service } = await environmentOf(session, withProbe);
    expect(service).toMatchObject({ kind: "service", name: "bld_remote_mcp", version: "2.0.0" });
  });

  test("without an interpreter the rest is still reported", async () => {
    const environment = await environmentWith(noInterpreter);
    expect(v.parse(environmentSchema, environment)).toEqual(environment);
    expect(environment.tags).toBeNull();
    expect(environment.suggested_pip_download).toBeNull();
    expect(problemsOf(environment).map(({ code }) => code)).toEqual(["no-interpreter"]);
  });

  test("a defect there is a failure with its traceback", async () => {
    const broken = { done: true, findings: null, error: "Traceback: here" };
    const { session } = await blenderThatAnswers([{ ...running, ...broken }, packages]);
    const failure = environmentOf(session, withProbe);
    await expect(failure).rejects.toMatchObject({
      code: "probe-failed",
      cause: new Error("Traceback: here"),
    });
  });
});
