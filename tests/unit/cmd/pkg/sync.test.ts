import { expect, test } from "bun:test";
import { typedInstall } from "../../../../src/cmd/pkg/_typed.ts";
import { sync } from "../../../../src/cmd/pkg/sync.ts";
import { rendered } from "../../../../src/text.ts";
import { fileOf, optionsOf, refusalOf, usualTarget } from "../parsing.ts";

const file = fileOf("sync.txt", "numpy==1.26.4\nscipy\n");

test.each([
  [[], {}],
  [["--yes"], { yes: true }],
  [["--check"], { check: true }],
  [["--dry-run"], { dryRun: true }],
  [["--offline"], { offline: true }],
])("%j", async (tokens, expected) => {
  const { request, target, ...options } = await optionsOf(sync, ["-r", file, ...tokens]);
  expect(options).toMatchObject({
    ...{ yes: false, check: false, dryRun: false, offline: false },
    ...expected,
  });
  expect(request.requirements.map(({ text }) => text)).toEqual(["numpy==1.26.4", "scipy"]);
  expect(request).toMatchObject({ target: "site", upgrade: false, deps: true });
  expect(target).toEqual(usualTarget);
});

test("a file with nothing in it asks that nothing be there", async () => {
  const empty = fileOf("nothing.txt", "# nothing\n");
  expect((await optionsOf(sync, ["-r", empty])).request.requirements).toEqual([]);
});

test("as it was typed", async () => {
  const { request } = await optionsOf(sync, ["a", "-r", file, "--from-here"]);
  const besides = { command: "pkg sync", paths: ["./b.whl"], flags: ["--from-here"] } as const;
  expect(rendered(typedInstall(request, besides)())).toBe(
    `blender-remote-cli pkg sync ./b.whl a -r ${file} --from-here`,
  );
});

test.each([
  [[], "missing-argument", "pkg sync needs -r FILE"],
  [["-r", "/not/there.txt"], "requirements-unreadable", "no such file or folder"],
  [["a", "--from-here", "--offline"], "two-modes", "--from-here"],
  [["a", "-U"], "unknown-option", "-U"],
])("%j is refused", async (tokens, code, says) => {
  const refusal = await refusalOf(sync, tokens);
  expect(refusal).toMatchObject({ code, exitCode: 2 });
  expect(refusal.says).toContain(says);
});
