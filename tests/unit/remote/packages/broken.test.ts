import { describe, expect, test } from "bun:test";
import {
  type BrokenPackage,
  brokenFailure,
  brokenLines,
  heldLines,
  twiceThere,
} from "../../../../src/remote/packages/broken.ts";
import type { Package } from "../../../../src/remote/packages/package.ts";
import { rendered } from "../../../../src/text.ts";
import { quoted } from "../../../support/systems.ts";

function broken(changes: Partial<BrokenPackage> = {}): BrokenPackage {
  return {
    folder: "/m",
    path: "/m/brbad-1.0.dist-info",
    problem: "METADATA is empty",
    kind: "metadata",
    name: "brbad",
    is_folder: true,
    target: "user-modules",
    size: null,
    ...changes,
  };
}

const hintOf = (changes: Partial<BrokenPackage>) =>
  brokenLines([broken(changes)]).map(({ hint }) => rendered(hint))[0];

test("what is broken, and what to type", () => {
  const lines = brokenLines([broken()]);
  expect(lines.map(({ message, hint }) => [message, rendered(hint)])).toEqual([
    [
      "/m/brbad-1.0.dist-info is broken: METADATA is empty",
      `install it again: blender-remote-cli pkg install brbad --force-reinstall --target user-modules; or, where it is nobody's, remove it: blender-remote-cli execute --code ${quoted('import shutil; shutil.rmtree("/m/brbad-1.0.dist-info")')}`,
    ],
  ]);
  expect(hintOf({ target: "site" })).toContain("pkg install brbad --force-reinstall;");
  expect(hintOf({ target: "" })).toStartWith("remove it: ");
  const elsewhere = { kind: "leftover", target: "", is_folder: false } as const;
  expect(hintOf(elsewhere)).toContain("import os; os.remove(");
  expect(hintOf({ kind: "unfinished" })).toContain("puts back what was there");
});

test("what pips have left is told once for each folder", () => {
  const left = (name: string, folder: string): BrokenPackage =>
    broken({ kind: "leftover", path: `${folder}/${name}`, folder, size: 1_000_000, name: "" });
  const names = ["~cipy", "~cipy-1.0.dist-info", "~cipy.libs", "~umpy", "~umpy.libs"];
  const all = [...names.map((name) => left(name, "/m")), left("~x", "/site")];
  expect(brokenLines(all).map(({ message }) => message)).toEqual([
    "a pip that was interrupted has left ~cipy, ~cipy-1.0.dist-info, ~cipy.libs, ~umpy, and 1 more in /m (5.0 MB)",
    "a pip that was interrupted has left ~x in /site (1.0 MB)",
  ]);
  expect(rendered(brokenLines(all)[0]?.hint ?? "")).toContain("pkg clean");
});

test("what a program has loaded is no trouble, and told apart", () => {
  const held = broken({ kind: "held", path: "/m/~umpy", size: 2_000_000, name: "" });
  expect(brokenLines([held])).toEqual([]);
  expect(heldLines([broken(), held])).toEqual([
    "Windows keeps what a program has loaded: ~umpy in /m (2.0 MB); when that has ended, the next install or uninstall removes it",
  ]);
});

describe("a pip that failed", () => {
  const empty = broken();
  const bytes = broken({ path: "/m/x.dist-info", problem: "METADATA isn't UTF-8" });
  const loop = broken({ path: "/m/y.dist-info", problem: "it is a link that leads nowhere" });
  const all = [empty, bytes, loop];

  test.each([
    ["Traceback\nUnicodeDecodeError: 'utf-8' codec can't decode byte", bytes],
    ["ERROR: OSError: Too many levels of symbolic links: '/m/y.dist-info/METADATA'", loop],
    ["WARNING: Skipping /m/brbad-1.0.dist-info due to invalid metadata", undefined],
    ["Traceback\nKeyError: 3", undefined],
  ])("%j", (output, cause) => {
    const found = brokenFailure(all, output);
    expect(found?.message).toBe(
      cause && `pip can't go on where metadata is broken: ${cause.path}: ${cause.problem}`,
    );
  });

  test("with nothing broken", () => {
    expect(brokenFailure([], "UnicodeDecodeError: x")).toBeUndefined();
  });
});

test("two versions in one folder", () => {
  const copy = (version: string, location: string): Package => ({
    ...{ name: "brtwo", version, location, source: "user-modules", modified: 0 },
    ...{ requires: [], optional: [], editable: false },
    ...{ wins: true, loaded_version: null, restart: false },
  });
  expect(twiceThere([copy("1", "/a"), copy("2", "/b")])).toEqual([]);
  const [one, ...more] = twiceThere([copy("1", "/a"), copy("2", "/a"), copy("2", "/b")]);
  expect(more).toEqual([]);
  expect(one).toMatchObject({ kind: "twice", name: "brtwo", target: "user-modules" });
  expect(one?.problem).toContain("brtwo 1 and 2");
});
