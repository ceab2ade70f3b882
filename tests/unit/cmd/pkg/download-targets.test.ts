import { expect, test } from "bun:test";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

const good = {
  blender: { version: "5.0.1" },
  python: { version: "3.11.9", platform: "linux-x86_64" },
  tags: ["cp311-cp311-manylinux_2_36_x86_64"],
  markers: {},
  bundled: {},
};

test.each([
  [{ python: { version: "x; rm", platform: "" } }, "at python.version: no version of Python"],
  [{ tags: ["../../x-none-any"] }, "at tags.0: no wheel tag (PEP 425)"],
  [{ tags: "x".repeat(100_000) }, "at tags: Invalid type"],
  [{ markers: 1 }, "at markers"],
  [{ bundled: { a: 1 } }, "at bundled.a"],
])("a saved file of another shape is told: %#", async (change, says) => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "blender-remote-saved-"));
  const path = join(folder.path, "env.json");
  await Bun.write(path, JSON.stringify({ ...good, ...change }));
  const failure = await failureOf(targetFor(path));
  expect(failure).toMatchObject({ code: "bad-target", exitCode: 2 });
  expect(failure.message).toContain(says);
  expect(failure.message.length).toBeLessThan(500);
});
