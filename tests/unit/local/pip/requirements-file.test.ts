import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import * as v from "valibot";
import { Failure } from "../../../../src/failure.ts";
import { readRequirements } from "../../../../src/local/pip/requirements-file.ts";
import pipWheel from "../../../../src/remote/bootstrap/pip_wheel/pip.whl" with { type: "file" };
import { rendered } from "../../../../src/text.ts";
import { parseRequirement } from "../../../../src/wheels/requirement.ts";
import { failureOf } from "../../../support/failure.ts";
import { anyPython } from "../../../support/systems.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "blender-remote-requirements-"));
});
afterAll(() => rm(folder, { recursive: true }));

type Content = string | Uint8Array;

/** Writes files into a folder of their own; the path of `main.txt` among them. */
async function written(name: string, files: Record<string, Content>): Promise<string> {
  for (const [file, content] of Object.entries(files)) {
    const path = join(folder, name, file);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  }
  return join(folder, name, "main.txt");
}

function utf16(text: string, bigEndian = false): Uint8Array {
  const bytes = Buffer.from(`\ufeff${text}`, "utf16le");
  return bigEndian ? bytes.swap16() : bytes;
}

function utf32(text: string): Uint8Array {
  const units = Uint32Array.from(`\ufeff${text}`, (letter) => letter.codePointAt(0) ?? 0);
  return new Uint8Array(units.buffer);
}

const hash = (letter: string) => `--hash=sha256:${letter.repeat(64)}`;

const variable = (name: string) => `\${BRC_TEST_${name}}`;

/** What pip is asked about, by what it is about; a text alone is `main.txt`. */
const cases: Record<string, Content | Record<string, Content>> = {
  "comments and blank lines": "# farm\n\nnumpy==1.26.4  # as Blender's\n\t# x\na#b==1\n",
  "line ends of every kind": "a==1\r\nb==2\rc==3\vd==4\fe==5\u2028f==6\x85g==7",
  "continued lines": "numpy \\\n  == \\\n 1.26.4\nscipy\n",
  "a continued line at the end": "numpy==1 \\\n",
  "a comment within a continued line": `numpy==1 \\\n  # why\n  ${hash("a")}\nscipy\n`,
  "a comment that ends in a backslash": "# this one \\\nnumpy\n",
  "two backslashes, and one with a blank behind it": "a \\\\\n==1\n",
  hashes: `a==1 \\\n    ${hash("a")} \\\n    ${hash("b")}\nb==2 ${hash("c")} --hash=sha512:00\n`,
  "a hash of an algorithm that isn't strong": "a==1 --hash=md5:00\n",
  "a hash alone": `${hash("a")}\n`,
  markers: `a; python_version < "3.8" and sys_platform == 'win32'\nb[x,y]>=1 ; os_name!="nt" ${hash("a")}\n`,
  "a marker that isn't one": "a; x\n",
  "versions in parentheses, and a last comma": "a (>=1,<2)\nb>=1,\n",
  "arbitrary equality": "a===1.0\nb === 1.0-RC1\nc===2021a,!=2\n",
  "extras in every way": "a[x]\nb [x, y]==1\nc[]\n",
  "what isn't a requirement": "a==\n",
  "options of the index":
    "-i https://h/simple\n--extra-index-url=https://g/simple --trusted-host g\n--pypi-url https://x/s\n-f https://l/\n--no-index\n",
  "options of choice":
    "--pre\n--prefer-binary\n--require-hashes\n--use-feature fast-deps\n--only-binary :all:\n--no-binary=a,b\n",
  "options by their beginnings, and by letters":
    "--extra https://g/s\n-ihttps://h/s\n--trusted h\n",
  "an ambiguous beginning": "--no https://g/s\n",
  "an unknown option": "--upgrade\n",
  "an option without its value": "--index-url\n",
  "a flag with a value": "--pre=yes\n",
  "quotes and backslashes": '-f \'https://h/a b\' --trusted-host "a\\"b" --trusted-host c\\ d\n',
  "a quote that isn't closed": "-f 'https://h\n",
  "words between options": "--pre surplus --prefer-binary\n",
  "an option behind a requirement": "a==1 --pre\n",
  editable: "-e .\n--editable=git+https://h/a#egg=a\n",
  variables: `a==${variable("VERSION")}\nb==1${variable("EMPTY")}\n-i https://${variable("USER")}:x@h/$HOME\n`,
  "files within files": {
    "main.txt": "a\n-r sub/base.txt\n-c limits.txt\n--requirement=sub/base.txt\n",
    "sub/base.txt": "b\n-r ../other.txt\n",
    "other.txt": "c==1\n",
    "limits.txt": "d<2\n-r sub/more.txt\n",
    "sub/more.txt": "e\n",
  },
  "two files in a line": { "main.txt": "-c b.txt -r a.txt\n", "a.txt": "a\n", "b.txt": "b\n" },
  "files that name each other": { "main.txt": "a\n-r b.txt\n", "b.txt": "-r main.txt\n" },
  "a file that isn't there": "-r none.txt\n",
  "UTF-8 with a mark": "\ufeffnumpy==1.26.4\n",
  "UTF-8 in comments": "# Jürgen 車輪\nnumpy\n",
  "UTF-16 as PowerShell writes it": utf16("numpy==1.26.4\r\n# für alle\r\nscipy\r\n"),
  "UTF-16, big endian": utf16("numpy\n", true),
  "UTF-32": utf32("numpy\n# 車輪\nscipy\n"),
  "an encoding that is declared": Buffer.from(
    "# -*- coding: latin-1 -*-\n# J\xfcrgen\na\n",
    "latin1",
  ),
  "declared in the second line": Buffer.from("#\n# vim: coding=cp1252\n# J\xfcrgen\na\n", "latin1"),
  "declared too late": Buffer.from("#\n#\n# coding: latin-1\na\n", "latin1"),
  "an encoding that nobody knows": "# coding: klingon\na\n",
  "bytes that aren't what is declared": Buffer.from("# coding: utf-8\n# J\xfcrgen\na\n", "latin1"),
};

