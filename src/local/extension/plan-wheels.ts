// Chooses the wheels of an extension: one set, of which every Blender unpacks what it needs.

import { Failure } from "../../failure.ts";
import {
  broughtIn,
  type ExtensionTarget,
  grouped,
  groupTarget,
  newestPartly,
  type TargetGroup,
} from "../../wheels/extension-targets.ts";
import { isTaken, takenWheels } from "../../wheels/extension-wheels.ts";
import { type NamedRequirement, parseRequirement } from "../../wheels/requirement.ts";
import type { PlanRequest, TargetPlan, WantedPackage } from "../index/plan.ts";
import type { OfferedFile } from "../index/projects.ts";
import {
  hidden,
  hides,
  isOlder,
  isSame,
  isUnsolvable,
  ofAll,
  range,
  requireFit,
} from "./plan-failures.ts";

/** What the Blenders of a group need, and which wheels they unpack for that. */
export interface GroupPlan extends TargetPlan {
  group: TargetGroup;
  /** File names, by normalised name of package; also such as only others need. */
  taken: ReadonlyMap<string, string>;
}

/** The wheels of an extension. */
export interface WheelPlan {
  groups: GroupPlan[];
  /** Each once, sorted by file name. */
  files: OfferedFile[];
  warnings: string[];
}

/**
 * Chooses for the Blenders of a group.
 *
 * @param released what they bring and doesn't count.
 */
export type GroupPlanner = (
  group: TargetGroup,
  released: ReadonlySet<string>,
  request: PlanRequest,
) => Promise<readonly WantedPackage[]>;

/** How often versions that clash are settled. */
const mostRounds = 100;

/**
 * Chooses wheels for all Blenders of an extension. Blender tells wheels apart by platform and Python
 * alone, and of several of a package takes the newest: one version of a package is preferred for all,
 * and is a must where Blender would mix them up.
 *
 * @throws Failure `wheels-clash`, `hides-bundled`, and as `planFor`.
 */
export async function planWheels(
  targets: readonly ExtensionTarget[],
  request: PlanRequest,
  planner: GroupPlanner,
): Promise<WheelPlan> {
  const search = new Search(grouped(targets), request, planner);
  await search.first();
  for (let round = 0; round < mostRounds; round++)
    if (!((await search.settleVersions()) || (await search.settleBundled())))
      return search.result();
  throw new Failure("wheels-clash", "no set of wheels was found that suits all these Blenders", {
    hint: "ask for exact versions, or for fewer Blenders",
  });
}

/** How far one group is. */
interface GroupState {
  group: TargetGroup;
  /** Versions that were settled, by name of package. */
  pins: ReadonlyMap<string, string>;
  /** What Blender brings and another wheel hides, so that it doesn't count. */
  released: ReadonlySet<string>;
  packages: readonly WantedPackage[];
}

class Search {
  #states: GroupState[];
  readonly #request: PlanRequest;
  readonly #planner: GroupPlanner;
  /** What all should rather have. */
  readonly #preferred: ReadonlyMap<string, string>;

