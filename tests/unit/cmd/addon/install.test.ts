import { describe, expect, test } from "bun:test";
import { install, worded } from "../../../../src/cmd/addon/install.ts";
import { Failure } from "../../../../src/failure.ts";
import { optionsOf, refusalOf, usualBlender } from "../parsing.ts";

const usual = {
  ifRunning: "warn",
  enable: false,
  overwrite: true,
  check: false,
  name: undefined,
  form: undefined,
  into: undefined,
  leave: "nothing",
  window: false,
};

test.each([
  [["a.zip"], {}],
  [["a.zip", "-e"], { enable: true }],
  [["a.zip", "--enable-unchecked"], { enable: true, leave: "all" }],
  [["a.zip", "--as", "legacy"], { form: "legacy" }],
  [["a.zip", "--into", "/scripts"], { into: "/scripts" }],
  [["a.zip", "--no-overwrite"], { overwrite: false }],
  [["a.zip", "--check"], { check: true }],
  [["a.zip", "--name", "it"], { name: "it" }],
  [["a.zip", "--if-running", "refuse"], { ifRunning: "refuse" }],
])("%j", async (tokens, expected) => {
  const options = { sources: ["a.zip"], install: { ...usual, ...expected }, blender: usualBlender };
  const { running: _, ...given } = await optionsOf(install, tokens);
  expect(given).toEqual<unknown>(options);
});

test("several sources, and the Blender that is meant", async () => {
  const { sources, blender } = await optionsOf(install, ["a", "b", "--blender-exec", "/b"]);
  expect(sources).toEqual(["a", "b"]);
  expect(blender.executable).toBe("/b");
});

test.each([
  [[], "missing-argument", "SOURCE"],
  [["a", "b", "--name", "it"], "name-for-several", "there are 2"],
  [["a", "--if-running", "maybe"], "bad-if-running", "--if-running is 'maybe'"],
  [["a", "--if-running", "refuze"], "bad-if-running", "did you mean refuse?"],
])("%j is refused", async (tokens, code, says) => {
  const refusal = await refusalOf(install, tokens);
  expect(refusal).toMatchObject({ code, exitCode: 2 });
  expect(refusal.says).toContain(says);
});

describe("a failure in the command's words keeps its details", () => {
  const failure = new Failure("name-taken", "it's taken", {
    hint: "--overwrite",
    details: { a: 1 },
  });
  const one = {
    asked: "a.zip",
    source: "/a.zip",
    moduleName: "it",
    path: undefined,
    kind: undefined,
    replaces: false,
    version: undefined,
    replacedVersion: undefined,
    enabled: false,
    loaded: false,
    files: 0,
    warnings: [],
    failure,
  };

  test.each([
    [one, "can't install it from a.zip: it's taken; nothing is installed"],
    [{ ...one, moduleName: undefined }, "can't install from a.zip: it's taken"],
  ])("%#", (installation, message) => {
    const { code, hint, details } = failure;
    expect(worded(installation)).toMatchObject({ code, hint, details, message });
  });
});