const environment = { BRC_TEST_VERSION: "3.1", BRC_TEST_EMPTY: "", BRC_TEST_USER: "me" };

const lineSchema = v.object({
  spec: v.string(),
  options: v.array(v.tuple([v.string(), v.nullable(v.string())])),
  where: v.string(),
  isConstraint: v.boolean(),
});
type PipLine = v.InferOutput<typeof lineSchema>;

async function pipReads(paths: readonly string[]): Promise<(PipLine[] | null)[]> {
  const script = join(import.meta.dir, "pip_requirements.py");
  const child = Bun.spawn([await anyPython(), "-I", script, pipWheel, ...paths], {
    stdout: "pipe",
    stderr: "inherit",
    env: { ...process.env, ...environment },
  });
  const said = await child.stdout.text();
  if ((await child.exited) !== 0) throw new Error("pip couldn't be asked");
  return v.parse(v.array(v.nullable(v.array(lineSchema))), JSON.parse(said));
}

/** pip's common objects take these; see `pip_requirements.py`. */
const unseen = new Set(["--no-binary", "--only-binary", "--use-feature"]);

const inWords = (lines: readonly PipLine[]) =>
  lines.map(({ spec, options, where, isConstraint }) => {
    const words = options.map(([name, value]) => (value === null ? name : `${name} ${value}`));
    return [where, isConstraint ? "-c" : "-r", spec.trim(), ...words.sort()].join(" | ");
  });

/** The same of what is read here. */
async function oursOf(path: string): Promise<string[] | string> {
  try {
    const { requirements, options } = await readRequirements([path]);
    if (requirements.some(({ spec }) => !parseRequirement(spec).ok)) return "refused";
    const places = [...new Set(options.map(({ where }) => where))];
    const lines = [
      ...requirements,
      ...places.map((where) => ({
        ...{ spec: "", where, isConstraint: false },
        options: options.filter((one) => one.where === where),
      })),
    ];
    return inWords(
      lines.map((line) => ({
        ...line,
        where: basename(line.where),
        options: line.options.flatMap(({ name, value }): [string, string | null][] =>
          unseen.has(name) ? [] : [[name, value]],
        ),
      })),
    ).sort();
  } catch (error) {
    if (error instanceof Failure) return "refused";
    throw error;
  }
}

