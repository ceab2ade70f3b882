import { expect, test } from "bun:test";
import { type AddonResult, report } from "../../../../src/cmd/addon/_results.ts";
import { Failure } from "../../../../src/failure.ts";
import { ours } from "../../../../src/text.ts";
import { createOutput } from "../../../../src/ui/output.ts";

/** The JSON value that results come to, and the exit code. */
async function told(...results: AddonResult[]): Promise<{ value: unknown; exit: number }> {
  let value: unknown;
  const output = createOutput({
    json: true,
    quiet: false,
    verbose: false,
    flags: { line: "", takenBy: () => ["--config", "c.yaml"] },
  });
  const heard = async (json: unknown) => {
    value = json;
  };
  const exit = await report(results, { ...output, writeJson: heard });
  return { value, exit };
}

const done = { value: { op: "enable" }, line: "", about: "a", warnings: [], failure: undefined };
const failed = {
  ...done,
  failure: new Failure("blender-running", "it is open", {
    kind: "timeout",
    hint: ours("addon list", "--all"),
    details: { pid: 7 },
  }),
};
const error = {
  code: "blender-running",
  message: "it is open",
  hint: "blender-remote-cli addon list --config c.yaml --all",
  details: { pid: 7 },
};

test("one result is one object, with the failure's details and exit code", async () => {
  expect(await told(done)).toEqual({
    value: { op: "enable", warnings: [], errors: [] },
    exit: 0,
  });
  expect(await told(failed)).toEqual({
    value: { op: "enable", warnings: [], errors: ["it is open"], error },
    exit: 124,
  });
});

test("several are a list", async () => {
  const { value, exit } = await told(done, failed);
  expect(value).toMatchObject([{ errors: [] }, { error }]);
  expect(exit).toBe(1);
});
