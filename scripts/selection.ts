// Which tests the arguments of ./dev test mean.

import { existsSync, statSync } from "node:fs";
import { basename, relative, resolve, sep } from "node:path";
import { DevError } from "./process.ts";

/** What is to run. Paths are relative to the repository and lie in its tests folder. */
export interface Selection {
  lint: boolean;
  /** Files and folders with unit tests in TypeScript. */
  unit: string[];
  /** Files and folders with unit tests in Python; a file's may end in `::` and pytest's own name. */
  python: string[];
  /** Files and folders with end-to-end tests. */
  e2e: string[];
  /** What has to stand in a test's name. */
  name: string | undefined;
  /** What else `bun test` is told. */
  bunOptions: string[];
}

/** Arguments that mean nothing: exit code 2. */
export class UsageError extends DevError {
  override name = "UsageError";
}

const UNIT = "tests/unit";
const E2E = "tests/e2e";
const KINDS = ["lint", "unit", "e2e"];

/**
 * Reads arguments: `lint`, `unit`, `e2e`, paths, `-t PART_OF_A_NAME`, options of `bun test` in the
 * form `--option=value`. Without any it is everything; a name alone is looked for in the unit tests.
 *
 * @param root the repository.
 * @throws UsageError for what is none of these, and for paths without tests.
 */
export function selectionOf(args: readonly string[], root: string): Selection {
  const { words, name, bunOptions } = split(args);
  const kinds = new Set(words.filter((word) => KINDS.includes(word)));
  const paths = words.filter((word) => !KINDS.includes(word)).map((word) => testsAt(word, root));
  const all = kinds.size === 0 && paths.length === 0 && name === undefined;
  const unitByName = kinds.size === 0 && paths.length === 0 && name !== undefined;
  const unit = paths.flatMap((path) => path.unit);
  const python = paths.flatMap((path) => path.python);
  const e2e = paths.flatMap((path) => path.e2e);
  // Paths of a kind take the place of the whole kind.
  const wholeUnit = all || unitByName || (kinds.has("unit") && unit.length + python.length === 0);
  const wholeE2e = all || (kinds.has("e2e") && e2e.length === 0);
  return {
    lint: all || kinds.has("lint"),
    unit: wholeUnit ? [UNIT] : unit,
    python: wholeUnit ? [UNIT] : python,
    e2e: wholeE2e ? [E2E] : e2e,
    name,
    bunOptions,
  };
}

/** Options apart from words. */
function split(args: readonly string[]) {
  const words: string[] = [];
  const bunOptions: string[] = [];
  let name: string | undefined;
  const left = [...args];
  for (let arg = left.shift(); arg !== undefined; arg = left.shift()) {
    const [, given] = /^(?:-t=|--test-name-pattern=)(.*)$/s.exec(arg) ?? [];
    if (given !== undefined || arg === "-t" || arg === "--test-name-pattern") {
      name = given ?? left.shift();
      if (!name) throw new UsageError(`${arg} takes a part of a test's name`);
    } else if (arg.startsWith("-")) {
      bunOptions.push(arg);
    } else {
      words.push(arg);
    }
  }
  return { words, name, bunOptions };
}

function testsAt(word: string, root: string): Pick<Selection, "unit" | "python" | "e2e"> {
  const [file = "", ...inside] = word.split("::");
  const absolute = resolve(root, file);
  const path = relative(root, absolute).split(sep).join("/");
  if (!existsSync(absolute)) {
    const byName = `./dev test -t ${JSON.stringify(word)}`;
    throw new UsageError(
      `there is no ${file} here\n` +
        `hint: name a file or folder of tests/, or a part of a test's name: ${byName}`,
    );
  }
  const own = (kind: string) =>
    isWithin(path, kind) ? [path] : isWithin(kind, path) ? [kind] : [];
  const [typescript, python] = statSync(absolute).isDirectory()
    ? [hasTests(absolute, "*.test.ts"), hasTests(absolute, "test_*.py")]
    : [basename(path).endsWith(".test.ts"), /^test_.*\.py$/.test(basename(path))];
  const found = {
    unit: typescript ? own(UNIT) : [],
    python: python ? own(UNIT).map((one) => [one, ...inside].join("::")) : [],
    e2e: typescript ? own(E2E) : [],
  };
  if (Object.values(found).every((paths) => paths.length === 0)) {
    throw new UsageError(
      `${file} has no tests\n` +
        `hint: they are in ${UNIT} and ${E2E}, in files like x.test.ts and test_x.py`,
    );
  }
  return found;
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || folder === "" || path.startsWith(`${folder}/`);
}

function hasTests(folder: string, pattern: string): boolean {
  const [first] = new Bun.Glob(`**/${pattern}`).scanSync(folder);
  return first !== undefined;
}
