// Which Pythons wheels are downloaded for: the running Blender's, or those that --for names.

import { stat } from "node:fs/promises";
import * as v from "valibot";
import { Failure, messageOf, wrongUsage } from "../../failure.ts";
import { wholeFile } from "../../local/files/whole-file.ts";
import { decodedText } from "../../local/pip/requirements-text.ts";
import { type Environment, environmentSchema } from "../../remote/python/environment-schema.ts";
import { listed, ours, text } from "../../text.ts";
import { type BlenderTarget, targetNamed, targetNames } from "../../wheels/blender-targets.ts";
import { similarNames } from "../../wheels/similar.ts";
import type { WheelTarget } from "../../wheels/target.ts";

/** Bytes of a file of `pkg info`. */
const mostOfFile = 10_000_000;
/** Characters of what is wrong with it, which may quote it. */
const mostOfMessage = 200;

/** What of an environment choosing wheels takes: one of an older version has less. */
const savedSchema = v.pipe(
  v.looseObject({
    blender: v.looseObject({ version: v.string() }),
    python: v.looseObject({
      version: v.pipe(v.string(), v.regex(/^\d+\.\d+[\w.+]*$/, "no version of Python")),
      platform: v.string(),
    }),
    tags: v.nullable(
      v.array(v.pipe(v.string(), v.regex(/^\w+-\w+-\w+$/, "no wheel tag (PEP 425)"))),
    ),
    markers: environmentSchema.pipe[0].entries.markers,
    bundled: environmentSchema.pipe[0].entries.bundled,
  }),
);

/**
 * The Python of a Blender.
 *
 * @param from how it was found out about, for messages.
 * @throws Failure `no-tags`.
 */
export function targetOfEnvironment(
  environment: Pick<Environment, "tags" | "markers" | "bundled"> & {
    blender: Pick<Environment["blender"], "version">;
    python: Pick<Environment["python"], "version" | "platform">;
  },
  from: string,
): WheelTarget {
  const { blender, python, tags, markers, bundled } = environment;
  if (tags === null || tags.length === 0) {
    throw new Failure("no-tags", `${from} can't tell which wheels it takes`, {
      hint: text`'${ours("pkg info")}' says why; '${ours("pkg bootstrap")}' mostly helps`,
    });
  }
  const name = `Blender ${blender.version} (${python.platform})`;
  return { name, python: python.version, tags, markers, bundled };
}

/**
 * The Python that a file describes, which `pkg info --json` has written.
 *
 * @throws Failure `bad-target`, kind `usage`.
 */
async function savedTarget(path: string): Promise<WheelTarget> {
  const hint = text`'${ours("pkg info", "--json")} > env.json' writes such a file`;
  const unreadable = (reason: string, cause?: unknown) =>
    wrongUsage("bad-target", `can't read '${path}': ${reason}`, hint, cause);
  let value: unknown;
  try {
    // A file that PowerShell's > has written is UTF-16.
    const decoded = decodedText(await wholeFile(path, mostOfFile));
    if (!decoded.ok) throw unreadable(decoded.reason);
    value = JSON.parse(decoded.text);
  } catch (error) {
    throw error instanceof Failure ? error : unreadable(messageOf(error), error);
  }
  const read = v.safeParse(savedSchema, value, { abortEarly: true });
  if (read.success) return targetOfEnvironment(read.output, path);
  const [issue] = read.issues;
  const where = v.getDotPath(issue) ?? "its top";
  throw wrongUsage(
    "bad-target",
    `'${path}' isn't what pkg info --json prints: at ${where}: ${issue.message.slice(0, mostOfMessage)}`,
    hint,
  );
}

/** What `--for` names, and what a user should know of it. */
export interface NamedTarget {
  target: WheelTarget;
  /** About these packages. */
  warnings: (packages: readonly string[]) => string[];
}

/**
 * The target that `--for` names: an official Blender, or a file.
 *
 * @throws Failure `bad-target`, `unknown-target`, kind `usage`.
 */
export async function targetFor(word: string): Promise<NamedTarget> {
  const official = targetNamed(word.toLowerCase());
  if (official !== undefined)
    return { target: official, warnings: (names) => warningsOf(official, names) };
  // What a shell has opened is no plain file.
  const isFolder = (await stat(word).catch(() => undefined))?.isDirectory();
  if (/\.json$/i.test(word) || isFolder === false)
    return { target: await savedTarget(word), warnings: () => [] };
  throw unknownTarget(word);
}

function unknownTarget(word: string): Failure {
  const [plain = "", system] = word.toLowerCase().split("@");
  if (system !== undefined && targetNamed(plain) !== undefined)
    return wrongUsage(
      "unknown-target",
      `--for is '${word}', and behind @ stands a glibc or macOS, none older than that Blender needs`,
      text`'${ours("pkg targets")}' shows the oldest of each; Windows has none`,
    );
  // Archives have three numbers in their names: blender-4.2.3-linux-x64.tar.xz.
  const release = plain.replace(/^(blender-\d+\.\d+)\.\d+/, "$1");
  // Of names that are equally near, the newest are meant rather.
  const similar =
    targetNamed(release) === undefined ? similarNames(plain, targetNames().reverse()) : [release];
  return wrongUsage(
    "unknown-target",
    `--for is '${word}', which is neither an official Blender nor a file`,
    similar.length > 0
      ? text`did you mean ${similar.join(" or ")}? '${ours("pkg targets")}' lists them all`
      : text`'${ours("pkg targets")}' lists them; '${ours("pkg info", "--json")} > env.json' makes a file`,
  );
}

function warningsOf({ name, unversioned }: BlenderTarget, packages: readonly string[]): string[] {
  const unknown = unversioned.filter((one) => packages.includes(one));
  if (unknown.length === 0) return [];
  const names = listed(unknown, 5);
  return [`which version ${name} brings isn't known of ${names}: a wheel of it comes along`];
}