test("files of every kind are read as pip reads them", async () => {
  const paths = await Promise.all(
    Object.entries(cases).map(([name, content]) =>
      written(
        name,
        typeof content === "string" || content instanceof Uint8Array
          ? { "main.txt": content }
          : content,
      ),
    ),
  );
  const answers = await pipReads(paths);
  Object.assign(process.env, environment);
  const names = paths.map((path) => basename(dirname(path)));
  const theirs = answers.map((lines) => (lines === null ? "refused" : inWords(lines).sort()));
  const ours = await Promise.all(paths.map(oursOf));
  const byName = (found: readonly unknown[]) =>
    Object.fromEntries(names.map((name, index) => [name, found[index]]));
  expect(byName(ours)).toEqual(byName(theirs));
});

test.each<[string, Content | Record<string, Content>, RegExp, RegExp]>([
  [
    "a line",
    "a\n\n--no-such\n",
    /main\.txt:3: pip takes no --no-such in such a file$/,
    /mend that line/,
  ],
  [
    "an encoding",
    Buffer.from("# J\xfc\n", "latin1"),
    /main\.txt': it isn't UTF-8 and declares no enc/,
    /save it as UTF-8/,
  ],
  [
    "another file",
    { "main.txt": "\n-r sub/none.txt\n" },
    /main\.txt:2: can't read '.*sub[\\/]none\.txt': no such file/,
    /-r FILE/,
  ],
  [
    "a circle",
    { "main.txt": "-c b.txt\n", "b.txt": "\n-r main.txt\n" },
    /b\.txt:2: '.*main\.txt' is being read already/,
    /leave out/,
  ],
  [
    "a few files that come to many",
    {
      "main.txt": "-r a.txt\n".repeat(40),
      "a.txt": "-r b.txt\n".repeat(40),
      "b.txt": "c\n",
    },
    /a\.txt:\d+: can't read '.*b\.txt': more than 1000 files are to be read$/,
    /-r FILE/,
  ],
  [
    "a file that is too large",
    "a\n".repeat(5_000_001),
    /can't read '.*main\.txt': it has more than 10\.0 MB$/,
    /-r FILE/,
  ],
  [
    "files that are too large together",
    { "main.txt": "-r a.txt\n-r a.txt\n", "a.txt": "#".repeat(6_000_000) },
    /main\.txt:2: can't read '.*a\.txt': all files have more than 10\.0 MB$/,
    /-r FILE/,
  ],
  [
    "another machine",
    "-c https://h/c.txt\n",
    /main\.txt:1: 'https:\/\/h\/c\.txt' is on another machine/,
    /curl -LO https/,
  ],
])("what can't be read is told with its line: %s", async (what, content, says, hint) => {
  const files =
    typeof content === "string" || content instanceof Uint8Array
      ? { "main.txt": content }
      : content;
  const failure = await failureOf(readRequirements([await written(`refused ${what}`, files)]));
  expect(failure.kind).toBe("usage");
  expect(failure.message).toMatch(says);
  expect(rendered(failure.hint ?? "")).toMatch(hint);
});

test("no line is so long that it takes long", async () => {
  const long = (letter: string) => letter.repeat(1_000_000);
  const lines = [`a${long(" ")}b`, `a${long("\\")}b\\`, `a ${long(" #")}`, `a \\\n${long("\\\n")}`];
  const path = await written("long lines", { "main.txt": lines.join("\n") });
  const { requirements } = await readRequirements([path]);
  expect(requirements.map(({ where }) => basename(where))).toEqual([
    "main.txt:1",
    "main.txt:2",
    "main.txt:4",
  ]);
}, 2000);
