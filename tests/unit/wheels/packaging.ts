// Python's `packaging`, which pip has its answers of, as the measure of what is said about versions,
// specifiers, markers, requirements and tags.

import { join } from "node:path";
import * as v from "valibot";
import pipWheel from "../../../src/remote/bootstrap/pip_wheel/pip.whl" with { type: "file" };
import { normalizedName, parseWheelName } from "../../../src/wheels/filename.ts";
import { markerHolds, markerTree } from "../../../src/wheels/marker.ts";
import { parseRequirement } from "../../../src/wheels/requirement.ts";
import {
  admitted,
  isPrereleaseVersion,
  isSpecifier,
  matches,
} from "../../../src/wheels/specifier.ts";
import { cpythonTags, macPlatforms } from "../../../src/wheels/tag-list.ts";
import { parseVersion, versionText } from "../../../src/wheels/version.ts";
import { versionKey } from "../../../src/wheels/version-order.ts";
import { anyPython } from "../../support/systems.ts";
import { linuxMarkers } from "../../support/targets.ts";

const texts = v.array(v.string());
const environment = v.record(v.string(), v.string());
const numbers = v.tuple([v.number(), v.number()]);

/** What is asked; each kind has a list of questions. */
export const Questions = v.partial(
  v.object({
    versions: texts,
    /** Whether they are specifiers. */
    specifiers: texts,
    /** A specifier, and a version that may be a pre-release. */
    contains: v.array(v.tuple([v.string(), v.string()])),
    /** A specifier, and versions of which pre-releases may count. */
    filters: v.array(v.tuple([v.string(), texts])),
    /** Whether they can be read. */
    markers: texts,
    /** A marker, and an environment with the one extra that is asked for. */
    evaluations: v.array(v.tuple([v.string(), environment])),
    requirements: texts,
    /** File names. */
    wheels: texts,
    names: texts,
    /** As a wheel's name has them. */
    tags: texts,
    /** A Python, and platforms. */
    cpython: v.array(v.tuple([numbers, texts])),
    /** A macOS, and a processor. */
    macs: v.array(v.tuple([numbers, v.picklist(["x86_64", "arm64"])])),
  }),
);
export type Questions = v.InferOutput<typeof Questions>;

const Requirement = v.object({
  name: v.string(),
  extras: texts,
  clauses: texts,
  hasMarker: v.boolean(),
  isUrl: v.boolean(),
});

const Answers = v.partial(
  v.object({
    versions: v.array(v.nullable(v.object({ text: v.string(), prerelease: v.boolean() }))),
    /** The versions, oldest first, those that are equal in one list. */
    order: v.array(texts),
    specifiers: v.array(v.boolean()),
    contains: v.array(v.nullable(v.boolean())),
    filters: v.array(v.nullable(texts)),
    markers: v.array(v.boolean()),
    evaluations: v.array(v.nullable(v.boolean())),
    requirements: v.array(v.nullable(Requirement)),
    wheels: v.array(
      v.nullable(
        v.object({ name: v.string(), version: v.string(), build: v.string(), tags: texts }),
      ),
    ),
    names: texts,
    tags: v.array(v.nullable(texts)),
    cpython: v.array(texts),
    macs: v.array(texts),
  }),
);

async function ask(questions: Questions & { order?: string[] }) {
  const script = join(import.meta.dir, "packaging_answers.py");
  const child = Bun.spawn([await anyPython(), "-I", script, pipWheel], {
    stdin: new Blob([JSON.stringify(questions)]),
    stdout: "pipe",
    stderr: "inherit",
  });
  return v.parse(Answers, JSON.parse(await child.stdout.text()));
}

function ourRequirement(text: string): v.InferOutput<typeof Requirement> | null {
  const read = parseRequirement(text);
  if (!read.ok) return null;
  const { name, extras, specifier, marker } = read.requirement;
  const clauses = [...new Set(specifier === "" ? [] : specifier.split(","))].sort();
  return {
    name,
    extras: [...new Set(extras)].sort(),
    clauses,
    hasMarker: marker !== null,
    isUrl: false,
  };
}

