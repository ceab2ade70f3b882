// The rules of the house that a syntax tree can check: ARCHITECTURE.md gives the reasons.

import { afterAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import * as is from "typescript/unstable/ast";
import { API } from "typescript/unstable/async";
import type { Command, Group } from "../../src/cmd/_command.ts";
import { root } from "../../src/cmd/_tree.ts";

const home = resolve(import.meta.dir, "../..");
const mostFileLines = 350;
const mostFunctionLines = 60;
const mostRunLines = 40;
/** Files that are mostly tables, which no split would make easier to read. */
const tables: readonly string[] = [];

const api = new API({ cwd: home });
afterAll(() => api.close());

/** A file of src with its syntax tree; the path as from the repository. */
interface Source {
  path: string;
  text: string;
  tree: is.SourceFile;
}

async function sources(): Promise<Source[]> {
  const configuration = join(home, "tsconfig.json");
  const snapshot = await api.updateSnapshot({ openProjects: [configuration] });
  const program = snapshot.getProject(configuration)?.program;
  const paths = [...new Bun.Glob("src/**/*.ts").scanSync({ cwd: home })].sort();
  return Promise.all(
    paths.map(async (path) => {
      const tree = await program?.getSourceFile(join(home, path));
      if (tree === undefined) throw new Error(`${path} isn't in the project`);
      return { path, text: tree.text, tree };
    }),
  );
}

const files = await sources();

/** Every node of a file, in the order of the text. */
function nodesOf({ tree }: Source): is.Node[] {
  const found: is.Node[] = [];
  const visit = (node: is.Node): undefined => {
    found.push(node);
    node.forEachChild(visit);
  };
  tree.forEachChild(visit);
  return found;
}

function lineAt({ text }: Source, position: number): number {
  return text.slice(0, position).split("\n").length;
}

function linesOf({ tree, text }: Source, node: is.Node): number {
  return text.slice(node.getStart(tree), node.end).split("\n").length;
}

function placeOf(source: Source, node: is.Node): string {
  return `${source.path}:${lineAt(source, node.getStart(source.tree))}`;
}

/** The texts of strings and templates, without what stands in `${}`. */
function stringsOf(source: Source): { node: is.Node; text: string }[] {
  return nodesOf(source).flatMap((node) =>
    is.isStringLiteral(node) ||
    is.isNoSubstitutionTemplateLiteral(node) ||
    is.isTemplateHead(node) ||
    is.isTemplateMiddle(node) ||
    is.isTemplateTail(node)
      ? [{ node, text: node.text }]
      : [],
  );
}

/** Names of commands and groups, as one types them: `pkg`, `pkg push`. */
async function namesBelow(node: Command | Group, before: readonly string[]): Promise<string[]> {
  if (node.kind === "command") return [before.join(" ")];
  const below = await Promise.all(
    [...node.commands].map(async ([name, load]) => namesBelow(await load(), [...before, name])),
  );
  return [...(before.length === 0 ? [] : [before.join(" ")]), ...below.flat()];
}

const commandNames = await namesBelow(root, []);

describe("files", () => {
  test("a TypeScript file begins with one sentence that says what it is", () => {
    const bad = files.filter(({ text }) => !/^\/\/ [A-Z`](?:.*\n\/\/ )*.*[^.]\.\n\n/.test(text));
    expect(bad.map(({ path }) => path)).toEqual([]);
  });

  test(`has ${mostFileLines} lines at most`, async () => {
    const paths = [...new Bun.Glob("src/**/*.{ts,py}").scanSync({ cwd: home })].sort();
    const long: string[] = [];
    for (const path of paths.filter((one) => !tables.includes(one))) {
      const lines = (await Bun.file(join(home, path)).text()).trimEnd().split("\n").length;
      if (lines > mostFileLines) long.push(`${path}: ${lines}`);
    }
    expect(long).toEqual([]);
  });
});

test("only these write to a terminal: what others wrote is made harmless there", () => {
  const writes = /process\.std(?:out|err)\b(?!\.(?:isTTY|columns))|\bconsole\./;
  const writers = files.filter(({ text }) => writes.test(text.replace(/^\s*(?:\/\/|\*).*/gm, "")));
  expect(writers.map(({ path }) => path)).toEqual([
    "src/cmd/_help.ts", // the width alone
    "src/cmd/pkg/info.ts", // likewise
    "src/cmd/pkg/wheelhouse.ts", // likewise
    "src/main.ts", // the version alone
    "src/ui/output.ts",
    "src/ui/passing-line.ts", // what ui/waiting.ts made harmless
    "src/ui/progress.ts",
    "src/ui/prompt.ts",
  ]);
});

test("numbers of answers have bounds", () => {
  const unbound = files.filter(
    ({ path, text }) => /^src\/(remote|packages)\//.test(path) && /\bv\.number\(\)/.test(text),
  );
  expect(unbound.map(({ path }) => path)).toEqual([
    "src/remote/numbers.ts", // where they stand
    "src/remote/wire/server.ts", // only whether there is one
  ]);
});

test("no answer is parsed without saying what was wrong with it", () => {
  const raw = /\bv\.parse\(|\bJSON\.parse\(/;
  const parsing = files.filter(
    ({ path, text }) => path.startsWith("src/remote/") && raw.test(text),
  );
  expect(parsing.map(({ path }) => path)).toEqual([
    "src/remote/checked.ts",
    "src/remote/packages/pip-report.ts", // pip's, whose failure is one of pip
    "src/remote/wire/answer.ts",
  ]);
});

test("no two files of src have a type of one name", () => {
  const places = new Map<string, Set<string>>();
  for (const source of files) {
    for (const node of nodesOf(source)) {
      if (
        (is.isInterfaceDeclaration(node) ||
          is.isTypeAliasDeclaration(node) ||
          is.isClassDeclaration(node) ||
          is.isEnumDeclaration(node)) &&
        node.name !== undefined
      ) {
        const name = node.name.text;
        places.set(name, (places.get(name) ?? new Set()).add(source.path));
      }
    }
  }
  const twice = [...places].filter(([, paths]) => paths.size > 1);
  expect(twice.map(([name, paths]) => `${name}: ${[...paths].join(", ")}`)).toEqual([]);
});

describe("functions", () => {
  test(`have ${mostFunctionLines} lines at most`, () => {
    const long = files.flatMap((source) =>
      nodesOf(source)
        .filter(
          (node) =>
            is.isFunctionDeclaration(node) ||
            is.isFunctionExpression(node) ||
            is.isArrowFunction(node) ||
            is.isMethodDeclaration(node) ||
            is.isConstructorDeclaration(node) ||
            is.isGetAccessorDeclaration(node),
        )
        .filter((node) => linesOf(source, node) > mostFunctionLines)
        .map((node) => `${placeOf(source, node)}: ${linesOf(source, node)} lines`),
    );
    expect(long).toEqual([]);
  });

  test(`a command's run has ${mostRunLines} at most`, () => {
    const long = files.flatMap((source) =>
      nodesOf(source)
        .filter(is.isCallExpression)
        .filter(({ expression }) => is.isIdentifier(expression) && expression.text === "command")
        .flatMap(({ arguments: [declaration] }) =>
          declaration !== undefined && is.isObjectLiteralExpression(declaration)
            ? [...declaration.properties]
            : [],
        )
        .filter((part) => is.isPropertyAssignment(part) || is.isMethodDeclaration(part))
        .filter(({ name }) => is.isIdentifier(name) && name.text === "run")
        .filter((run) => linesOf(source, run) > mostRunLines)
        .map((run) => `${placeOf(source, run)}: ${linesOf(source, run)} lines`),
    );
    expect(long).toEqual([]);
  });
});

test("no message holds a system's error code: messageOf has its words", () => {
  const bad = files.flatMap((source) =>
    nodesOf(source)
      .filter(is.isTemplateSpan)
      .filter(({ expression }) => /systemCodeOf|errno/.test(expression.getText(source.tree)))
      .map((node) => placeOf(source, node)),
  );
  expect(bad).toEqual([]);
});

describe("commands of ours in texts", () => {
  const literal = new RegExp(`\\bblender-remote-cli (?:${commandNames.join("|")})\\b`);

  test("are structured: no string outside text.ts names one", () => {
    const bad = files
      .filter(({ path }) => path !== "src/text.ts")
      .flatMap((source) =>
        stringsOf(source)
          .filter(({ text }) => literal.test(text))
          .map(({ node, text }) => `${placeOf(source, node)}: ${text}`),
      );
    expect(bad).toEqual([]);
  });

  test("are there", () => {
    const bad = files.flatMap((source) =>
      nodesOf(source)
        .filter(is.isCallExpression)
        .filter(({ expression }) => is.isIdentifier(expression) && expression.text === "ours")
        .flatMap(({ arguments: [name] }) =>
          name !== undefined && is.isStringLiteral(name) ? [name] : [],
        )
        .filter((name) => !commandNames.includes(name.text))
        .map((name) => `${placeOf(source, name)}: ${name.text}`),
    );
    expect(bad).toEqual([]);
  });

  test("have a test each of what their command line comes to", () => {
    const leaves = commandNames.filter(
      (name) => !commandNames.some((other) => other.startsWith(`${name} `)),
    );
    const paths = leaves.map((name) => `tests/unit/cmd/${name.replaceAll(" ", "/")}.test.ts`);
    expect(paths.filter((path) => !existsSync(join(home, path)))).toEqual([]);
  });
});

describe("arrows", () => {
  /** What each room may import of the others, besides its own files and those at the top of src. */
  const arrows: Record<string, readonly string[]> = {
    cmd: ["remote", "local", "wheels", "ui"],
    remote: ["wheels", "packages", "service"],
    local: ["wheels", "packages", "service"],
    wheels: [],
    packages: [],
    ui: [],
  };
  const silent = ["remote", "local", "wheels", "packages"];

  /** `src/cmd/pkg/push.ts` is in `cmd`; files at the top of src are in none. */
  function roomOf(path: string): string | undefined {
    return /^src\/([^/]+)\//.exec(path)?.[1];
  }

  function importsOf(source: Source): { node: is.Node; from: string }[] {
    return nodesOf(source).flatMap((node) => {
      let from: is.Node | undefined;
      if (is.isImportDeclaration(node) || is.isExportDeclaration(node)) from = node.moduleSpecifier;
      else if (is.isCallExpression(node) && node.expression.getText(source.tree) === "import") {
        from = node.arguments[0];
      }
      return from !== undefined && is.isStringLiteral(from) ? [{ node, from: from.text }] : [];
    });
  }

  test("point one way: cmd to remote, local, wheels and ui, those to wheels and packages", () => {
    const bad = files.flatMap((source) => {
      const room = roomOf(source.path);
      if (room === undefined) return [];
      return importsOf(source)
        .filter(({ from }) => from.startsWith("."))
        .filter(({ from }) => {
          const other = roomOf(relative(home, resolve(home, dirname(source.path), from)));
          return other !== undefined && other !== room && !arrows[room]?.includes(other);
        })
        .map(({ node, from }) => `${placeOf(source, node)}: ${from}`);
    });
    expect(bad).toEqual([]);
  });

  test("what remote, local, wheels and packages know neither of: arguments, output, our own end", () => {
    const inside = files.filter(({ path }) => silent.includes(roomOf(path) ?? ""));
    const libraries = inside.flatMap((source) =>
      importsOf(source)
        .filter(({ from }) => /^(citty|consola|cli-progress)(\/|$)/.test(from))
        .map(({ node, from }) => `${placeOf(source, node)}: ${from}`),
    );
    const ends = inside.flatMap((source) =>
      nodesOf(source)
        .filter(is.isPropertyAccessExpression)
        .filter((node) => /^process\.(exit|exitCode|argv)$/.test(node.getText(source.tree)))
        .map((node) => `${placeOf(source, node)}: ${node.getText(source.tree)}`),
    );
    expect([...libraries, ...ends]).toEqual([]);
  });
});
