import { afterEach, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mustRun } from "../../../../scripts/process.ts";
import { toolsPython } from "../../../../scripts/python.ts";
import {
  bundledReplacements,
  importStates,
  type Package,
  packageChanges,
  parsePipReport,
  snapshotPackages,
} from "../../../../src/remote/packages/packages.ts";
import type { Session } from "../../../../src/remote/wire/session.ts";
import type { JsonValue } from "../../../../src/script.ts";
import { writeWheel } from "../../../support/wheels.ts";
import { plainServer } from "../plain-server.ts";

const servers: Disposable[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server[Symbol.dispose]();
});

/** A server that answers each script with the next value, and the arguments that scripts had. */
async function blenderThatAnswers(
  values: readonly JsonValue[],
): Promise<{ session: Session; asked: unknown[] }> {
  const left = [...values];
  const asked: unknown[] = [];
  const server = await plainServer((call) => {
    asked.push(call.arguments);
    return left.shift() ?? null;
  });
  servers.push(server);
  return { session: server.session, asked };
}

function row(name: string, changes: Record<string, JsonValue> = {}) {
  return {
    name,
    version: "1.0",
    location: "/site",
    source: "site",
    modified: 1,
    loaded: null,
    ...changes,
  };
}

function installed(name: string, version: string, changes: Partial<Package> = {}): Package {
  return {
    name,
    version,
    location: "/site",
    source: "site",
    wins: true,
    loaded_version: null,
    restart: false,
    modified: 1,
    ...changes,
  };
}

describe("snapshotPackages", () => {
  test("goes on where a page ends", async () => {
    const rest = [["/site", "two-1.0.dist-info"]];
    const { session, asked } = await blenderThatAnswers([
      { packages: [row("one")], rest },
      { packages: [row("two")], rest: [] },
    ]);
    const names = (await snapshotPackages(session)).map(({ name }) => name);
    expect(names).toEqual(["one", "two"]);
    expect(asked).toEqual([
      { rest: null, seconds: expect.any(Number) },
      { rest, seconds: expect.any(Number) },
    ]);
  });

  test("the first copy wins; metadata of the same thing twice is one", async () => {
    const { session } = await blenderThatAnswers([
      {
        packages: [row("one", { location: "/a" }), row("one", { location: "/b" }), row("two")],
        rest: [["/site", "two.egg-info"]],
      },
      { packages: [row("two")], rest: [] },
    ]);
    const seen = (await snapshotPackages(session)).map(({ name, location, wins }) => {
      return [name, location, wins];
    });
    expect(seen).toEqual([
      ["one", "/a", true],
      ["one", "/b", false],
      ["two", "/site", true],
    ]);
  });

  test("what is loaded, from where, and whether it's still that", async () => {
    const at = (location: string, replaced: boolean) => ({ version: "0.9", location, replaced });
    const { session } = await blenderThatAnswers([
      {
        packages: [
          row("same", { loaded: at("/site", false) }),
          row("replaced", { loaded: at("/site", true) }),
          row("moved", { location: "/first", loaded: at("/site", false) }),
          row("moved", { loaded: at("/site", false) }),
        ],
        rest: [],
      },
    ]);
    const seen = (await snapshotPackages(session)).map(
      ({ name, loaded_version: loaded, restart }) => [name, loaded, restart],
    );
    expect(seen).toEqual([
      ["same", "0.9", false],
      ["replaced", "0.9", true],
      ["moved", null, true],
      ["moved", "0.9", false],
    ]);
  });
});

describe("importStates", () => {
  test("each state, with its reason", async () => {
    const look = (name: string, changes: Record<string, JsonValue> = {}) => {
      return { name, package: row(name), found: true, instead: null, ...changes };
    };
    const old = { version: "0.9", location: "/site", replaced: true };
    const elsewhere = { version: null, location: "/other", replaced: false };
    const { session, asked } = await blenderThatAnswers([
      [
        look("fine"),
        look("missing", { package: null, found: false }),
        look("old", { package: row("old", { loaded: old }) }),
        look("moved", { package: row("moved", { loaded: elsewhere }) }),
        look("hidden", { found: false, instead: "/x/hidden.py" }),
        look("empty", { found: false }),
      ],
    ]);
    const states = await importStates(session, ["fine", "and", "so", "on"]);
    expect(asked).toEqual([{ names: ["fine", "and", "so", "on"] }]);
    const there = { version: "1.0", location: "/site", importable: false, restart: false };
    expect(states).toEqual([
      { ...there, name: "fine", importable: true, reason: null },
      {
        ...there,
        name: "missing",
        version: null,
        location: null,
        reason: "Blender doesn't find it",
      },
      {
        ...there,
        name: "old",
        restart: true,
        reason: "Blender has loaded 0.9 and must be restarted",
      },
      {
        ...there,
        name: "moved",
        restart: true,
        reason: "Blender has loaded another copy from /other and must be restarted",
      },
      { ...there, name: "hidden", reason: "Blender imports /x/hidden.py instead" },
      { ...there, name: "empty", reason: "Blender finds its metadata, but no module of it" },
    ]);
  });
});

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

