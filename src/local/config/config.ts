// Reads the configuration file and checks what it says.

import { join, resolve } from "node:path";
import * as v from "valibot";
import type { Document } from "yaml";
import { Failure, messageOf, systemCodeOf } from "../../failure.ts";
import { ours, text as sentence } from "../../text.ts";
import { ownFolders } from "../files/os-folders.ts";
import { wholeText } from "../files/whole-file.ts";
import { quickYaml } from "./quick-yaml.ts";

/** Levels of `mcp_service.log_level` and of `start --log-level`. */
export const logLevels = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] as const;

const text = v.string("must be text");
const texts = v.array(v.string("must be a list of texts"), "must be a list of texts");
const orNull = <S extends v.GenericSchema>(schema: S) => v.nullable(schema);

/** The keys that this program knows, by section; any others are kept as they are. */
const sections = {
  blender: {
    version: text,
    version_tuple: v.array(v.number("must be a list of numbers"), "must be a list of numbers"),
    build_date: text,
    exec_path: v.pipe(text, v.nonEmpty("must not be empty")),
    root_dir: text,
    plugin_dir: orNull(text),
    user_addons: orNull(text),
    all_addon_paths: texts,
    extensions_dir: orNull(text),
  },
  cli: {
    timeout_sec: v.pipe(
      v.number("must be a number of seconds"),
      v.finite("must be a number of seconds"),
      v.gtValue(0, "must be more than 0"),
    ),
  },
  mcp_service: {
    default_port: v.pipe(
      v.number("must be a number"),
      v.integer("must be a whole number"),
      v.minValue(1, "must be a port from 1 to 65535"),
      v.maxValue(65535, "must be a port from 1 to 65535"),
    ),
    log_level: v.pipe(
      text,
      v.toUpperCase(),
      v.picklist(logLevels, `must be one of ${logLevels.join(", ")}`),
    ),
  },
} as const;

function section<const T extends v.ObjectEntries>(entries: T) {
  return v.optional(
    v.nullable(
      v.looseObject(
        v.entriesFromObjects([v.partial(v.object(entries))]),
        "must be a section with keys",
      ),
    ),
  );
}

const fileSchema = v.looseObject(
  {
    blender: section(sections.blender),
    cli: section(sections.cli),
    mcp_service: section(sections.mcp_service),
  },
  "must be a section with keys",
);

/** Keys with dots (`cli.timeout_sec`) that this program knows, and what each may hold. */
export const knownKeys: ReadonlyMap<string, v.GenericSchema> = new Map(
  Object.entries(sections).flatMap(([name, keys]) =>
    Object.entries(keys).map(([key, schema]): [string, v.GenericSchema] => [
      `${name}.${key}`,
      schema,
    ]),
  ),
);

/** The values of keys that the file doesn't have. */
export const defaults = {
  cli: { timeout_sec: 300 },
  mcp_service: { default_port: 6688, log_level: "INFO" },
} as const;

/** The `blender` section: the Blender on this machine, as `init` found it. */
export interface BlenderSettings {
  /** `exec_path`: the executable. */
  executable: string;
  /** `4.3.2`, as it was when `init` ran. */
  version: string | undefined;
}

/** What the configuration file says, with defaults where it says nothing. */
export interface Configuration {
  path: string;
  exists: boolean;
  /** Undefined until `init` ran. */
  blender: BlenderSettings | undefined;
  timeoutSeconds: number;
  port: number;
  logLevel: string;
}

/** A configuration file as it is written: comments, order and unknown keys included. */
export interface ConfigurationFile {
  path: string;
  exists: boolean;
  document: Document;
  /** The line of a key's value, or of the section that would hold it. */
  lineOf: (keys: readonly unknown[]) => number | undefined;
}

/**
 * Where the configuration is: `--config`, BLENDER_REMOTE_CONFIG, else the usual place, which is the
 * same as that of the Python package blender-remote.
 */
export function configurationPath(
  flag: string | undefined,
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  if (flag === "") {
    throw new Failure("bad-config-path", "--config is empty", {
      kind: "usage",
      hint: "give a file: --config FILE",
    });
  }
  const given = flag ?? (env["BLENDER_REMOTE_CONFIG"] || undefined);
  if (given !== undefined) return resolve(given);
  return join(ownFolders(env, platform).config, "bld-remote-config.yaml");
}

