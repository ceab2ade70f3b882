import { expect, test } from "bun:test";
import { join } from "node:path";
import { exitCodeOn } from "../../src/exit-code.ts";
import { pythonCommand } from "../support/systems.ts";

test.each([
  [0, 0, 0],
  [1, 1, 1],
  [255, 255, 255],
  // What fails doesn't look like success.
  [256, 1, 256],
  [300, 44, 300],
  [0xc000_0005, 5, 0xc000_0005],
  [0xffff_ffff, 255, 0xffff_ffff],
])("%i", (status, posix, windows) => {
  expect(exitCodeOn("linux", status)).toBe(posix);
  expect(exitCodeOn("darwin", status)).toBe(posix);
  expect(exitCodeOn("win32", status)).toBe(windows);
});

test.each([256, 0xffff_ffff])("a program that ends with %i has written all", async (status) => {
  const module = JSON.stringify(join(import.meta.dir, "../../src/exit-code.ts"));
  const code = `import { endWith } from ${module};
    process.stdout.write("x".repeat(300_000)); endWith(${status});`;
  const program = [process.execPath, "-e", code];
  // Of a program that it starts Bun sees the last eight bits only.
  const look = `import subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE)
print([len(done.stdout), done.returncode])`;
  const seen = Bun.spawn([pythonCommand, "-c", look, ...program], { stdout: "pipe" });
  expect(JSON.parse(await seen.stdout.text())).toEqual([
    300_000,
    exitCodeOn(process.platform, status),
  ]);
});
