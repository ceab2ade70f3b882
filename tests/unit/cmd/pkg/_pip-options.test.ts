import { expect, test } from "bun:test";
import { install } from "../../../../src/cmd/pkg/install.ts";
import { rendered } from "../../../../src/text.ts";
import { failureOf } from "../../../support/failure.ts";
import { optionsOf } from "../parsing.ts";

test.each([
  ["numpy --pre", "pkg pip -- install numpy --pre"],
  ["--json -U numpy -e src", "pkg pip -- install -U numpy -e src"],
  ["numpy --no-index --offline", "pkg pip -- install numpy --no-index"],
  ["numpy --user", "--target user-modules"],
  ["numpy --zebra", "NAME --help"],
])("options of pip, and where they go: %s", async (line, hint) => {
  const failure = await failureOf(optionsOf(install, line.split(" ")));
  expect(rendered(failure.hint ?? "")).toEndWith(hint);
});
