import { expect, test } from "bun:test";
import { restart } from "../../../src/cmd/restart.ts";
import { optionsOf, refusalOf, usualBlender, usualTarget } from "./parsing.ts";

const usual = { force: false, detach: false, wait: 60, local: usualBlender, target: usualTarget };

test.each([
  [[], {}],
  [["--force"], { force: true }],
  [["-d", "--wait", "5"], { detach: true, wait: 5 }],
])("%j", async (tokens, expected) => {
  expect(await optionsOf(restart, tokens)).toEqual({ ...usual, ...expected });
});

test("what isn't taken", async () => {
  const surplus = { code: "surplus-argument", exitCode: 2 };
  expect(await refusalOf(restart, ["now"])).toMatchObject(surplus);
  expect(await refusalOf(restart, [], ["x"])).toMatchObject(surplus);
  expect(await refusalOf(restart, ["--wait", "0"])).toMatchObject({ code: "bad-duration" });
});
