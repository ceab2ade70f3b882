// Reads an extension's blender_manifest.toml.

import * as v from "valibot";
import { Failure } from "../../failure.ts";
import { listed } from "../../text.ts";
import { parseToml, type TomlDocument, TomlError } from "../files/toml.ts";
import { isDevice } from "../files/windows-names.ts";
import { quoted, windowsProblem } from "./file-tree.ts";
import { isIdentifier } from "./python-module.ts";

/** The file by which Blender 4.2 and newer know an extension. */
export const manifestName = "blender_manifest.toml";

// Of what JavaScript takes for white space, Python doesn't strip the mark of the byte order.
const anyText = v.pipe(
  v.string("it must be a string"),
  v.check((value) => !/^[^\S\uFEFF]*$/u.test(value), "it is empty"),
);

/** One line, as Blender shows it. */
export const manifestText = v.pipe(
  anyText,
  v.check((value) => !/\p{Cc}/u.test(value), "it has control characters"),
  v.check(
    (value) => !/^[^\S\uFEFF]|[^\S\uFEFF]$/u.test(value),
    "it begins or ends with white space",
  ),
);

const number = String.raw`(?:0|[1-9]\d*)`;
const label = String.raw`(?:${number}|\d*[A-Za-z-][0-9A-Za-z-]*)`;
const semantic = new RegExp(
  String.raw`^${number}\.${number}\.${number}(?:-${label}(?:\.${label})*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$`,
);

/** Semantic versions (semver.org, 2.0.0). */
const version = v.pipe(manifestText, v.regex(semantic, "it must be a version like 1.2.3"));

/** Blender's rules for publishing ask for three numbers. */
const blenderVersion = v.pipe(
  manifestText,
  v.regex(/^\d+(\.\d+)*$/, "it must be a Blender version like 4.2.0"),
);

/** A list of texts that aren't empty. */
export const manifestTexts = v.array(anyText, "it must be a list of strings");

const someTexts = v.pipe(manifestTexts, v.minLength(1, "it is an empty list"));

const innerParts = (path: string) =>
  plainPath(path)
    .split("/")
    .filter((part) => part !== "..");

/** Wheels' paths, relative to the manifest, with `/`. */
const wheels = v.array(
  v.pipe(
    manifestText,
    v.check((path) => !/["\\]/.test(path), "it must be a path with /"),
    v.check((path) => path.toLowerCase().endsWith(".whl"), "it must be the path of a .whl"),
    v.check(
      (path) => [5, 6].includes(path.replace(/^.*\//s, "").split("-").length),
      "it must have a wheel's name: NAME-VERSION-PYTHON-ABI-PLATFORM.whl",
    ),
    v.check(
      (path) => path.includes("\\") || windowsProblem(innerParts(path)) === undefined,
      "Windows can't hold a file of this name",
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
export const manifestFields = {
  schema_version: version,
  id: v.pipe(
    manifestText,
    v.check(isIdentifier, "it must be letters, digits and _, and begin with a letter"),
    v.check(
      (id) => !id.startsWith("_") && !id.endsWith("_") && !id.includes("__"),
      "it must not begin or end with _, nor have two of them together",
    ),
    v.check((id) => !isDevice(id), "it is the name of a device on Windows"),
  ),
  version,
  name: manifestText,
  tagline: anyText,
  maintainer: manifestText,
  type: v.picklist(["add-on", "theme"], 'it must be "add-on" or "theme"'),
  license: someTexts,
  blender_version_min: blenderVersion,
  /** The first Blender that it isn't for. */
  blender_version_max: v.optional(v.union([v.literal(""), blenderVersion])),
  website: v.optional(manifestText),
  copyright: v.optional(manifestTexts),
  permissions: v.optional(permissions),
  tags: v.optional(someTexts),
  /** `linux-x64`, `windows-x64`, `macos-arm64`, …; all of them where it is absent. */
  platforms: v.optional(someTexts),
  wheels: v.optional(wheels),
};

const manifestSchema = v.object(manifestFields);

/** What an extension says of itself. */
export type ExtensionManifest = v.InferOutput<typeof manifestSchema>;

/** What `extension build --split-platforms` says of the archive that it made. */
const generatedSchema = v.object({
  build: v.object({
    generated: v.object({ platforms: v.optional(someTexts), wheels: v.optional(wheels) }),
  }),
});

/** A manifest that can't be taken; `where` names the file, and the line behind a colon. */
export function badManifest(where: string, why: string, cause?: unknown): Failure {
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
  const table = tomlOf(source, where).value;
  const generated = v.safeParse(generatedSchema, table);
  const override = generated.success ? generated.output.build.generated : {};
  const result = v.safeParse(manifestSchema, { ...table, ...override });
  if (result.success) return result.output;
  throw badManifest(where, result.issues.map(manifestIssue).join("; "));
}

function tomlOf(source: string, where: string): TomlDocument {
  try {
    return parseToml(source);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    throw badManifest(`${where}:${error.place.line}`, error.message, error);
  }
}

/** What is wrong with a field of a manifest, with the value that was seen. */
export function manifestIssue(issue: v.BaseIssue<unknown>): string {
  const field = v.getDotPath(issue) ?? "";
  if (issue.received === "undefined") return `${field} is missing`;
  const seen = JSON.stringify(issue.input) ?? String(issue.input);
  return `${field} is ${seen.length > 100 ? `${seen.slice(0, 100)}…` : seen}: ${issue.message}`;
}

/** A path of a manifest without empty parts and `.`. */
export function plainPath(path: string): string {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  return parts.join("/");
}

/**
 * Says which wheels Blender won't install, although they are there.
 *
 * @param files of the extension, relative.
 */
export function unnamedWheels(manifest: ExtensionManifest, files: readonly string[]): string[] {
  const named = new Set((manifest.wheels ?? []).map(plainPath));
  const left = files.filter((path) => /\.whl$/i.test(path) && !named.has(path));
  if (left.length === 0) return [];
  const paths = listed(left.map(quoted));
  return [
    `Blender won't install ${paths}: wheels in ${manifestName} doesn't name ${left.length === 1 ? "it" : "them"}`,
  ];
}
