import { describe, expect, test } from "bun:test";
import { bootstrap } from "../../../../src/cmd/pkg/bootstrap.ts";
import { fileOf, optionsOf, refusalOf, usualTarget } from "../parsing.ts";

const script = fileOf("get-pip.py", "import pip\n");
const official = "https://bootstrap.pypa.io/get-pip.py";
const usual = {
  method: "auto",
  getPip: official,
  upgrade: false,
  breakSystemPackages: false,
  target: usualTarget,
};

test.each([
  [[], {}],
  [["--method", "bundled"], { method: "bundled" }],
  [["--method", "get-pip", "--get-pip", script], { method: "get-pip", getPip: script }],
  [["--get-pip", script], { getPip: script }],
  [["-U"], { upgrade: true }],
  [["--break-system-packages"], { breakSystemPackages: true }],
])("%j", async (tokens, expected) => {
  expect(await optionsOf(bootstrap, tokens)).toEqual<unknown>({ ...usual, ...expected });
});

describe("BLENDER_REMOTE_GET_PIP", () => {
  const variable = "BLENDER_REMOTE_GET_PIP";

  test("names get-pip.py where no flag does", async () => {
    process.env[variable] = script;
    try {
      expect((await optionsOf(bootstrap, [])).getPip).toBe(script);
      const flag = await optionsOf(bootstrap, ["--get-pip", official]);
      expect(flag.getPip).toBe(official);
    } finally {
      delete process.env[variable];
    }
  });
});

test.each([
  [["--method", "bundeld"], "bad-method", "did you mean bundled?"],
  [["--method", "magic"], "bad-method", "auto, ensurepip, bundled, get-pip"],
  [["--method", "ensurepip", "--get-pip", script], "two-methods", "contradict"],
])("%j is refused", async (tokens, code, says) => {
  const refusal = await refusalOf(bootstrap, tokens);
  expect(refusal).toMatchObject({ code, exitCode: 2 });
  expect(refusal.says).toContain(says);
});
