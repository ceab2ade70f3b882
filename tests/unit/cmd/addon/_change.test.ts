import { expect, test } from "bun:test";
import { worded } from "../../../../src/cmd/addon/_change.ts";
import { Failure } from "../../../../src/failure.ts";

test("a failure in the command's words keeps its details, its hint and its kind", () => {
  const failure = new Failure("blender-running", "it is open", {
    kind: "timeout",
    hint: "close it",
    details: { pid: 7 },
  });
  const told = worded("enable", { asked: "cycles", name: null, failure }, []);
  expect(told).toMatchObject({
    code: "blender-running",
    message: "can't enable cycles: it is open",
    kind: "timeout",
    hint: "close it",
    details: { pid: 7 },
  });
});
