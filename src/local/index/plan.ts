// Which wheels a target needs for what is asked.

import { Failure } from "../../failure.ts";
import type { Text } from "../../text.ts";
import { type CandidateRules, noFit } from "../../wheels/candidates.ts";
import { parseWheelName } from "../../wheels/filename.ts";
import { meantBy } from "../../wheels/import-names.ts";
import { markerHolds } from "../../wheels/marker.ts";
import type { NamedRequirement } from "../../wheels/requirement.ts";
import { explained, type Missing } from "../../wheels/solver/explain.ts";
import { type Chosen, solve } from "../../wheels/solver/solve.ts";
import { matches, namesPrereleases } from "../../wheels/specifier.ts";
import { misfitsOf, targetTags } from "../../wheels/tags.ts";
import type { WheelTarget } from "../../wheels/target.ts";
import { versionKey } from "../../wheels/version-order.ts";
import type { OfferedFile, Projects } from "./projects.ts";
import { type InstalledPackage, type MetadataStore, TargetSource } from "./source.ts";

/** What is asked, for whatever target. */
export interface PlanRequest {
  requirements: readonly NamedRequirement[];
  constraints: readonly NamedRequirement[];
  /** Whether pre-releases count even where there are others. */
  prereleases: boolean;
  /** What was uploaded from then on doesn't count (Unix time in ms). */
  before: number | null;
  /** Normalised names of packages that Blender brings and that may be replaced all the same. */
  replaced: readonly string[] | "all";
  /** Whether wheels of what Blender brings are taken along, in its versions. */
  includeBundled: boolean;
  /** What a target has and may keep, by normalised name; nothing unless given. */
  installed?: ReadonlyMap<string, InstalledPackage>;
  /** Whether what packages need is taken along. */
  deps: boolean;
  /** In ms. */
  limit: number;
  /** Versions to take rather than the newest, by normalised name, where they go with the others. */
  preferred?: ReadonlyMap<string, string>;
  /** Why a wheel that fits can't be taken all the same, by its file's name, as a predicate. */
  refuses?: (filename: string) => string | undefined;
}

/** A package of a plan. */
export interface WantedPackage extends Chosen {
  /** null for what Blender brings or has, which needs no wheel. */
  file: OfferedFile | null;
}

/** Who asks for a package, each once: `pandas 2.2.3: numpy>=1.26`, and the user's own words. */
export function askersOf({ requiredBy }: Pick<Chosen, "requiredBy">): string[] {
  const who = requiredBy.map(({ by, requirement }) =>
    by === null ? requirement.text : `${by.name} ${by.version}: ${requirement.text}`,
  );
  return [...new Set(who)];
}

/** What one target needs, sorted by name. */
export interface TargetPlan {
  target: WheelTarget;
  packages: WantedPackage[];
}

/**
 * Finds what a target needs.
 *
 * @throws Failure `no-solution`, `no-such-package`, `resolution-timeout`, and what indexes cause.
 */
export async function planFor(
  target: WheelTarget,
  request: PlanRequest,
  projects: Projects,
  metadata: MetadataStore,
): Promise<TargetPlan> {
  const holds = ({ marker }: NamedRequirement) =>
    marker === null || markerHolds(marker, target.markers);
  const asked = {
    requirements: request.requirements.filter(holds),
    constraints: request.constraints.filter(holds),
  };
  const { bundled, replaced } = { bundled: target.bundled, replaced: request.replaced };
  const kept = Object.entries(bundled).filter(
    ([name]) => replaced !== "all" && !replaced.includes(name),
  );
  const source = new TargetSource(
    projects,
    metadata,
    { ...target, bundled: Object.fromEntries(kept) },
    {
      rulesOf: rulesFor(request, [...asked.requirements, ...asked.constraints]),
      installed: request.installed ?? new Map(),
      includeBundled: request.includeBundled,
      deps: request.deps,
      preferred: request.preferred ?? new Map(),
    },
  );
  const end = performance.now() + request.limit;
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, request.limit);
  const solution = await solve(asked, source, () => performance.now() < end, late.promise).finally(
    () => clearTimeout(timer),
  );
  if (solution.code === "gave-up") throw gaveUp(target, solution.tried, request.limit);
  if (solution.code === "conflict") {
    const { lines, missing } = explained(solution.why, solution.packages, Object.fromEntries(kept));
    if (missing.length === 0) throw noSolution(target, lines);
    throw nothingMeets(target, await withReasons(missing, target, projects));
  }
  const packages = await Promise.all(
    solution.packages.map(async (one) => {
      return { ...one, file: (await source.wheel(one.name, one.version)) ?? null };
    }),
  );
  return { target, packages };
}

