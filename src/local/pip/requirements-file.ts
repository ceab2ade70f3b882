// Reads requirements and constraints files of this machine, with the files that they name.

import { dirname, isAbsolute, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Failure, messageOf, wrongUsage } from "../../failure.ts";
import { megabytes } from "../../megabytes.ts";
import { wholeFile } from "../files/whole-file.ts";
import { type FileLine, type LineOption, requirementsLines } from "./requirements-lines.ts";
import { decodedText } from "./requirements-text.ts";

/** One requirement of a file, and where it stands. */
export interface RequirementLine {
  spec: string;
  /** pip's options of this requirement: its hashes. */
  options: readonly LineOption[];
  /** `requirements.txt:3`. */
  where: string;
  /** It isn't asked for, but keeps what is to certain versions (`-c`). */
  isConstraint: boolean;
}

/** An option that holds for the whole install, and where it stands. */
export interface FileOption extends LineOption {
  where: string;
}

/** What files say, in the order in which pip would read it. */
export interface RequirementsRead {
  requirements: RequirementLine[];
  options: FileOption[];
}

interface OpenFile {
  path: string;
  isConstraint: boolean;
  /** Who names it; null for the command line. */
  where: string | null;
  /** The files that are being read, the outermost first. */
  within: readonly string[];
}

/** What all files may have together: a hundred times the bytes of a long lock, and some bases. */
const largest = 10_000_000;
const mostFiles = 1000;

/** What has been read until now. */
interface ReadingFiles extends RequirementsRead {
  bytes: number;
  files: number;
}

function unreadable({ path, where }: OpenFile, why: string, cause?: unknown): Failure {
  const said = `${where === null ? "" : `${where}: `}can't read '${path}': ${why}`;
  return new Failure("requirements-unreadable", said, {
    kind: "usage",
    hint:
      cause === undefined
        ? "save it as UTF-8, or let its first line declare the encoding: # -*- coding: cp1252 -*-"
        : "give a requirements file of this machine: -r FILE, or -c FILE for constraints",
    cause,
  });
}

async function contentOf(read: ReadingFiles, file: OpenFile): Promise<string> {
  let bytes: Uint8Array;
  try {
    // A few files that name each other several times come to any number.
    if (++read.files > mostFiles) throw new Error(`more than ${mostFiles} files are to be read`);
    bytes = await wholeFile(file.path, largest);
    read.bytes += bytes.length;
    if (read.bytes > largest) throw new Error(`all files have more than ${megabytes(largest)}`);
  } catch (error) {
    throw unreadable(file, messageOf(error), error);
  }
  const decoded = decodedText(bytes);
  if (!decoded.ok) throw unreadable(file, decoded.reason);
  return decoded.text;
}

/** The path of a file that is named in another one, or on the command line (null). */
function pathOf(named: string, from: string | null, where: string): string {
  if (/^file:/i.test(named)) {
    try {
      return fileURLToPath(named);
    } catch (error) {
      throw wrongUsage(
        "bad-requirement",
        `${where}: '${named}' isn't a path`,
        "give a path",
        error,
      );
    }
  }
  if (/^https?:/i.test(named)) {
    throw wrongUsage(
      "bad-requirement",
      `${where === "" ? "" : `${where}: `}'${named}' is on another machine, and only files of this one are read`,
      `download it, then name the file: curl -LO ${named}`,
    );
  }
  return from === null || isAbsolute(named) ? named : join(dirname(from), named);
}

async function readInto(read: ReadingFiles, file: OpenFile): Promise<void> {
  const place = resolve(file.path);
  if (file.within.includes(place)) {
    throw wrongUsage(
      "bad-requirement",
      `${file.where}: '${file.path}' is being read already: these files name each other`,
      "leave out one of the -r or -c lines",
    );
  }
  const found = requirementsLines(await contentOf(read, file), process.env);
  if (!found.ok) {
    throw wrongUsage(
      "bad-requirement",
      `${file.path}:${found.number}: ${found.reason}`,
      "mend that line (pip's documentation, 'Requirements File Format')",
    );
  }
  for (const line of found.lines) {
    await takeLine(read, { ...file, within: [...file.within, place] }, line);
  }
}

async function takeLine(
  read: ReadingFiles,
  file: OpenFile,
  { number, spec, options }: FileLine,
): Promise<void> {
  const where = `${file.path}:${number}`;
  if (spec !== "") {
    const { isConstraint } = file;
    read.requirements.push({ spec, options, where, isConstraint });
    return;
  }
  // Of several files in a line, pip reads the first.
  const nested =
    options.find(({ name }) => name === "--requirement") ??
    options.find(({ name }) => name === "--constraint");
  if (nested === undefined) {
    read.options.push(...options.map((option) => ({ ...option, where })));
    return;
  }
  const path = pathOf(nested.value ?? "", file.path, where);
  const isConstraint = nested.name === "--constraint";
  await readInto(read, { path, isConstraint, where, within: file.within });
}

/**
 * Reads requirements files of this machine as pip does (its documentation, "Requirements File
 * Format"): encodings, continued lines, comments, variables of the environment, and files within
 * files.
 *
 * @param files as they were typed, `-r`.
 * @param constraints as they were typed, `-c`.
 * @throws Failure `requirements-unreadable`, `bad-requirement`, usage.
 */
export async function readRequirements(
  files: readonly string[],
  constraints: readonly string[] = [],
): Promise<RequirementsRead> {
  const read: ReadingFiles = { requirements: [], options: [], bytes: 0, files: 0 };
  const open = (named: string, isConstraint: boolean) =>
    readInto(read, { path: pathOf(named, null, ""), isConstraint, where: null, within: [] });
  for (const named of constraints) await open(named, true);
  for (const named of files) await open(named, false);
  return read;
}
