import { expect, test } from "bun:test";
import { followedPip, pipFailure } from "../../../../src/remote/pip/followed-pip.ts";
import { commandOf, lineOf } from "../../../../src/remote/pip/purpose.ts";
import { ours } from "../../../../src/text.ts";
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

test("hands on what pip writes, and keeps the end of it", async () => {
  const { session } = await pipThatWrites("x".repeat(70_000), "ERROR: é\n");
  let seen = 0;
  const { pip, output } = await followedPip(session, invocation, async (bytes) => {
    seen += bytes.length;
  });
  expect(pip).toEqual({ returncode: 2, duration: 1, report: null });
  expect(seen).toBe(70_010);
  expect([output.length, output.slice(-10)]).toEqual([65_535, "xERROR: é\n"]);
});

test("a failure whose cause nobody knows", () => {
  const pip = { returncode: 3, duration: 1, report: null };
  expect(pipFailure({ pip, output: "" }, { wheelhouse: undefined })).toEqual({
    code: "pip-failed",
    message: "pip ended with exit status 3",
    hint: "pip's own words stand above",
  });
});

test("a command is kept as it is typed", () => {
  const command = ours("pkg install", "numpy", "--upgrade");
  const line = lineOf(command);
  expect(line).toEqual(["pkg", "install", "numpy", "--upgrade"]);
  const purpose = { line, part: "site" as const, requested: [], folder: null, stage: null };
  expect(commandOf(purpose)).toEqual(command);
});
