import { expect, test } from "bun:test";
import { enable } from "../../../../src/cmd/addon/enable.ts";
import { install } from "../../../../src/cmd/addon/install.ts";
import { posixOnly } from "../../../support/systems.ts";
import { optionsOf, refusalOf, usualTarget } from "../parsing.ts";

const usual = { target: usualTarget, named: false, reload: false, window: false, look: true };

test.each([
  [["a"], {}],
  [["a", "--reload"], { reload: true }],
  [["a", "--if-running", "ignore"], { look: false }],
  [
    ["a", "--port", "7000"],
    { named: true, target: { ...usualTarget, endpoint: { ...usualTarget.endpoint, port: 7000 } } },
  ],
])("%j: which Blenders that run are looked for", async (tokens, expected) => {
  expect((await optionsOf(enable, tokens)).running).toEqual({ ...usual, ...expected });
  expect((await optionsOf(install, tokens)).running).toEqual({ ...usual, ...expected });
});

posixOnly("Windows always has a display")(
  "without a display a window is that of a Blender that runs",
  async () => {
    const { DISPLAY, WAYLAND_DISPLAY } = process.env;
    try {
      process.env["DISPLAY"] = ":7";
      const shown = await optionsOf(enable, ["a", "--in-window"]);
      expect(shown).toMatchObject({ change: { window: true, leave: "nothing" }, running: usual });
      delete process.env["DISPLAY"];
      delete process.env["WAYLAND_DISPLAY"];
      const { change, running } = await optionsOf(enable, ["a", "--in-window"]);
      expect(change).toMatchObject({ window: false, leave: "window" });
      expect(running).toEqual({ ...usual, reload: true, window: true });
    } finally {
      Object.assign(process.env, DISPLAY === undefined ? {} : { DISPLAY });
      Object.assign(process.env, WAYLAND_DISPLAY === undefined ? {} : { WAYLAND_DISPLAY });
    }
  },
);

test("a check changes nothing in them", async () => {
  const { running } = await optionsOf(install, ["a", "--check"]);
  expect(running).toEqual({ ...usual, look: false });
  const refusal = await refusalOf(install, ["a", "--check", "--reload"]);
  expect(refusal).toMatchObject({ code: "nothing-to-reload", exitCode: 2 });
});
