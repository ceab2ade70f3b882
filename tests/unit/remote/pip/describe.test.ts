import { expect, test } from "bun:test";
import { describePip } from "../../../../src/remote/pip/describe.ts";
import { commandOf } from "../../../../src/remote/pip/purpose.ts";
import { rendered } from "../../../../src/text.ts";
import { quoted } from "../../../support/systems.ts";
import { madeUpRun } from "./made-up-run.ts";

test.each([
  [{ returncode: null }, ", since 2026-11-21 08:00:00: "],
  [{ returncode: 1 }, ", began 2026-11-21 08:00:00, ended after 90.0 s with exit status 1: "],
])("when a run began doesn't depend on when one looks: %j", (change, when) => {
  expect(describePip({ ...madeUpRun, ...change })).toContain(`process 4711${when}`);
});

test("a run that is part of a command is shown as that command", () => {
  const line = ["pkg", "install", "scipy>=1.11", "--target", "user-modules"];
  const requested = ["scipy"];
  const purpose = { line, part: "plan" as const, requested, folder: "/m", stage: null };
  expect(describePip({ ...madeUpRun, purpose })).toEndWith(
    `: pkg install ${quoted("scipy>=1.11")} --target user-modules (its first half: what pip would install)`,
  );
  expect(rendered(commandOf(purpose))).toBe(
    `blender-remote-cli pkg install ${quoted("scipy>=1.11")} --target user-modules`,
  );
});

test("a run for people: a command line that can be read", () => {
  expect(describePip(madeUpRun)).toMatch(/^process 4711, since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d: /);
  const words = [quoted("/a b/python"), "-m", "pip", "install"];
  const address = quoted("--index-url=https://***@host/simple");
  expect(describePip(madeUpRun)).toEndWith(`: ${[...words, address].join(" ")}`);
});
