import { expect, test } from "bun:test";
import { targetFor } from "../../../../src/cmd/pkg/_download-targets.ts";
import { rendered } from "../../../../src/text.ts";
import { failureOf } from "../../../support/failure.ts";

test.each([
  ["blender-4.2.3-linux-x64", "did you mean blender-4.2-linux-x64?"],
  ["Blender-4.2-windows", "did you mean blender-4.2-windows-x64?"],
  ["blender-9.9-linux-x64", "blender-5.2-linux-x64"],
  ["win_amd64", "makes a file"],
  ["blender-4.2-macos-arm64@10", "shows the oldest of each"],
  ["blender-4.2-windows-x64@10", "Windows has none"],
])("%s is no target, and a hint says what was meant", async (word, hint) => {
  const failure = await failureOf(targetFor(word));
  expect(failure.code).toBe("unknown-target");
  expect(rendered(failure.hint ?? "")).toContain(hint);
});