function ourWheel(filename: string) {
  const read = parseWheelName(filename);
  const version = parseVersion(read?.version ?? "");
  if (read === undefined || version === undefined) return null;
  return {
    name: normalizedName(read.distribution),
    version: versionText(version),
    build: read.build ?? "",
    tags: [...new Set(read.tags)].sort(),
  };
}

/** Of `versions`, the valid ones in our order, those that are equal in one list. */
function ourOrder(versions: readonly string[]): string[][] {
  const byKey = new Map<string, string[]>();
  for (const version of versions) {
    const key = versionKey(version);
    if (key !== undefined) byKey.set(key, [...(byKey.get(key) ?? []), version]);
  }
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, same]) => same);
}

/** Answers of ours in the place of packaging's. */
const ours = {
  versions: (text: string) => {
    const version = parseVersion(text);
    return version && { text: versionText(version), prerelease: isPrereleaseVersion(text) };
  },
  specifiers: isSpecifier,
  contains: ([specifier, version]: [string, string]) => matches(version, specifier),
  filters: ([specifier, versions]: [string, string[]]) =>
    admitted(
      versions.filter((version) => versionKey(version) !== undefined),
      specifier,
    ),
  markers: (text: string) => markerTree(text) !== undefined,
  evaluations: ([marker, { extra = "", ...rest }]: [string, Record<string, string>]) =>
    markerHolds(marker, rest, [extra]),
  requirements: ourRequirement,
  wheels: ourWheel,
  names: normalizedName,
  tags: (text: string) => {
    const read = parseWheelName(`x-1-${text}.whl`);
    return read && [...new Set(read.tags)].sort();
  },
  cpython: ([[, minor], platforms]: [[number, number], string[]]) => cpythonTags(minor, platforms),
  macs: ([version, processor]: [[number, number], "x86_64" | "arm64"]) =>
    macPlatforms(version, processor),
};

/** A question where we say something else than packaging does. */
export interface Difference {
  kind: string;
  question: unknown;
  packaging: unknown;
  ours: unknown;
}

/** All that we answer otherwise. Where packaging raises, nothing is compared but what is read. */
export async function differences(questions: Questions): Promise<Difference[]> {
  const evaluations = questions.evaluations?.map(
    ([marker, given]) => [marker, { ...linuxMarkers, ...given }] satisfies [string, unknown],
  );
  const order = questions.versions ?? [];
  const asked = { ...questions, ...(evaluations && { evaluations }) };
  const answers = await ask({ ...asked, order });
  const found: Difference[] = [];
  const compare = <Q>(
    kind: keyof Questions,
    list: readonly Q[] | undefined,
    our: (one: Q) => unknown,
  ) => {
    for (const [index, question] of (list ?? []).entries()) {
      let packaging = answers[kind]?.[index];
      // Addresses are refused.
      if (typeof packaging === "object" && packaging !== null && "isUrl" in packaging) {
        if (packaging.isUrl) packaging = null;
      }
      if (packaging === null && ["contains", "filters", "evaluations"].includes(kind)) continue;
      const mine = our(question) ?? null;
      if (!isSame(packaging, mine)) found.push({ kind, question, packaging, ours: mine });
    }
  };
  compare("versions", asked.versions, ours.versions);
  compare("specifiers", asked.specifiers, ours.specifiers);
  compare("contains", asked.contains, ours.contains);
  compare("filters", asked.filters, ours.filters);
  compare("markers", asked.markers, ours.markers);
  compare("evaluations", asked.evaluations, ours.evaluations);
  compare("requirements", asked.requirements, ours.requirements);
  compare("wheels", asked.wheels, ours.wheels);
  compare("names", asked.names, ours.names);
  compare("tags", asked.tags, ours.tags);
  compare("cpython", asked.cpython, ours.cpython);
  compare("macs", asked.macs, ours.macs);
  const sorted = ourOrder(order);
  for (const [index, same] of (answers.order ?? []).entries()) {
    if (isSame(same, sorted[index])) continue;
    found.push({ kind: "order", question: index, packaging: same, ours: sorted[index] });
    break;
  }
  return found;
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
