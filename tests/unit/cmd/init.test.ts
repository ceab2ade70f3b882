import { expect, test } from "bun:test";
import { init, pick } from "../../../src/cmd/init.ts";
import { examplePath, rendered, type Text } from "../../../src/text.ts";
import { failureOf } from "../../support/failure.ts";
import { quoted } from "../../support/systems.ts";
import { emptyConfig, optionsOf, refusalOf } from "./parsing.ts";

const signal = new AbortController().signal;
const older = { executable: "/usr/bin/blender", version: "3.4.1", numbers: [3, 4, 1] } as const;
const newer = { executable: "/opt/b/blender", version: "4.3.2", numbers: [4, 3, 2] } as const;

test("the only Blender is taken, and that is said", async () => {
  const notes: string[] = [];
  const output = { interactive: false, note: (text: Text) => void notes.push(rendered(text)) };
  expect(await pick([older], output, signal)).toBe("/usr/bin/blender");
  expect(notes).toEqual(["found Blender 3.4.1: /usr/bin/blender"]);
});

test("without a terminal several are listed, with the argument to give", async () => {
  const output = { interactive: false, note: () => {} };
  const failure = await failureOf(pick([newer, older], output, signal));
  expect(failure).toMatchObject({
    code: "several-blenders",
    exitCode: 2,
    message: "several Blenders were found:\n  4.3.2  /opt/b/blender\n  3.4.1  /usr/bin/blender",
  });
  expect(rendered(failure.hint ?? "")).toBe(
    "give the one to use: blender-remote-cli init /opt/b/blender",
  );
});

test("none is a failure that says how to give one", async () => {
  const output = { interactive: true, note: () => {} };
  const failure = await failureOf(pick([], output, signal));
  expect(failure).toMatchObject({ code: "no-blender-found", exitCode: 1 });
  expect(rendered(failure.hint ?? "")).toBe(
    `give its path: blender-remote-cli init ${examplePath}`,
  );
});

test("a path without quotes that fell apart at its space", async () => {
  const refusal = await refusalOf(init, ["C:\\Program", "Files\\Blender\\blender.exe"]);
  expect(refusal).toMatchObject({ code: "surplus-argument", exitCode: 2 });
  const whole = quoted("C:\\Program Files\\Blender\\blender.exe");
  expect(refusal.says).toContain(`a path with spaces stands in quotes: ${whole}`);
});

const usual = {
  path: emptyConfig,
  blender: undefined,
  backup: false,
  port: undefined,
  seconds: undefined,
};

test.each([
  [[], {}],
  [["/b/blender"], { blender: "/b/blender" }],
  [["--backup"], { backup: true }],
  [["--port", "7001"], { port: 7001 }],
  [["--timeout", "2.5"], { seconds: 2.5 }],
])("options of %j", async (tokens, expected) => {
  expect(await optionsOf(init, tokens)).toEqual({ ...usual, ...expected });
});

test.each([
  [["--port", "http"], "bad-port", "--port is 'http'"],
  [["--timeout", "-1"], "bad-duration", "--timeout is '-1'"],
  [["--host", "h"], "no-host-in-config", "give --host h with the commands"],
  [["a", "b"], "surplus-argument", "'b'"],
])("%j is refused", async (tokens, code, says) => {
  const refusal = await refusalOf(init, tokens);
  expect(refusal).toMatchObject({ code, exitCode: 2 });
  expect(refusal.says).toContain(says);
});
