import { expect, test } from "bun:test";
import { resolve } from "node:path";
import { path } from "../../../../src/cmd/config/path.ts";
import { emptyConfig, optionsOf } from "../parsing.ts";

test("the file that --config names", async () => {
  expect(await optionsOf(path, [])).toEqual({ config: emptyConfig });
  const elsewhere = await optionsOf(path, ["--config", "/not/there.yaml"]);
  expect(elsewhere).toEqual({ config: resolve("/not/there.yaml") });
});
