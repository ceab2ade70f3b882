// `pkg install` of package sets of every kind: what it calls importable is imported, and nothing else.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { otherDebianUnavailable } from "../../scripts/other_debian.ts";
import { inBlender, ownBlender } from "../support/blender.ts";
import { everyBlender } from "../support/every-blender.ts";
import {
  type Facts,
  installs,
  ownPackages,
  type PackageSet,
  packageSets,
  type Target,
  whenOf,
  writeWheelhouses,
} from "../support/package-sets.ts";
import { expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { startService } from "../support/servers.ts";

/** What an import gives: the module's own file, or what was raised. */
interface Import {
  file: string | null;
  error: string | null;
}

/** What a Blender has: imports by module, and versions by package. */
interface Seen {
  imports: Record<string, Import>;
  versions: Record<string, string>;
}

/** What came of a set in one Blender. */
interface Row {
  set: PackageSet;
  exit: number;
  /** What the command printed. */
  said: string;
  installed: { name: string; version: string; location: string; importable: boolean | null }[];
}

/** All sets in one Blender; imports by module, in the Blender that installed them and in a fresh one. */
interface Outcome {
  rows: Row[];
  live: Record<string, Import>;
  fresh: Record<string, Import>;
  versions: Record<string, string>;
}

const bothTargets: readonly Target[] = ["site", "user-modules"];

/** Into the system's Python of Debian's Blenders only where nobody else sees it. */
const unmounted = await otherDebianUnavailable();

const places = everyBlender.flatMap(([title, launcher]) => {
  const name = title.split(" ")[0] ?? "";
  const targets = unmounted === undefined || name === "bpy" ? bothTargets : bothTargets.slice(1);
  return targets.map((target) => {
    const facts: Facts = {
      target,
      python: name === "trixie" ? "3.13" : "3.11",
      numpy: name === "bpy" ? "1.26.4" : null,
    };
    return { title: `${title}, ${target}`, name, launcher, target, facts };
  });
});

type Place = (typeof places)[number];

async function blenderFor({ name, launcher, target }: Place, box: Sandbox): Promise<string> {
  if (target === "user-modules") return launcher;
  // Nothing is installed into the machine's own Python.
  return name === "bpy" ? ownBlender(box) : ownPackages(box, launcher, name);
}

/** Python that imports the modules, each by itself, and looks for the packages; as `Seen`. */
function lookFor(modules: readonly string[], names: readonly string[]): string {
  const json = (value: readonly string[]) => JSON.stringify(JSON.stringify(value));
  return `import importlib, importlib.metadata, json
importlib.invalidate_caches()
result = {"imports": {}, "versions": {}}
for name in json.loads(${json(names)}):
    try:
        result["versions"][name] = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        pass
for name in json.loads(${json(modules)}):
    try:
        file, error = getattr(importlib.import_module(name), "__file__", None), None
    except BaseException as raised:
        file, error = None, f"{type(raised).__name__}: {raised}"
    result["imports"][name] = {"file": file, "error": error}
`;
}

async function install(
  box: Sandbox,
  sets: readonly PackageSet[],
  there: string,
  target: Target,
): Promise<Row[]> {
  const managed = target === "site" ? ["--break-system-packages"] : [];
  const from = ["--target", target, "--remote-wheelhouse", there, ...managed, "--json"];
  const before = sets.flatMap((set) => set.before ?? []);
  if (before.length > 0) expectSuccess(await box.cli(["pkg", "install", ...before, ...from]));
  const wanted = sets.flatMap(({ specs, flags = [] }) => [...specs, ...flags]);
  const done = await box.cli(["pkg", "install", ...wanted, ...from]);
  const { installed = [] } = JSON.parse(done.stdout) as Partial<Row>;
  const said = `${done.stdout}\n${done.stderr}`;
  return sets.map((set) => {
    const own = installed.filter(({ name }) => sets.length === 1 || name in (set.expects ?? {}));
    return { set, exit: done.code, said, installed: own };
  });
}

async function outcomeIn(place: Place, wheelhouses: string): Promise<Outcome> {
  await using box = await sandbox();
  const launcher = await blenderFor(place, box);
  await startService(box, launcher);
  const rows: Row[] = [];
  for (const [number, sets] of installs(place.facts).entries()) {
    const there = join(wheelhouses, String(number));
    rows.push(...(await install(box, sets, there, place.target)));
  }
  const expected = rows.flatMap(({ set }) => Object.entries(set.expects ?? {}));
  const brought = rows.flatMap(({ set }) => set.brings ?? []);
  const modules = [...new Set([...expected.flatMap(([, one]) => one.modules), ...brought])];
  const look = lookFor(
    modules,
    expected.map(([name]) => name),
  );
  const code = `${look}\nprint(json.dumps(result))`;
  const live: Seen = JSON.parse(expectSuccess(await box.cli(["execute", "--code", code])).stdout);
  expectSuccess(await box.cli(["stop"]));
  const fresh = (await inBlender(box, launcher, look)) as Seen;
  return { rows, live: live.imports, fresh: fresh.imports, versions: fresh.versions };
}

let folder: string;
/** Begun together, since each mostly waits for its own Blender and pip. */
let outcomes: Map<string, Promise<Outcome>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "blender-remote-sets-"));
  const made = new Map<Facts, string>();
  for (const { facts, title } of places) {
    made.set(facts, await writeWheelhouses(join(folder, title), facts));
  }
  outcomes = new Map(
    places.map((place) => {
      const outcome = outcomeIn(place, made.get(place.facts) ?? "");
      // Whoever waits for it hears of it.
      outcome.catch(() => undefined);
      return [place.title, outcome] as const;
    }),
  );
  await Promise.allSettled(outcomes.values());
}, 600_000);
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Whether an import gave a module that lies below a folder. */
function isFrom(seen: Import | undefined, location: string): boolean {
  return seen?.file?.startsWith(`${location}/`) === true;
}