  constructor(groups: readonly TargetGroup[], request: PlanRequest, planner: GroupPlanner) {
    this.#request = request;
    this.#planner = planner;
    this.#preferred = newestPartly(groups);
    this.#states = groups.map((group) => {
      return { group, pins: new Map(), released: new Set(), packages: [] };
    });
  }

  /** One group leads; those of its Python follow, then those of the next Python. */
  async first(): Promise<void> {
    const [lead] = this.#states;
    const minors = new Set(this.#states.map(({ group }) => group.place.minor));
    const isLead = (state: GroupState) => state === lead;
    const stages = [...minors].flatMap((minor) => {
      const own = this.#states.filter(({ group }) => group.place.minor === minor);
      return [own.filter(isLead), own.filter((one) => !isLead(one))];
    });
    const done: GroupState[] = [];
    const failed: { place: string; error: unknown }[] = [];
    for (const stage of stages) {
      const ends = await Promise.allSettled(stage.map((one) => this.#planned(one, done)));
      for (const [index, end] of ends.entries()) {
        if (end.status === "fulfilled") done.push(end.value);
        else failed.push({ place: stage[index]?.group.place.platform ?? "", error: end.reason });
      }
    }
    if (failed.length > 0) throw ofAll(failed, new Set(done.map(platformOf)));
    this.#states = done;
  }

  /** Plans a group; versions of others are preferred, those for its platform more, its own most. */
  async #planned(state: GroupState, others: readonly GroupState[]): Promise<GroupState> {
    const { group, pins, released } = state;
    const near = others.toSorted((a, b) => nearness(a, state) - nearness(b, state));
    const chosen = near.flatMap(({ packages }) =>
      packages.flatMap((one) => (one.file === null ? [] : [[one.name, one.version] as const])),
    );
    const packages = await this.#planner(group, released, {
      ...this.#request,
      constraints: [...this.#request.constraints, ...[...pins].map(pinned)],
      preferred: new Map([...this.#preferred, ...chosen]),
      refuses: (filename) => (isTaken(filename, group.place) ? undefined : notTaken),
    });
    const other = packages.find(
      ({ name, version, file }) => file !== null && !isSame(pins.get(name) ?? version, version),
    );
    if (other !== undefined)
      throw new Failure("no-solution", `${other.name} can only be ${other.version}`);
    return { ...state, packages };
  }

  #files(): Map<string, WantedPackage & { file: OfferedFile }> {
    const all = this.#states.flatMap(({ packages }) => packages);
    return new Map(
      all.flatMap((one) =>
        one.file === null ? [] : [[one.file.filename, { ...one, file: one.file }]],
      ),
    );
  }

  /** Settles one package of which some Blenders would unpack another version; false for none left. */
  async settleVersions(): Promise<boolean> {
    const files = this.#files();
    for (const state of this.#states) {
      const taken = takenWheels(files.keys(), state.group.place);
      for (const { name, version, file } of state.packages) {
        const other = files.get(taken.get(name) ?? "");
        if (file === null || other === undefined || isSame(other.version, version)) continue;
        await this.#settle(name, this.#mixedUp(name, state));
        return true;
      }
    }
    return false;
  }

  /** The groups that Blender has take each other's wheels of a package. */
  #mixedUp(name: string, start: GroupState): Set<GroupState> {
    const fileOf = ({ packages }: GroupState) =>
      packages.find((one) => one.name === name)?.file?.filename ?? "";
    const found = new Set([start]);
    for (const one of found) {
      for (const other of this.#states) {
        if (fileOf(other) === "") continue;
        const takes = isTaken(fileOf(one), other.group.place);
        if (takes || isTaken(fileOf(other), one.group.place)) found.add(other);
      }
    }
    return found;
  }

  /** One version of a package for several groups. */
  async #settle(name: string, states: ReadonlySet<GroupState>): Promise<void> {
    const versionIn = ({ packages }: GroupState) =>
      packages.find((one) => one.name === name)?.version;
    const versions = new Set([...states].flatMap((state) => versionIn(state) ?? []));
    const newestFirst = [...versions].sort((a, b) => (isOlder(a, b) ? 1 : -1));
    for (const version of newestFirst) {
      const planned = await this.#tried([...states], (state) => {
        return { ...state, pins: new Map([...state.pins, [name, version]]) };
      });
      if (planned !== undefined) return;
    }
    const who = newestFirst.map((version) => {
      const those = [...states].filter((state) => versionIn(state) === version);
      return `  ${version}: ${those.map(({ group }) => groupTarget(group, new Set()).name).join(", ")}`;
    });
    throw new Failure(
      "wheels-clash",
      `no one version of ${name} suits all these Blenders, and Blender can't tell its wheels apart: it would unpack ${newestFirst[0]} in all of them\n${who.join("\n")}`,
      {
        hint: `ask for a version of ${name} that suits all, or make an extension for each of these Blenders (${range})`,
        details: { package: name, versions: newestFirst },
      },
    );
  }

  /** Plans some groups anew; keeps the old plans where one of them has none, and gives undefined. */
  async #tried(
    states: readonly GroupState[],
    change: (state: GroupState) => GroupState,
  ): Promise<true | undefined> {
    const before = this.#states;
    const ends = await Promise.allSettled(states.map((one) => this.#planned(change(one), before)));
    const changed = new Map<GroupState, GroupState>();
    for (const [index, end] of ends.entries()) {
      const state = states[index];
      if (end.status === "fulfilled" && state !== undefined) changed.set(state, end.value);
      if (end.status === "rejected" && !isUnsolvable(end.reason)) throw end.reason;
    }
    if (changed.size < states.length) return undefined;
    this.#states = this.#states.map((one) => changed.get(one) ?? one);
    return true;
  }

  /** Has a group count with a wheel that hides what its Blenders bring; false for none left. */
  async settleBundled(): Promise<boolean> {
    const files = this.#files();
    for (const state of this.#states) {
      for (const [name, filename] of takenWheels(files.keys(), state.group.place)) {
        const version = files.get(filename)?.version ?? "";
        const own = state.packages.find((one) => one.name === name);
        if (own?.file !== null || isAll(broughtIn(state.group, name), version)) continue;
        const released = new Set([...state.released, name]);
        const pins = new Map([...state.pins, [name, version]]);
        const done = await this.#tried([state], (one) => ({ ...one, pins, released }));
        if (done === undefined) {
          const { name: who } = groupTarget(state.group, new Set());
          const brought = broughtIn(state.group, name);
          throw hides(who, name, version, "goes together with no set of versions, unlike", brought);
        }
        return true;
      }
    }
    return false;
  }

  result(): WheelPlan {
    const files = this.#files();
    const used = new Map<string, OfferedFile>();
    for (const { group, packages } of this.#states) {
      const taken = takenWheels(files.keys(), group.place);
      for (const { name, file } of packages) {
        const one = file === null ? undefined : files.get(taken.get(name) ?? "");
        if (one !== undefined) used.set(one.file.filename, one.file);
      }
    }
    const warnings = new Set<string>();
    const groups = this.#states.map(({ group, released, packages }) => {
      const target = groupTarget(group, released);
      const taken = takenWheels(used.keys(), group.place);
      for (const { name, file } of packages)
        if (file !== null) requireFit(target, file.filename, taken.get(name));
      for (const [name, filename] of taken) {
        if (this.#isReplaced(name)) continue;
        for (const each of hidden(group, name, files.get(filename)?.version ?? ""))
          warnings.add(each);
      }
      return { group, target, packages: [...packages], taken };
    });
    const sorted = [...used.values()].sort((a, b) => (a.filename < b.filename ? -1 : 1));
    return { groups, files: sorted, warnings: [...warnings] };
  }

  #isReplaced(name: string): boolean {
    return this.#request.replaced === "all" || this.#request.replaced.includes(name);
  }
}

const notTaken = "has a wheel that fits, whose name Blender doesn't understand in extensions";

function nearness(one: GroupState, state: GroupState): number {
  return one.group === state.group ? 2 : Number(platformOf(one) === platformOf(state));
}

function platformOf({ group }: GroupState): string {
  return group.place.platform;
}

function isAll(versions: readonly string[], version: string): boolean {
  return versions.every((one) => isSame(one, version));
}

function pinned([name, version]: readonly [string, string]): NamedRequirement {
  const read = parseRequirement(`${name}==${version}`);
  if (!read.ok) throw new Error(read.reason);
  return read.requirement;
}
