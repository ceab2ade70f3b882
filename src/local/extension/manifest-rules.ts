// Checks a blender_manifest.toml as Blender's own 'extension validate' and 'extension build' do.

import { posix } from "node:path";
import * as v from "valibot";
import {
  type ExtensionManifest,
  manifestFields,
  manifestIssue,
  manifestName,
  manifestText,
  manifestTexts,
} from "../addon-source/extension-manifest.ts";
import { parseToml, type TextPlace, type TomlDocument, TomlError } from "../files/toml.ts";

/** One thing that is wrong with an extension. */
export interface ManifestFault extends Partial<TextPlace> {
  /** Of the manifest, with dots; empty where it is about none. */
  field: string;
  /** A sentence that names the field and what was seen. */
  message: string;
}

/** The most characters of a tagline, and of what a permission is for. */
const longestTagline = 64;

const terse = v.pipe(
  manifestText,
  v.check(
    (value) => [...value].length <= longestTagline,
    `it is longer than ${longestTagline} characters`,
  ),
  v.check((value) => /[\p{L}\p{N})\]}]$/u.test(value), "it must not end with punctuation"),
);

const threeNumbers = /^\d+\.\d+\.\d+$/;
const threeNumbersWanted = "it must be three numbers, like 4.2.0";

const permitted = ["files", "network", "clipboard", "camera", "microphone"] as const;

const isTable = (value: unknown) =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);

/** Blender's rules for publishing, which are narrower than those for installing. */
const strictSchema = v.object({
  ...manifestFields,
  tagline: terse,
  blender_version_min: v.pipe(v.string(), v.regex(threeNumbers, threeNumbersWanted)),
  blender_version_max: v.optional(
    v.pipe(
      v.string(),
      v.check((value) => value === "" || threeNumbers.test(value), threeNumbersWanted),
    ),
  ),
  copyright: v.optional(
    v.array(
      v.pipe(
        v.string("it must be a string"),
        v.regex(/^\d+(?:-\d+)? .*\S/s, 'it must be a year or two and a name: "2024-2026 Me"'),
      ),
    ),
  ),
  permissions: v.optional(
    v.pipe(
      v.custom<object>(
        isTable,
        "it must be a table of strings; other fields stand before [permissions]",
      ),
      v.record(v.picklist(permitted, `permissions are ${permitted.join(", ")}`), terse),
    ),
  ),
});

const packingSchema = v.object({
  type: v.fallback(manifestFields.type, "add-on"),
  tags: v.fallback(manifestFields.tags, undefined),
  platforms: v.fallback(manifestFields.platforms, undefined),
  wheels: v.fallback(manifestFields.wheels, undefined),
});

/** The fields that say what is packed. */
export type PackingFields = Pick<ExtensionManifest, "type" | "tags" | "platforms" | "wheels">;

/** What of the `[build]` table counts. */
export interface BuildTable {
  /** Exactly these files. */
  paths?: readonly string[] | undefined;
  /** All but what these patterns match. */
  excluded?: readonly string[] | undefined;
}

/** What Python takes for nothing: Blender then acts as if it weren't there. */
function isNothing(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return !value;
  return !(value instanceof Date) && Object.keys(value).length === 0;
}

const unlessNothing = v.transform((value: unknown) => (isNothing(value) ? undefined : value));

const innerPath = v.pipe(
  v.string("it must be a string"),
  v.check((path) => !/[\\\n]/.test(path), "it must be a path with /"),
  v.check((path) => !leadsOut(path), "it must be the path of something in the folder"),
  v.check(
    (path) => posix.normalize(path) !== manifestName,
    "the manifest is packed without being named",
  ),
);

/** Whether a path is that of nothing inside the folder: absolute, empty, or with too many `..`. */
export function leadsOut(path: string): boolean {
  return /^\.{0,2}(?:\/|$)/.test(posix.normalize(path));
}

const buildSchema = v.object({
  build: v.optional(
    v.pipe(
      v.custom<object>(isTable, "it must be a table"),
      v.object({
        generated: v.optional(v.never("only 'extension build' writes it, into the archive")),
        paths: v.pipe(
          v.optional(v.unknown()),
          unlessNothing,
          v.optional(v.array(innerPath, "it must be a list of paths")),
        ),
        paths_exclude_pattern: v.pipe(
          v.optional(v.unknown()),
          unlessNothing,
          v.optional(manifestTexts),
        ),
      }),
      v.check(
        (table) => table.paths === undefined || table.paths_exclude_pattern === undefined,
        "it has paths and paths_exclude_pattern, and can have only one of them",
      ),
    ),
  ),
});

/** What a manifest says, as far as it can be read, and what is wrong with it. */
export interface CheckedManifest {
  /** Undefined where `extension validate` would find a fault. */
  manifest: ExtensionManifest | undefined;
  /** Without those that are faulty. */
  packing: PackingFields;
  /** Undefined where there is none, or a faulty one. */
  build: BuildTable | undefined;
  faults: readonly ManifestFault[];
  /** A fault of the value at this path. */
  faultAt(path: readonly (string | number)[], message: string): ManifestFault;
}

function faultsOf(
  document: TomlDocument,
  issues: readonly v.BaseIssue<unknown>[] = [],
): ManifestFault[] {
  return issues.map((issue) => {
    const path = (issue.path ?? []).flatMap(({ key }) =>
      typeof key === "string" || typeof key === "number" ? [key] : [],
    );
    return { ...document.placeOf(path), field: path.join("."), message: manifestIssue(issue) };
  });
}

/**
 * Checks a manifest's text.
 *
 * @param bytes of the file.
 * @returns the fault alone of one that is no TOML.
 */
export function checkManifest(bytes: Uint8Array): CheckedManifest | ManifestFault {
  let document: TomlDocument;
  try {
    document = parseToml(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (error) {
    if (error instanceof TomlError) return { ...error.place, field: "", message: error.message };
    return { field: "", message: "it isn't UTF-8" };
  }
  const strict = v.safeParse(strictSchema, document.value);
  const build = v.safeParse(buildSchema, document.value);
  const table = build.success ? build.output.build : undefined;
  return {
    manifest: strict.success ? strict.output : undefined,
    packing: v.parse(packingSchema, document.value),
    build: table && { paths: table.paths, excluded: table.paths_exclude_pattern },
    faults: [...faultsOf(document, strict.issues), ...faultsOf(document, build.issues)],
    faultAt: (path, message) => ({ ...document.placeOf(path), field: path.join("."), message }),
  };
}
