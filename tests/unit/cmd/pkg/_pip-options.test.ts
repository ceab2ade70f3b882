import { expect, test } from "bun:test";
import { pipOption } from "../../../../src/cmd/pkg/_pip-options.ts";
import { rendered } from "../../../../src/text.ts";

test("options of pip, and what is meant by those that mean nothing here", () => {
  expect(rendered(pipOption("--pre") ?? "")).toContain("pkg pip -- install --pre");
  expect(pipOption("--user")).toContain("--target user-modules");
  expect(pipOption("--prt")).toBeUndefined();
});
