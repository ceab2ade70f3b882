import { afterEach, beforeEach, expect, test } from "bun:test";
import { requireDisplay } from "../../../../src/local/start/display.ts";
import { rendered } from "../../../../src/text.ts";
import { failureOfCall } from "../../../support/failure.ts";

const variables = ["DISPLAY", "WAYLAND_DISPLAY"] as const;
const before = variables.map((name) => [name, process.env[name]] as const);
beforeEach(() => {
  for (const name of variables) delete process.env[name];
});
afterEach(() => {
  for (const [name, value] of before) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
});

test.if(process.platform === "linux")("without a display there is no window", () => {
  const failure = failureOfCall(() => requireDisplay(false));
  expect(failure).toMatchObject({ code: "no-display", exitCode: 2 });
  expect(rendered(failure.hint ?? "")).toContain("blender-remote-cli start --background");
});

test("what needs none", () => {
  requireDisplay(true);
  for (const name of variables) {
    process.env[name] = ":0";
    requireDisplay(false);
    delete process.env[name];
  }
});