function invalid(path: string, line: number | undefined, message: string): Failure {
  const where = line === undefined ? path : `${path}:${line}`;
  return new Failure("config-invalid", `${where}: ${message}`, {
    kind: "usage",
    hint: sentence`correct ${line === undefined ? "the file" : `line ${line}`}, or remove the file and run: ${ours("init")}`,
  });
}

/**
 * Reads the file as YAML; a missing one is an empty one.
 *
 * @throws Failure `config-invalid` (not YAML, not a map; names the line) or `config-unreadable`.
 */
export async function openConfiguration(path: string): Promise<ConfigurationFile> {
  return documentOf(path, await sourceOf(path));
}

/**
 * How many bytes the file may have: it names one Blender. What is wrong in a much longer one, such as a
 * hundred thousand keys or brackets, would take the library for YAML minutes.
 */
export const longestConfiguration = 100_000;

/** The file's text; undefined where there is none. @throws Failure `config-unreadable`. */
async function sourceOf(path: string): Promise<string | undefined> {
  try {
    return await wholeText(path, longestConfiguration);
  } catch (error) {
    if (systemCodeOf(error) !== "ENOENT") {
      throw new Failure(
        "config-unreadable",
        `can't read the configuration ${path}: ${messageOf(error)}`,
        { kind: "usage", hint: "give a file that can be read: --config FILE", cause: error },
      );
    }
    return undefined;
  }
}

async function documentOf(path: string, source: string | undefined): Promise<ConfigurationFile> {
  // Loaded only here: most commands never need it.
  const { isMap, isNode, LineCounter, parseDocument } = await import("yaml");
  const lines = new LineCounter();
  const document = parseDocument(source ?? "", { lineCounter: lines, prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined) {
    const { line } = lines.linePos(error.pos[0]);
    throw invalid(path, line, `not YAML: ${error.message}`);
  }
  if (document.contents !== null && !isMap(document.contents)) {
    throw invalid(path, 1, "the file must hold keys with values (blender:, cli:, mcp_service:)");
  }
  const lineOf = (keys: readonly unknown[]) => {
    for (let depth = keys.length; depth > 0; depth--) {
      const node = document.getIn(keys.slice(0, depth), true);
      if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
    }
    return undefined;
  };
  return { path, exists: source !== undefined, document, lineOf };
}

/** The file's values as plain data. @throws Failure `config-invalid`. */
export function valuesOf(file: ConfigurationFile): Record<string, unknown> {
  let values: unknown;
  try {
    values = file.document.toJS() ?? {};
  } catch (error) {
    throw invalid(file.path, undefined, messageOf(error));
  }
  return v.parse(v.record(v.string(), v.unknown()), values);
}

function shown(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}

/**
 * Checks the file's known keys and gives what they say.
 *
 * @throws Failure `config-invalid`, which names key, value and line.
 */
export function interpret(file: ConfigurationFile): Configuration {
  const parsed = v.safeParse(fileSchema, valuesOf(file));
  if (!parsed.success) {
    const [issue] = parsed.issues;
    const keys = issue.path?.map((item) => item.key) ?? [];
    throw invalid(
      file.path,
      file.lineOf(keys),
      `${keys.join(".")} ${issue.message}, but is ${shown(issue.input)}`,
    );
  }
  return configurationFrom(parsed.output, file.path, file.exists);
}

function configurationFrom(
  { blender, cli, mcp_service: service }: v.InferOutput<typeof fileSchema>,
  path: string,
  exists: boolean,
): Configuration {
  return {
    path,
    exists,
    blender:
      blender?.exec_path === undefined
        ? undefined
        : { executable: blender.exec_path, version: blender.version },
    timeoutSeconds: cli?.timeout_sec ?? defaults.cli.timeout_sec,
    port: service?.default_port ?? defaults.mcp_service.default_port,
    logLevel: service?.log_level ?? defaults.mcp_service.log_level,
  };
}

/**
 * Reads and checks the configuration; a missing file gives the defaults.
 *
 * @throws Failure as `openConfiguration` and `interpret`.
 */
export async function readConfiguration(path: string): Promise<Configuration> {
  const source = await sourceOf(path);
  const quick = v.safeParse(fileSchema, source === undefined ? {} : quickYaml(source));
  // What is wrong is looked at again, for the line that it stands in.
  if (!quick.success) return interpret(await documentOf(path, source));
  return configurationFrom(quick.output, path, source !== undefined);
}
