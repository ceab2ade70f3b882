import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type PackageSource, type Solution, solve } from "../../../../src/wheels/solver/solve.ts";
import { matches } from "../../../../src/wheels/specifier.ts";
import { requirement } from "../../../support/requirements.ts";

/** Of each package its versions, oldest first, and what each needs; behind `[x]` what an extra adds. */
type World = Record<string, Record<string, readonly string[]>>;

function sourceOf(world: World): PackageSource {
  return {
    versions: async (name) => ({ usable: Object.keys(world[name] ?? {}), unusable: [] }),
    needs: async (name, version, extra) => {
      const key = extra === null ? name : `${name}[${extra}]`;
      return { requirements: (world[key]?.[version] ?? []).map(requirement) };
    },
  };
}

function solved(world: World, asked: readonly string[], constraints: readonly string[] = []) {
  const what = { requirements: asked.map(requirement), constraints: constraints.map(requirement) };
  return solve(what, sourceOf(world), () => true);
}

function versionsOf(solution: Solution): Record<string, string> | string {
  if (solution.code !== "ok") return solution.code;
  return Object.fromEntries(solution.packages.map(({ name, version }) => [name, version]));
}

describe("a set of versions", () => {
  const world: World = {
    app: { "1": ["lib>=1"], "2": ["lib>=2"], "3": ["lib>=2", "other"] },
    lib: { "1": [], "2": [], "3": ["other<2"] },
    other: { "1": [], "2": [] },
    tool: { "1": ["lib<2"] },
    "lib[x]": { "2": ["other==1"], "3": ["tool"] },
  };

  test.each<[string[], Record<string, string> | string]>([
    [[], {}],
    [["app"], { app: "3", lib: "3", other: "1" }],
    [["app", "other==2"], { app: "3", lib: "2", other: "2" }],
    [["app", "tool"], { app: "1", lib: "1", tool: "1" }],
    [["app>=2", "tool"], "conflict"],
    [["nothing"], "conflict"],
    [["lib[x]"], { lib: "2", other: "1" }],
    [["lib[x,y]==2"], { lib: "2", other: "1" }],
    [["lib[x]==3"], "conflict"],
  ])("%p", async (asked, expected) => {
    expect(versionsOf(await solved(world, asked))).toEqual(expected);
  });

  test.each<[string[], string[], Record<string, string>]>([
    // What is there stays while it may; the newest comes where it may not.
    [["app", "other"], [], { app: "2", lib: "2", other: "2" }],
    [["app"], ["lib>2"], { app: "2", lib: "3", other: "1" }],
    [["app>2"], [], { app: "3", lib: "2", other: "2" }],
  ])(
    "%p with %p, where app 2, lib 2 and other 2 are preferred",
    async (asked, limits, expected) => {
      const source = sourceOf(world);
      const preferring: PackageSource = {
        ...source,
        versions: async (name) => ({ ...(await source.versions(name)), preferred: "2" }),
      };
      const what = { requirements: asked.map(requirement), constraints: limits.map(requirement) };
      expect(versionsOf(await solve(what, preferring, () => true))).toEqual(expected);
    },
  );

  test("who needs what only an extra needs is told", async () => {
    const found = await solved(world, ["lib[x]"]);
    const packages = found.code === "ok" ? found.packages : [];
    const other = packages.find(({ name }) => name === "other");
    expect(other?.requiredBy).toMatchObject([{ by: { name: "lib[x]", version: "2" } }]);
  });

  test("a constraint keeps versions out and brings no package", async () => {
    expect(versionsOf(await solved(world, ["app"], ["lib<3", "tool==1"]))).toEqual({
      app: "3",
      lib: "2",
      other: "2",
    });
  });

  test("packages that need each other, and themselves", async () => {
    const circle: World = {
      a: { "1": ["b"], "2": ["b==2"] },
      b: { "1": ["a"], "2": ["a[x]==2", "b"] },
      "a[x]": { "2": ["a[y]", "c"] },
      "a[y]": { "2": ["a[x]"] },
      c: { "1": [] },
    };
    const solution = await solved(circle, ["a"]);
    expect(versionsOf(solution)).toEqual({ a: "2", b: "2", c: "1" });
    expect(solution).toMatchObject({ packages: [{ name: "a", extras: ["x", "y"] }, {}, {}] });
  });

  test("it ends when it is told to", async () => {
    const what = { requirements: [requirement("app")], constraints: [] };
    let left = 2;
    const solution = await solve(what, sourceOf(world), () => left-- > 0);
    expect(solution).toEqual({ code: "gave-up", tried: expect.any(Array) });
  });
});