function rulesFor(
  { prereleases, before, refuses = () => undefined }: PlanRequest,
  asked: readonly NamedRequirement[],
): (name: string) => CandidateRules {
  const byName = Map.groupBy(asked, ({ name }) => name);
  // Hashes count for all or for none, as for pip: what nobody lists isn't taken then.
  const isHashed = asked.some(({ hashes }) => hashes.length > 0);
  return (name) => {
    const own = byName.get(name) ?? [];
    const exact = own.flatMap(({ specifier }) =>
      specifier.split(",").filter((clause) => /^===?[^*]+$/.test(clause)),
    );
    const hashes = own.flatMap((one) => one.hashes.map((hash) => hash.toLowerCase()));
    return {
      prereleases: prereleases || own.some(({ specifier }) => namesPrereleases(specifier)),
      isPinned: (version) => exact.some((clause) => matches(version, clause)),
      before,
      refuses,
      hashes: isHashed ? new Set(hashes) : null,
    };
  };
}

/** What can't be met, and the one index that was asked where there are others; else null. */
type Explained = Missing & { index: string | null };

/** Says of each version why its wheels don't fit. */
async function withReasons(
  missing: readonly Missing[],
  { tags }: WheelTarget,
  projects: Projects,
): Promise<Explained[]> {
  const prepared = targetTags(tags);
  return await Promise.all(
    missing.map(async (one) => {
      const files = await projects.files(one.name);
      const keyOf = (version: string) => versionKey(version) ?? version;
      const names = files.map(({ filename }) => filename);
      const misfits = Map.groupBy(
        prepared === null ? [] : misfitsOf(names, prepared),
        ({ filename }) => keyOf(parseWheelName(filename)?.version ?? ""),
      );
      const leftOut = one.leftOut.map((each) => {
        const own = each.reason === noFit ? (misfits.get(keyOf(each.version)) ?? []) : [];
        const nearest = nearestReason(own.map(({ reason }) => reason));
        return nearest === undefined ? each : { ...each, reason: `${noFit}: one ${nearest}` };
      });
      return { ...one, leftOut, index: projects.onlyIndexOf(files) };
    }),
  );
}

/** What keeps out the wheel that lacks least: a newer system, or one other thing, says most. */
function nearestReason(reasons: readonly string[]): string | undefined {
  const lacks = (reason: string) =>
    (reason.includes(", and ") ? 2 : 0) + (/needs (macOS|glibc) /.test(reason) ? 0 : 1);
  return reasons.toSorted((a, b) => lacks(a) - lacks(b))[0];
}

/** Of a message about missing wheels: the system that the newest of them needs and nothing else. */
export function newerSystemIn(message: string): { system: string; version: string } | undefined {
  const [, system, version] = /: one needs (macOS|glibc) ([\d.]+), there is/.exec(message) ?? [];
  return system === undefined || version === undefined ? undefined : { system, version };
}

/** How many of several things a message names. */
const shown = 5;

function noSolution(target: WheelTarget, lines: readonly string[]): Failure {
  const facts = lines.map((line) => `  ${line}`).join("\n");
  return new Failure("no-solution", `no versions go together for ${target.name}:\n${facts}`, {
    hint: lines.some((line) => line.startsWith("Blender brings "))
      ? "ask for versions that go with what Blender brings; --replace-bundled lets it be replaced"
      : "ask for other versions, or leave one of them out",
    details: { target: target.name, facts: lines },
  });
}

function nothingMeets(target: WheelTarget, missing: readonly Explained[]): Failure {
  const message = `for ${target.name} ${missing.map(missingText).join("\n")}`;
  const unknown = missing.every(
    ({ leftOut, newest }) => leftOut.length === 0 && newest === undefined,
  );
  return new Failure(unknown ? "no-such-package" : "no-solution", message, {
    hint: hintFor(missing, target, message),
    details: {
      target: target.name,
      missing: missing.map(({ leftOut, ...one }) => ({ ...one, left_out: leftOut })),
    },
  });
}