describe("bundledReplacements", () => {
  const before = [
    installed("numpy", "1.26.4", { source: "bundled" }),
    installed("certifi", "2024.1", { source: "system", location: "/usr/lib" }),
    installed("mine", "1.0"),
  ];

  test("names both versions and whose it was", () => {
    const planned = [
      { name: "numpy", version: "2.1.0" },
      { name: "certifi", version: "2025.1" },
      { name: "mine", version: "2.0" },
      { name: "new", version: "1.0" },
    ];
    expect(bundledReplacements(before, planned)).toEqual([
      "numpy 2.1.0 takes the place of 1.26.4, which Blender itself uses: Blender's own modules may break",
      "certifi 2025.1 takes the place of 2024.1, which the system brought: what depends on it may break",
    ]);
  });

  test("the same version is no replacement, however it's written", () => {
    expect(bundledReplacements(before, [{ name: "numpy", version: "1.26.4" }])).toEqual([]);
    const padded = [installed("numpy", "1.26", { source: "bundled" })];
    expect(bundledReplacements(padded, [{ name: "numpy", version: "1.26.0" }])).toEqual([]);
  });

  test("in the user modules it won't be used", () => {
    const planned = [{ name: "numpy", version: "2.1.0" }];
    expect(bundledReplacements(before, planned, "user-modules")).toEqual([
      "Blender goes on importing numpy 1.26.4, which Blender itself uses, and not the 2.1.0 in its user modules: /site comes first on its path",
    ]);
  });
});

describe("parsePipReport", () => {
  test("what a real pip writes", async () => {
    const folder = await mkdtemp(join(tmpdir(), "blender-remote-report é-"));
    try {
      await writeWheel(folder, { name: "Br_one", version: "1.1", requires: ["brtwo>=2"] });
      await writeWheel(folder, { name: "brtwo", version: "2.0" });
      const flags = ["--quiet", "--dry-run", "--no-index", "--ignore-installed", "--report", "-"];
      const text = await mustRun([
        await toolsPython(),
        ...["-I", "-m", "pip", "install", ...flags, "--find-links", folder, "br-one"],
      ]);
      expect(parsePipReport(text).sort((a, b) => (a.name < b.name ? -1 : 1))).toEqual([
        {
          name: "br-one",
          version: "1.1",
          url: expect.stringMatching(/^file:.*\/Br_one-1\.1-py3-none-any\.whl$/),
          file: "Br_one-1.1-py3-none-any.whl",
          requested: true,
          requires: ["brtwo>=2"],
        },
        {
          name: "brtwo",
          version: "2.0",
          url: expect.any(String),
          file: "brtwo-2.0-py3-none-any.whl",
          requested: false,
          requires: [],
        },
      ]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  function report(changes: Record<string, JsonValue>): string {
    return JSON.stringify({ version: "1", pip_version: "25.0", install: [], ...changes });
  }

  test.each(["0", "1"])("version %s, nothing to do", (version) => {
    expect(parsePipReport(report({ version }))).toEqual([]);
  });

  test("the file of a URL", () => {
    const item = (url: string) => ({
      metadata: { name: "a", version: "1" },
      download_info: { url },
      requested: true,
    });
    const urls = [
      "https://example.org/a%2B1-1-py3-none-any.whl#sha256=0/1",
      "https://example.org/%zz?a=/b",
    ];
    const files = parsePipReport(report({ install: urls.map(item) })).map(({ file }) => file);
    expect(files).toEqual(["a+1-1-py3-none-any.whl", "%zz"]);
  });

  test.each([["2"], [1]])("version %p isn't known", (version) => {
    expect(() => parsePipReport(report({ version }))).toThrow("can't be read");
  });

  test("no report at all", () => {
    expect(() => parsePipReport("WARNING: something")).toThrow("can't be read");
  });
});
