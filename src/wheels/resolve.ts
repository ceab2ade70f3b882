// Which wheel of a wheelhouse meets a requirement, as pip would choose.

import { normalizedName, parseWheelName, type WheelName } from "./filename.ts";
import { misfitTable } from "./misfit-table.ts";
import type { NamedRequirement } from "./requirement.ts";
import { similarNames } from "./similar.ts";
import { admitted } from "./specifier.ts";
import { fitOf, type Misfit, misfitsOf, type TargetTags, targetTags } from "./tags.ts";
import { compareVersions, versionKey } from "./version-order.ts";

/** What a wheelhouse has for a requirement. */
export type Resolution =
  /** The wheel that pip would choose. */
  | { code: "ok"; wheel: WheelName }
  /** No wheel of that name; those of similar names, and source archives of that name. */
  | { code: "no-wheel"; similar: string[]; sources: string[] }
  /** It has versions, newest first, but none that the requirement admits. */
  | { code: "no-matching-version"; versions: string[] }
  /** It has admitted versions, but the Python takes no wheel of them. Newest first. */
  | { code: "no-fitting-wheel"; wheels: Misfit[] };

/** The files of a wheelhouse, sorted by what they are. */
interface Wheelhouse {
  /** By distribution, in PEP 503 form. */
  wheels: ReadonlyMap<string, WheelName[]>;
  files: readonly string[];
}

function wheelhouseOf(files: readonly string[]): Wheelhouse {
  const wheels = new Map<string, WheelName[]>();
  for (const file of files) {
    const wheel = parseWheelName(file);
    // pip passes over versions that aren't any (PEP 440).
    if (wheel === undefined || versionKey(wheel.version) === undefined) continue;
    const name = normalizedName(wheel.distribution);
    const others = wheels.get(name);
    if (others === undefined) wheels.set(name, [wheel]);
    else others.push(wheel);
  }
  return { wheels, files };
}

function sourcesOf(name: string, files: readonly string[]): string[] {
  return files.filter((file) => {
    const [, distribution = ""] = /^(.+)-[^-]+\.(?:tar\.gz|zip)$/i.exec(file) ?? [];
    return normalizedName(distribution) === name;
  });
}

/** PEP 427: a build tag counts as its number first, then as text; none comes before all. */
export function compareBuilds(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
  const [, numberA = "", restA = ""] = /^(\d+)(.*)$/.exec(a) ?? [];
  const [, numberB = "", restB = ""] = /^(\d+)(.*)$/.exec(b) ?? [];
  const [first, second] = [BigInt(numberA), BigInt(numberB)];
  if (first !== second) return first < second ? -1 : 1;
  return restA < restB ? -1 : Number(restA > restB);
}

interface Candidate {
  wheel: WheelName;
  /** Of the best tag; 0 for all where the target's aren't known. */
  rank: number;
}

/** Positive where `a` is what pip prefers: version, then tag, then build. */
function preference(a: Candidate, b: Candidate): number {
  return (
    compareVersions(a.wheel.version, b.wheel.version) ||
    b.rank - a.rank ||
    compareBuilds(a.wheel.build, b.wheel.build)
  );
}

function newestFirst(versions: readonly string[]): string[] {
  return [...new Set(versions)].sort((a, b) => compareVersions(b, a));
}

function candidatesOf(wheels: readonly WheelName[], target: TargetTags | null): Candidate[] {
  return wheels.flatMap((wheel) => {
    const fit = target === null ? { fits: true as const, rank: 0 } : fitOf(wheel.tags, target);
    return fit.fits ? [{ wheel, rank: fit.rank }] : [];
  });
}

function among(wheels: readonly WheelName[], specifier: string): WheelName[] {
  const versions = new Set(
    admitted(
      wheels.map((wheel) => wheel.version),
      specifier,
    ),
  );
  return wheels.filter((wheel) => versions.has(wheel.version));
}

