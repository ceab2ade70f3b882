import { expect, test } from "bun:test";
import {
  followedPip,
  type PipListener,
  pipFailure,
} from "../../../../src/remote/pip/followed-pip.ts";
import { commandOf, lineOf } from "../../../../src/remote/pip/purpose.ts";
import { ours, rendered, type Text } from "../../../../src/text.ts";
import { answeringBlenders } from "../answering.ts";

const blenderThatAnswers = answeringBlenders();
const invocation = { command: ["python", "-m", "pip"], arguments: ["list"], isolated: true };
const base64 = (text: string) => Buffer.from(text).toString("base64");

function pipThatWrites(stdout: string, stderr: string) {
  const written = { stdout: base64(stdout), stderr: base64(stderr) };
  return blenderThatAnswers(({ name, arguments: { action } }) => {
    if (name === "pip_start.py") return { busy: null };
    return action === "read" ? { ...written, returncode: 2, cancelled: false, seconds: 1 } : {};
  });
}

/** A listener, and what it has heard. */
function listening(everything: boolean) {
  const heard = { output: "", notes: [] as Text[] };
  const listener: PipListener = {
    everything,
    output: async (bytes) => {
      heard.output += Buffer.from(bytes).toString();
    },
    note: (message) => {
      heard.notes.push(message);
    },
  };
  return { heard, listener };
}

test("hands on what pip writes, and keeps the end of it", async () => {
  const { session } = await pipThatWrites("x".repeat(70_000), "ERROR: é\n");
  const { heard, listener } = listening(true);
  const { pip, output } = await followedPip(session, invocation, listener);
  expect(pip).toEqual({ returncode: 2, duration: 1, report: null });
  expect(heard.output.length).toBe(70_009);
  expect([output.length, output.slice(-10)]).toEqual([65_535, "xERROR: é\n"]);
});

const crash = 'ERROR: Exception:\nTraceback (most recent call last):\n  File "x"\nzlib.error: no\n';

test("without tracebacks, unless all is wanted", async () => {
  const { session } = await pipThatWrites("", crash);
  const some = listening(false);
  expect((await followedPip(session, invocation, some.listener)).output).toBe(crash);
  expect(some.heard.output).toBe("ERROR: Exception:\nzlib.error: no\n");
  const all = listening(true);
  await followedPip(session, invocation, all.listener);
  expect(all.heard.output).toBe(crash);
});

test("settings that are left out are told once", async () => {
  const places = { left_out: ["PIP_USER", "[install] target in /etc/pip.conf"] };
  const { session, calls } = await blenderThatAnswers(({ name, arguments: { action } }) => {
    if (name === "pip_start.py") return { busy: null, ...places };
    const ended = { returncode: 0, cancelled: false, seconds: 1 };
    return action === "read" ? { stdout: "", stderr: "", ...ended } : {};
  });
  const { heard, listener } = listening(false);
  const decided = { command: "install" as const, names: ["user", "target"] };
  await followedPip(session, { ...invocation, decided }, listener);
  await followedPip(session, invocation, listener);
  expect(heard.notes.map((note) => rendered(note))).toEqual([
    "pip's settings on Blender's machine don't decide this, and are left out: PIP_USER, [install] target in /etc/pip.conf",
  ]);
  const starts = calls.filter(({ name }) => name === "pip_start.py");
  expect(starts.map(({ arguments: { decided: sent } }) => sent)).toEqual([decided, null]);
});

test("the wheel that a crash is about is looked for", async () => {
  const output =
    "Processing ./a-1-py3-none-any.whl\nProcessing ./b-1-py3-none-any.whl\nInstalling collected packages: a, b\n";
  const { session, calls } = await blenderThatAnswers(({ name, arguments: { action } }) => {
    if (name === "damaged_wheels.py") return ["b-1-py3-none-any.whl"];
    if (name === "pip_start.py") return { busy: null };
    const ended = { returncode: 2, cancelled: false, seconds: 1 };
    return action === "read" ? { stdout: base64(output), stderr: base64(crash), ...ended } : {};
  });
  const offline = ["install", "--no-index", "--find-links", "/w", "a"];
  const run = { ...invocation, arguments: offline };
  const failed = await followedPip(session, run, listening(false).listener);
  expect(pipFailure(failed, { wheelhouse: "/w" })).toMatchObject({
    code: "bad-wheel",
    message: "b-1-py3-none-any.whl is corrupt",
  });
  const asked = calls.find(({ name }) => name === "damaged_wheels.py");
  expect(asked?.arguments).toEqual({
    folder: "/w",
    names: ["a-1-py3-none-any.whl", "b-1-py3-none-any.whl"],
  });
});

test("a failure whose cause nobody knows", () => {
  const pip = { returncode: 3, duration: 1, report: null };
  expect(pipFailure({ pip, output: "" }, { wheelhouse: undefined })).toEqual({
    code: "pip-failed",
    message: "pip ended with exit status 3",
    hint: "pip's own words stand above; --verbose shows all of them",
  });
});

test("a command is kept as it is typed", () => {
  const command = ours("pkg install", "numpy", "--upgrade");
  const line = lineOf(command);
  expect(line).toEqual(["pkg", "install", "numpy", "--upgrade"]);
  const purpose = { line, part: "site" as const, requested: [], folder: null, stage: null };
  expect(commandOf(purpose)).toEqual(command);
});