function hintFor(missing: readonly Explained[], { name }: WheelTarget, message: string): Text {
  const first = missing.find(({ index }) => index !== null);
  if (first !== undefined)
    return `${first.name} is taken from ${first.index} alone, the first index that has it; --index-strategy best-match asks all`;
  // Where some version can be installed there, the name is right.
  const meant = missing.flatMap(({ name, newest }) =>
    newest === undefined ? (meantBy(name) ?? []) : [],
  );
  if (meant.length > 0) return meant.join("; ");
  const reasons = missing.flatMap(({ leftOut }) => leftOut.map(({ reason }) => reason));
  const said = (words: RegExp) => reasons.some((reason) => words.test(reason));
  if (said(/^is a pre-release/)) return "--pre lets pre-releases in";
  if (said(/^was uploaded later/)) return "give a later date: --exclude-newer";
  if (said(/^has no time of its upload/))
    return "this index tells no times of uploads, which --exclude-newer goes by";
  if (said(/with a hash that is listed/))
    return "list the hashes of all that this target needs: 'uv pip compile --universal --generate-hashes' writes such a file";
  if (said(/^was withdrawn/))
    return "who wants a withdrawn version all the same asks for it with ==";
  const newer = newerSystemIn(message);
  // The system of a Blender that was asked is what it is.
  if (newer !== undefined && /^blender-\S+$/.test(name))
    return `where ${newer.system} is ${newer.version} or newer, ask for that: --for ${name.split("@")[0]}@${newer.version}`;
  if (said(/^was withdrawn/))
    return "who wants a withdrawn version all the same asks for it with ==";
  const newest = missing.flatMap((one) =>
    one.newest === undefined ? [] : `${one.name} ${one.newest}`,
  );
  if (newest.length > 0) return `ask for another version, such as ${newest.join(", ")}`;
  if (said(/^has no wheel/))
    return "only wheels can be taken: build one of its source on such a machine ('pip wheel'), and name its folder with --find-links";
  return "check the name, and the index: --index-url, --extra-index-url, --find-links";
}

function missingText({ requirement, by, exists, leftOut, newest, name }: Missing): string {
  const who = by === null ? "" : `, which ${by} needs`;
  if (leftOut.length === 0 && newest === undefined)
    return `there is no package ${name} to be found${who}`;
  const lines = exists ? [] : ["  no version is what is asked for"];
  lines.push(
    ...leftOutLines(leftOut),
    newest === undefined
      ? `  of ${name} nothing can be installed there`
      : `  the newest with a wheel that fits is ${newest}`,
  );
  return `nothing meets ${requirement}${who}:\n${lines.join("\n")}`;
}

/** A line for each reason: versions in a row share it. The newest come first. */
function leftOutLines(leftOut: Missing["leftOut"]): string[] {
  const rows: { versions: string[]; shared: string; reason: string }[] = [];
  for (const { version, reason } of leftOut) {
    const row = rows.at(-1);
    // The time of an upload is said of one version alone.
    const shared = reason.replace(/, at .*/, "");
    if (row?.shared === shared) row.versions.push(version);
    else rows.push({ versions: [version], shared, reason });
  }
  const lines = rows.slice(0, shown).map(({ versions, shared, reason }) => {
    const [newest, oldest] = [versions[0], versions.at(-1)];
    return versions.length === 1
      ? `  ${newest} ${reason}`
      : `  each of ${oldest} to ${newest} ${shared}`;
  });
  const more = rows.slice(shown).reduce((count, { versions }) => count + versions.length, 0);
  if (more > 0) lines.push(`  and ${more} more`);
  return lines;
}

function gaveUp(
  target: WheelTarget,
  tried: readonly { name: string; versions: number }[],
  limit: number,
): Failure {
  const most = tried.slice(0, shown).map(({ name, versions }) => `${versions} of ${name}`);
  return new Failure(
    "resolution-timeout",
    `no set of versions was found for ${target.name} in ${limit / 1000} s; tried were ${most.join(", ") || "none"}`,
    {
      kind: "timeout",
      hint: "narrow down what takes longest, such as NAME>=VERSION, or give more --timeout",
      details: { target: target.name, tried },
    },
  );
}
