// Which versions of an index a target can install, and the best wheel of each.

import { parseWheelName, type WheelName } from "./filename.ts";
import type { IndexFile } from "./index-page.ts";
import { compareBuilds } from "./resolve.ts";
import type { Unusable, Versions } from "./solver/choices.ts";
import { isPrereleaseVersion, takesPython } from "./specifier.ts";
import type { TargetTags } from "./tags.ts";
import { versionKey } from "./version-order.ts";

/** What a user lets in of one package. */
export interface CandidateRules {
  /** Whether pre-releases count even where there are others. */
  prereleases: boolean;
  /** Whether a version is asked for exactly; then it may be withdrawn (PEP 592). */
  isPinned: (version: string) => boolean;
  /** What was uploaded from then on doesn't count (Unix time in ms); null for everything. */
  before: number | null;
  /** Of the files that may be taken, `sha256:…`; null for any file. */
  hashes: ReadonlySet<string> | null;
  /** Why a wheel that fits can't be taken all the same, by its file's name, as a predicate. */
  refuses: (filename: string) => string | undefined;
}

/** What can be chosen of one package. */
export interface Candidates<F extends IndexFile> {
  versions: Versions;
  /** By usable version. */
  wheels: ReadonlyMap<string, F>;
}

interface Release<F extends IndexFile> {
  version: string;
  key: string;
  best: { file: F; wheel: WheelName; rank: number } | undefined;
  /** Of its files, why the nearest to one that may be taken isn't. */
  problem: Problem & { file: F; spelt: string };
  /** Its version as the first of its files spells it counts. */
  first: F;
}

/** The rank is higher the nearer a file is to one that may be taken. */
interface Problem {
  rank: number;
  text: string;
}

/** What a file's name says. */
interface FileName {
  wheel: WheelName | undefined;
  version: string;
  key: string;
}

/** Of files of pages, which are looked through for each target. */
const names = new WeakMap<IndexFile, FileName | { version: undefined }>();

function knownName(file: IndexFile): FileName | undefined {
  const known = names.get(file);
  if (known !== undefined) return known.version === undefined ? undefined : known;
  const named = namedBy(file);
  names.set(file, named ?? { version: undefined });
  return named;
}

function namedBy({ filename }: IndexFile): FileName | undefined {
  const wheel = parseWheelName(filename);
  const version = wheel?.version ?? sourceVersion(filename);
  const key = version === undefined ? undefined : versionKey(version);
  return version === undefined || key === undefined ? undefined : { wheel, version, key };
}

/**
 * Sorts the files of a project's page out.
 *
 * @param python the target's version: `3.11.13`.
 */
export function candidates<F extends IndexFile>(
  files: readonly F[],
  python: string,
  tags: TargetTags,
  rules: CandidateRules,
): Candidates<F> {
  return sortedOut(releasesOf(files, knownName, python, tags, rules), rules);
}

/**
 * Of some files those that decide, about one a version: of what is left of each part of a page come the
 * same candidates as of the whole.
 */
export function sifted<F extends IndexFile>(
  files: readonly F[],
  python: string,
  tags: TargetTags,
  rules: CandidateRules,
): F[] {
  return releasesOf(files, namedBy, python, tags, rules).flatMap(
    ({ version, first, best, problem }) => {
      const file = best?.file ?? problem.file;
      return (best?.wheel.version ?? problem.spelt) === version ? [file] : [first, file];
    },
  );
}

function releasesOf<F extends IndexFile>(
  files: readonly F[],
  nameOf: (file: IndexFile) => FileName | undefined,
  python: string,
  tags: TargetTags,
  rules: CandidateRules,
): Release<F>[] {
  const releases = new Map<string, Release<F>>();
  const pythons = new Map<string, boolean>();
  const takes = (specifier: string) => {
    const known = pythons.get(specifier) ?? takesPython(python, specifier);
    pythons.set(specifier, known);
    return known;
  };
  const rankOf = ranking(tags);
  for (const file of files) {
    const named = nameOf(file);
    if (named === undefined) continue;
    const { wheel, version, key } = named;
    const rank = wheel === undefined ? undefined : rankOf(wheel);
    const problem = problemOf(file, wheel, rank, version, takes, rules);
    const release = releases.get(key) ?? {
      version,
      key,
      best: undefined,
      problem: { ...noWheel, file, spelt: version },
      first: file,
    };
    releases.set(key, release);
    if (problem !== undefined) {
      if (problem.rank > release.problem.rank)
        release.problem = { ...problem, file, spelt: version };
    } else if (wheel !== undefined && rank !== undefined) {
      const one = { file, wheel, rank };
      if (release.best === undefined || isBetter(one, release.best)) release.best = one;
    }
  }
  return [...releases.values()];
}