/** The modules of a package that come from its folder, of those that must. */
function ownOf(modules: readonly string[], seen: Record<string, Import>, location: string) {
  return modules.every((module) => isFrom(seen[module], location));
}

function requireExit({ set, exit, said }: Row, target: Target): void {
  const never = Object.values(set.expects ?? {}).some((one) =>
    ["never", "refused"].includes(whenOf(one, target)),
  );
  const expected = set.exit ?? (never ? 1 : 0);
  if (exit !== expected) throw new Error(`exit code ${exit}, not ${expected}\n${said}`);
}

describe.each(places)("$title", (place) => {
  for (const set of packageSets(place.facts)) {
    test(set.name, async () => {
      const outcome = await outcomes.get(place.title);
      const row = outcome?.rows.find((one) => one.set.name === set.name);
      if (outcome === undefined || row === undefined) throw new Error("nothing came of it");
      requireExit(row, place.target);
      const all = Object.entries(set.expects ?? {});
      const wanted = all.filter(([, one]) => whenOf(one, place.target) !== "refused");
      for (const module of all.flatMap((one) => (wanted.includes(one) ? [] : one[1].modules))) {
        expect([module, outcome.fresh[module]?.error]).toEqual([module, expect.any(String)]);
      }
      expect(row.installed.map(({ name }) => name)).toEqual(wanted.map(([name]) => name));
      for (const [at, [name, expected]] of wanted.entries()) {
        const { location = "", importable, version } = row.installed[at] ?? {};
        const { live, fresh } = outcome;
        const when = whenOf(expected, place.target);
        const seen = expected.modules.map((module) => ({
          live: live[module],
          fresh: fresh[module],
        }));
        const now = ownOf(expected.modules, live, location);
        const later = ownOf(expected.modules, fresh, location);
        // What was said, what is so in the Blender that runs, and what is so after a start.
        expect({ name, importable, now, later, seen }).toEqual({
          name,
          importable: when === "nothing" ? null : when === "now",
          now: when === "now",
          later: when === "now" || when === "restart",
          seen,
        });
        if (expected.version === undefined) continue;
        expect(version).toBe(expected.version);
        const last = outcome.rows.findLast((one) => name in (one.set.expects ?? {}));
        if (last === row) expect(outcome.versions[name]).toBe(expected.version);
      }
      for (const module of set.brings ?? []) {
        const errors = [outcome.live[module]?.error, outcome.fresh[module]?.error];
        expect([module, ...errors]).toEqual([module, null, null]);
      }
    });
  }
});

test("there are at least thirty sets", () => {
  for (const { facts } of places) expect(packageSets(facts).length).toBeGreaterThan(30);
});
