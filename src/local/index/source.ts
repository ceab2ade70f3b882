// What the solver asks for, answered by package indexes for one target.

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type CandidateRules, candidates, sifted } from "../../wheels/candidates.ts";
import { type CoreMetadata, needsOf } from "../../wheels/core-metadata.ts";
import { normalizedName } from "../../wheels/filename.ts";
import { parseRequirement } from "../../wheels/requirement.ts";
import type { Versions } from "../../wheels/solver/choices.ts";
import type { Needs, PackageSource } from "../../wheels/solver/solve.ts";
import { takesPython } from "../../wheels/specifier.ts";
import { type TargetTags, targetTags } from "../../wheels/tags.ts";
import type { WheelTarget } from "../../wheels/target.ts";
import { versionKey } from "../../wheels/version-order.ts";
import type { IndexClient } from "./client.ts";
import { PackedFiles } from "./packed-files.ts";
import type { OfferedFile, Projects } from "./projects.ts";
import { metadataIn, wheelMetadata } from "./wheel-metadata.ts";

/** Metadata of wheels, each got once, whatever targets it is for. */
export class MetadataStore {
  readonly #client: IndexClient;
  readonly #folder: string;
  readonly #known = new Map<string, Promise<CoreMetadata>>();

  /** @param folder for wheels of servers that give them only whole; somebody else removes it. */
  constructor(client: IndexClient, folder: string) {
    this.#client = client;
    this.#folder = folder;
  }

  of(file: OfferedFile): Promise<CoreMetadata> {
    const known = this.#known.get(file.url) ?? this.#get(file);
    this.#known.set(file.url, known);
    return known;
  }

  async #get(file: OfferedFile): Promise<CoreMetadata> {
    const part = await wheelMetadata(this.#client, file);
    if (part !== undefined) return part;
    const path = join(this.#folder, `${crypto.randomUUID()}.whl`);
    await this.#client.file(file.url, path, "sha256", file.size, () => {});
    try {
      return await metadataIn(file, path);
    } finally {
      await rm(path, { force: true });
    }
  }
}

/** What can be chosen of one package. */
interface Choosables {
  versions: Versions;
  wheels: { get: (version: string) => OfferedFile | undefined };
}

/** A package that the target has, and that stays where its version will do. */
export interface InstalledPackage {
  /** A valid one (PEP 440). */
  version: string;
  /** What it needs (PEP 508), what only extras need too. */
  requires: readonly string[];
}

/** How a target's packages are looked for. */
export interface SearchOptions {
  /** By normalised name. */
  installed: ReadonlyMap<string, InstalledPackage>;
  rulesOf: (name: string) => CandidateRules;
  /** Whether what Blender brings is looked for as well, in its version. */
  includeBundled: boolean;
  /** Whether packages are followed to what they need. */
  deps: boolean;
  /** Versions to take rather than the newest. */
  preferred: ReadonlyMap<string, string>;
}

/** Versions and needs for one target; what Blender brings there has only its own version. */
export class TargetSource implements PackageSource {
  readonly #projects: Projects;
  readonly #metadata: MetadataStore;
  readonly #target: WheelTarget;
  readonly #tags: TargetTags;
  readonly #options: SearchOptions;
  readonly #known = new Map<string, Promise<Choosables>>();

  constructor(
    projects: Projects,
    metadata: MetadataStore,
    target: WheelTarget,
    options: SearchOptions,
  ) {
    const tags = targetTags(target.tags);
    if (tags === null) throw new Error("a target takes at least one tag");
    this.#tags = tags;
    this.#projects = projects;
    this.#metadata = metadata;
    this.#target = target;
    this.#options = options;
  }

  async versions(name: string): Promise<Versions> {
    const bundled = this.#bundled(name);
    if (bundled !== undefined && !this.#options.includeBundled)
      return { usable: [bundled], unusable: [], standsFor: this.#target.bundledAs?.get(name) };
    const { versions } = await this.#candidates(name);
    const there = this.#options.installed.get(name);
    if (there !== undefined) return withInstalled(versions, there.version);
    if (bundled === undefined) {
      const wanted = versionKey(this.#options.preferred.get(name) ?? "");
      if (wanted === undefined) return versions;
      return { ...versions, preferred: versions.usable.find((one) => versionKey(one) === wanted) };
    }
    const key = versionKey(bundled);
    return {
      usable: versions.usable.filter((version) => versionKey(version) === key),
      unusable: versions.unusable.filter(({ version }) => versionKey(version) === key),
    };
  }

  /** A package may be called `constructor`, which every object has. */
  #bundled(name: string): string | undefined {
    const { bundled } = this.#target;
    return Object.hasOwn(bundled, name) ? bundled[name] : undefined;
  }

  #candidates(name: string): Promise<Choosables> {
    const known = this.#known.get(name) ?? this.#read(name);
    this.#known.set(name, known);
    return known;
  }

  async #read(name: string): Promise<Choosables> {
    const rules = this.#options.rulesOf(name);
    const { python } = this.#target;
    const files = await this.#projects.files(name, (some) =>
      sifted(some, python, this.#tags, rules),
    );
    const { versions, wheels } = candidates(files, python, this.#tags, rules);
    // Files that other targets share are there anyway.
    return { versions, wheels: this.#projects.keeps ? wheels : new PackedFiles(wheels) };
  }

  async needs(name: string, version: string, extra: string | null): Promise<Needs> {
    if (!this.#options.deps) return { requirements: [] };
    const there = this.#installed(name, version);
    if (there !== undefined) {
      // What is no name with versions, such as an address, nobody looks for.
      const requires = there.requires.filter((line) => parseRequirement(line).ok);
      return needsOf({ name, version, requiresPython: null, requires }, this.#target, extra);
    }
    const file = await this.wheel(name, version);
    // What Blender brings has what it needs there.
    if (file === undefined) return { requirements: [] };
    const metadata = await this.#metadata.of(file);
    const isItself =
      normalizedName(metadata.name) === name &&
      versionKey(metadata.version) === versionKey(version);
    if (!isItself) {
      const says = `${metadata.name} ${metadata.version}`;
      return { unusable: `has a wheel whose metadata says that it is ${says}` };
    }
    const { requiresPython } = metadata;
    if (requiresPython !== null && !takesPython(this.#target.python, requiresPython))
      return { unusable: `needs Python ${requiresPython}` };
    return needsOf(metadata, this.#target, extra);
  }

  /** What is installed, where that is this version. */
  #installed(name: string, version: string): InstalledPackage | undefined {
    const there = this.#options.installed.get(name);
    return there !== undefined && versionKey(there.version) === versionKey(version)
      ? there
      : undefined;
  }

  /** The wheel of a version; undefined for what Blender brings, and for what is installed. */
  async wheel(name: string, version: string): Promise<OfferedFile | undefined> {
    const isLeftOut = this.#bundled(name) !== undefined && !this.#options.includeBundled;
    if (isLeftOut || this.#installed(name, version) !== undefined) return undefined;
    return (await this.#candidates(name)).wheels.get(version);
  }
}

/** What is installed counts as one more version, whatever keeps the same one of an index out. */
function withInstalled({ usable, unusable }: Versions, preferred: string): Versions {
  const key = versionKey(preferred) ?? "";
  const isOther = (version: string) => versionKey(version) !== key;
  const others = usable.filter(isOther);
  const older = others.filter((version) => (versionKey(version) ?? "") < key);
  return {
    usable: [...older, preferred, ...others.slice(older.length)],
    unusable: unusable.filter(({ version }) => isOther(version)),
    preferred,
  };
}