const names = ["a", "b", "c", "d", "e"];

const worlds: fc.Arbitrary<World> = fc
  .array(
    fc.array(fc.array(fc.tuple(fc.nat(4), fc.nat(3), fc.nat(3)), { maxLength: 3 }), {
      minLength: 1,
      maxLength: 3,
    }),
    {
      minLength: names.length,
      maxLength: names.length,
    },
  )
  .map((packages) =>
    Object.fromEntries(
      packages.map((versions, index) => [
        names[index] ?? "",
        Object.fromEntries(
          versions.map((needs, version) => [
            String(version + 1),
            needs.map(([one, low, more]) => `${names[one]}>=${low},<=${low + more}`),
          ]),
        ),
      ]),
    ),
  );

/** Whether these versions are all that is needed, and go together. */
function isWhole(world: World, asked: readonly string[], chosen: Record<string, string>): boolean {
  const needs = Object.entries(chosen).flatMap(([name, version]) => world[name]?.[version] ?? []);
  return [...asked, ...needs].map(requirement).every(({ name, specifier }) => {
    const version = chosen[name];
    return version !== undefined && matches(version, specifier);
  });
}

function everyChoice(world: World): Record<string, string>[] {
  let found: Record<string, string>[] = [{}];
  for (const name of names) {
    const versions = Object.keys(world[name] ?? {});
    found = found.flatMap((one) => [
      one,
      ...versions.map((version) => ({ ...one, [name]: version })),
    ]);
  }
  return found;
}

test("there is an answer where trying everything finds one, and it goes together", async () => {
  await fc.assert(
    fc.asyncProperty(
      worlds,
      fc.uniqueArray(fc.constantFrom(...names), { minLength: 1 }),
      async (world, asked) => {
        const found = versionsOf(await solved(world, asked));
        if (typeof found === "string") {
          expect(found).toBe("conflict");
          expect(everyChoice(world).find((one) => isWhole(world, asked, one))).toBeUndefined();
        } else {
          expect([found, isWhole(world, asked, found)]).toEqual([found, true]);
        }
      },
    ),
    { numRuns: 400 },
  );
}, 60_000);

test("versions that fail one after the other are asked about several at once", async () => {
  const versions = Array.from({ length: 60 }, (_, index) => String(index));
  const old = Object.fromEntries(versions.map((one) => [one, one === "0" ? [] : ["base>=2"]]));
  const source = sourceOf({ app: old, base: { "1": [], "2": [] } });
  const open: (() => void)[] = [];
  const answered = new Map<string, ReturnType<PackageSource["needs"]>>();
  const slow: PackageSource = {
    versions: source.versions,
    needs: (name, version, extra) => {
      const key = `${name} ${version} ${extra}`;
      const { promise, resolve } = Promise.withResolvers<void>();
      open.push(resolve);
      const answer = answered.get(key) ?? promise.then(() => source.needs(name, version, extra));
      answered.set(key, answer);
      return answer;
    },
  };
  let rounds = 0;
  const search = solve(
    { requirements: ["base==1", "app"].map(requirement), constraints: [] },
    slow,
    () => true,
  );
  let isDone = false;
  const end = search.finally(() => {
    isDone = true;
  });
  while (!isDone) {
    // All that the solver does without an answer.
    for (let turn = 0; turn < 200; turn++) await new Promise(setImmediate);
    if (open.length > 0) rounds += 1;
    for (const answer of open.splice(0)) answer();
  }
  expect(versionsOf(await end)).toEqual({ app: "0", base: "1" });
  expect(rounds).toBeLessThan(12);
});
