import { describe, expect, test } from "bun:test";
import { packageChanges } from "../../../../src/remote/packages/changes.ts";
import { installed } from "./rows.ts";

describe("packageChanges", () => {
  const none = { added: [], upgraded: [], downgraded: [], removed: [], reinstalled: [] };

  test("nothing, whatever else changes in the picture", () => {
    const before = [installed("one", "1.0"), installed("two", "2.0")];
    const after = [
      installed("one", "1.0", { loaded_version: "1.0", wins: false }),
      installed("two", "2.0", { restart: true }),
    ];
    expect(packageChanges(before, after)).toEqual(none);
  });

  test("every kind, and nothing of what stayed", () => {
    const before = [
      installed("gone", "1.0"),
      installed("stays", "1.0"),
      installed("up", "1.9"),
      installed("down", "1.10"),
      installed("again", "1.0"),
      installed("odd", "not-a-version"),
    ];
    const after = [
      installed("new", "1.0", { modified: 2 }),
      installed("stays", "1.0"),
      installed("up", "1.10", { modified: 2 }),
      installed("down", "1.9", { modified: 2 }),
      installed("again", "1.0", { modified: 2 }),
      installed("odd", "1.0", { modified: 2 }),
    ];
    const location = "/site";
    expect(packageChanges(before, after)).toEqual({
      added: [{ name: "new", version: "1.0", location }],
      upgraded: [
        { name: "up", from: "1.9", to: "1.10", location },
        { name: "odd", from: "not-a-version", to: "1.0", location },
      ],
      downgraded: [{ name: "down", from: "1.10", to: "1.9", location }],
      removed: [{ name: "gone", version: "1.0", location }],
      reinstalled: [{ name: "again", version: "1.0", location }],
    });
  });

  test("a copy in another folder is added, not an upgrade", () => {
    const old = installed("numpy", "1.26.4");
    const copy = installed("numpy", "2.1.0", { location: "/modules", wins: false });
    expect(packageChanges([old], [old, copy])).toEqual({
      ...none,
      added: [{ name: "numpy", version: "2.1.0", location: "/modules" }],
    });
  });

  test("of a leftover in the same folder only what Python takes counts", () => {
    const before = [installed("one", "1.0")];
    const after = [installed("one", "2.0"), installed("one", "1.0", { wins: false })];
    expect(packageChanges(before, after)).toEqual({
      ...none,
      upgraded: [{ name: "one", from: "1.0", to: "2.0", location: "/site" }],
    });
  });
});