/** The reason of a version whose wheels are all for other Pythons or platforms. */
export const noFit = "has no wheel that fits";
const noWheel: Problem = { rank: 0, text: "has no wheel, only source archives" };

function isBetter(
  one: { wheel: WheelName; rank: number },
  other: { wheel: WheelName; rank: number },
): boolean {
  return (
    one.rank < other.rank ||
    (one.rank === other.rank && compareBuilds(one.wheel.build, other.wheel.build) > 0)
  );
}

function sortedOut<F extends IndexFile>(
  releases: Release<F>[],
  { prereleases, isPinned }: CandidateRules,
): Candidates<F> {
  releases.sort((a, b) => (a.key < b.key ? -1 : 1));
  const fitting = releases.filter(({ best }) => best !== undefined);
  const isFinal = ({ version }: Release<F>) => !isPrereleaseVersion(version);
  // PEP 440: pre-releases count where nothing else does.
  const allCount = prereleases || !fitting.some(isFinal);
  const wheels = new Map<string, F>();
  const unusable: Unusable[] = [];
  for (const release of releases) {
    const { version, best, problem } = release;
    if (best === undefined) unusable.push({ version, reason: problem.text });
    else if (allCount || isFinal(release) || isPinned(version)) wheels.set(version, best.file);
    else unusable.push({ version, reason: "is a pre-release" });
  }
  return { versions: { usable: [...wheels.keys()], unusable }, wheels };
}

/** Gives the best rank among a wheel's tags; undefined where it has none that the target takes. */
function ranking({ ranks }: TargetTags): (wheel: WheelName) => number | undefined {
  // Wheels of many versions have the same tags.
  const known = new Map<readonly string[], number | undefined>();
  return ({ tags }) => {
    if (known.has(tags)) return known.get(tags);
    const taken = tags.flatMap((tag) => ranks.get(tag) ?? []);
    const best = taken.length === 0 ? undefined : Math.min(...taken);
    known.set(tags, best);
    return best;
  };
}

function problemOf(
  file: IndexFile,
  wheel: WheelName | undefined,
  rank: number | undefined,
  version: string,
  takes: (specifier: string) => boolean,
  rules: CandidateRules,
): Problem | undefined {
  if (wheel === undefined) return noWheel;
  if (rank === undefined) return { rank: 1, text: noFit };
  const refusal = rules.refuses(file.filename);
  if (refusal !== undefined) return { rank: 2, text: refusal };
  const { requiresPython, hashes, uploaded, yanked } = file;
  if (requiresPython !== null && !takes(requiresPython))
    return { rank: 3, text: `needs Python ${requiresPython}` };
  if (rules.hashes !== null) {
    const listed = Object.entries(hashes).some(([name, hex]) =>
      rules.hashes?.has(`${name}:${hex}`),
    );
    if (!listed) return { rank: 4, text: "has no wheel with a hash that is listed" };
  }
  if (rules.before !== null) {
    const time = Date.parse(uploaded ?? "");
    if (Number.isNaN(time)) return { rank: 5, text: "has no time of its upload" };
    if (time >= rules.before) return { rank: 5, text: `was uploaded later, at ${uploaded}` };
  }
  if (yanked !== null && !rules.isPinned(version)) {
    const why = yanked === "" ? "" : `: ${yanked}`;
    return { rank: 6, text: `was withdrawn${why}` };
  }
  return undefined;
}

/** The version in the name of a source archive, `NAME-VERSION.tar.gz` (PEP 625). */
function sourceVersion(filename: string): string | undefined {
  return /-([^-]+)\.(?:tar\.(?:gz|bz2|xz|Z)|tgz|zip)$/i.exec(filename)?.[1];
}
