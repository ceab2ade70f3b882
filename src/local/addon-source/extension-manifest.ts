// Reads an extension's blender_manifest.toml.

import * as v from "valibot";
import { Failure, messageOf } from "../../failure.ts";
import { isModuleName } from "./python-module.ts";

/** The file by which Blender 4.2 and newer know an extension. */
export const manifestName = "blender_manifest.toml";

const anyText = v.pipe(
  v.string("it must be a string"),
  v.check((value) => value.trim() !== "", "it is empty"),
);

const text = v.pipe(
  anyText,
  v.check((value) => !/\p{Cc}/u.test(value), "it has control characters"),
  v.check((value) => value.trim() === value, "it begins or ends with white space"),
);

/** Semantic versions (semver.org, 2.0.0). */
const version = v.pipe(
  text,
  v.regex(
    /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$/,
    "it must be a version like 1.2.3",
  ),
);

/** Blender's rules for publishing ask for three numbers. */
const blenderVersion = v.pipe(
  text,
  v.regex(/^\d+(\.\d+)*$/, "it must be a Blender version like 4.2.0"),
);

const texts = v.array(anyText, "it must be a list of strings");

const someTexts = v.pipe(texts, v.minLength(1, "it is an empty list"));

/** Wheels' paths, relative to the manifest, with `/`. */
const wheels = v.array(
  v.pipe(
    text,
    v.check((path) => !/["\\]/.test(path), "it must be a path with /"),
    v.check((path) => path.toLowerCase().endsWith(".whl"), "it must be the path of a .whl"),
    v.check(
      (path) => [5, 6].includes(path.replace(/^.*\//s, "").split("-").length),
      "it must have a wheel's name: NAME-VERSION-PYTHON-ABI-PLATFORM.whl",
    ),
  ),
  "it must be a list of wheels",
);

/** What it is for, by permission; a list in manifests of Blender's first tests. */
const permissions = v.union(
  [v.array(v.string()), v.record(v.string(), v.string())],
  "it must be a table of strings; other fields stand before [permissions]",
);

/**
 * The fields that Blender looks at, with its rules for installing, which are wider than those for
 * publishing. A manifest may have others.
 * Source: Blender Manual, Extensions, "How to Create Extensions: Manifest".
 */
const manifestSchema = v.object({
  schema_version: version,
  id: v.pipe(
    text,
    v.check(isModuleName, "it must be a name that Python can import"),
    v.check(
      (id) => !id.startsWith("_") && !id.endsWith("_") && !id.includes("__"),
      "it must not begin or end with _, nor have two of them together",
    ),
  ),
  version,
  name: text,
  tagline: anyText,
  maintainer: text,
  type: v.picklist(["add-on", "theme"], 'it must be "add-on" or "theme"'),
  license: someTexts,
  blender_version_min: blenderVersion,
  /** The first Blender that it isn't for. */
  blender_version_max: v.optional(v.union([v.literal(""), blenderVersion])),
  website: v.optional(text),
  copyright: v.optional(texts),
  permissions: v.optional(permissions),
  tags: v.optional(someTexts),
  /** `linux-x64`, `windows-x64`, `macos-arm64`, …; all of them where it is absent. */
  platforms: v.optional(someTexts),
  wheels: v.optional(wheels),
});

/** What an extension says of itself. */
export type ExtensionManifest = v.InferOutput<typeof manifestSchema>;

/** What `extension build --split-platforms` says of the archive that it made. */
const generatedSchema = v.object({
  build: v.object({
    generated: v.object({ platforms: v.optional(someTexts), wheels: v.optional(wheels) }),
  }),
});

function invalid(where: string, why: string, cause?: unknown): Failure {
  return new Failure("bad-manifest", `${where}: ${why}`, {
    hint: "its fields are described in Blender's manual: Extensions, Manifest",
    cause,
  });
}

/**
 * Reads a `blender_manifest.toml`.
 *
 * @param where how messages name it.
 * @throws Failure `bad-manifest`, naming the field and the value seen.
 */
export function parseManifest(source: string, where: string): ExtensionManifest {
  let table: object;
  try {
    table = Bun.TOML.parse(source);
  } catch (error) {
    throw invalid(where, messageOf(error), error);
  }
  const generated = v.safeParse(generatedSchema, table);
  const override = generated.success ? generated.output.build.generated : {};
  const result = v.safeParse(manifestSchema, { ...table, ...override });
  if (result.success) return result.output;
  throw invalid(where, result.issues.map(describe).join("; "));
}

function describe(issue: v.BaseIssue<unknown>): string {
  const field = v.getDotPath(issue) ?? "";
  if (issue.received === "undefined") return `${field} is missing`;
  const seen = JSON.stringify(issue.input) ?? String(issue.input);
  return `${field} is ${seen.length > 100 ? `${seen.slice(0, 100)}…` : seen}: ${issue.message}`;
}