function resolveIn(
  { wheels, files }: Wheelhouse,
  { name, specifier }: NamedRequirement,
  target: TargetTags | null,
): Resolution {
  const named = wheels.get(name);
  if (named === undefined) {
    const similar = similarNames(name, [...wheels.keys()]);
    return { code: "no-wheel", similar, sources: sourcesOf(name, files) };
  }
  const fitting = candidatesOf(named, target);
  // Only wheels that fit count when pip decides whether there is nothing but pre-releases.
  const wanted = new Set(
    among(
      fitting.map(({ wheel }) => wheel),
      specifier,
    ),
  );
  const [best] = fitting.filter(({ wheel }) => wanted.has(wheel)).sort((a, b) => preference(b, a));
  if (best !== undefined) return { code: "ok", wheel: best.wheel };
  const unfit = among(named, specifier).sort((a, b) => compareVersions(b.version, a.version));
  if (unfit.length === 0 || target === null) {
    const versions = newestFirst(named.map((wheel) => wheel.version));
    return { code: "no-matching-version", versions };
  }
  const names = unfit.map((wheel) => wheel.filename);
  return { code: "no-fitting-wheel", wheels: misfitsOf(names, target) };
}

/**
 * Finds the wheel that pip would choose for a requirement: of the wheels that fit, the highest
 * admitted version (PEP 440), then the best tag (PEP 425), then the highest build tag (PEP 427).
 * What that wheel depends on is pip's to find.
 *
 * @param files names of the files in the wheelhouse; what isn't a wheel's name is passed over.
 * @param tags the tags that the Python takes, best first; null where they aren't known, then every
 *   wheel counts as fitting.
 */
export function resolve(
  requirement: NamedRequirement,
  files: readonly string[],
  tags: readonly string[] | null,
): Resolution {
  return resolveIn(wheelhouseOf(files), requirement, tags === null ? null : targetTags(tags));
}

/** Why a wheelhouse can't meet a requirement, with what there is instead. */
export type WheelhouseProblem = Exclude<Resolution, { code: "ok" }> & {
  /** As it was requested. */
  requirement: string;
  /** One line, or for wheels that don't fit several: a block each follows. */
  message: string;
};

/** How many wheels that don't fit a message lists. */
const listedWheels = 5;

function reasonOf(resolution: Exclude<Resolution, { code: "ok" }>, empty: boolean): string {
  switch (resolution.code) {
    case "no-wheel": {
      const [source] = resolution.sources;
      if (source !== undefined) {
        return `there is no wheel of that name, only ${source}, of which a wheel must be built ('pip wheel')`;
      }
      if (empty) return "there is no wheel of that name, nor any other wheel";
      const meant = resolution.similar.join(", ");
      return `there is no wheel of that name${meant === "" ? "" : `; did you mean ${meant}?`}`;
    }
    case "no-matching-version":
      return `there is only ${resolution.versions.join(", ")}`;
    case "no-fitting-wheel": {
      const { wheels } = resolution;
      const lines = misfitTable(wheels.slice(0, listedWheels)).map((line) => `    ${line}`);
      const more = wheels.length - listedWheels;
      if (more > 0) lines.push(`    and ${more} more`);
      return `no wheel of it fits Blender's Python\n${lines.join("\n")}`;
    }
  }
}

/**
 * Says which requirements a wheelhouse can't meet: no wheel of the name, no version that is
 * admitted, no wheel that fits. Arguments as for `resolve`.
 */
export function checkWheelhouse(
  files: readonly string[],
  requirements: readonly NamedRequirement[],
  tags: readonly string[] | null,
): WheelhouseProblem[] {
  const wheelhouse = wheelhouseOf(files);
  const target = tags === null ? null : targetTags(tags);
  return requirements.flatMap((requirement) => {
    const resolution = resolveIn(wheelhouse, requirement, target);
    if (resolution.code === "ok") return [];
    const reason = reasonOf(resolution, wheelhouse.wheels.size === 0);
    const { text, where } = requirement;
    const line = where === null ? "" : `${where}: `;
    return [{ ...resolution, requirement: text, message: `${line}${text}: ${reason}` }];
  });
}
