import { describe, expect, test } from "bun:test";
import { Failure } from "../../../../src/failure.ts";
import { rendered } from "../../../../src/text.ts";
import type { LockChoice } from "../../../../src/wheels/lock/lock.ts";
import { isPylockName, readPylock } from "../../../../src/wheels/lock/pylock.ts";
import type { WheelTarget } from "../../../../src/wheels/target.ts";
import { officialBlender } from "../../../support/targets.ts";
import { askPackaging, type LockQuestion } from "./packaging-select.ts";

const linux = officialBlender("blender-4.2-linux-x64");
const windows = officialBlender("blender-4.2-windows-x64");
const newer = officialBlender("blender-5.1-linux-x64");
const none: LockChoice = { extras: [], groups: [] };
const hash = "0".repeat(64);

const wheel = (name: string, more = "") =>
  `{ name = "${name}", url = "https://h/${name}", hashes = { sha256 = "${hash}" }${more} }`;
const entry = (
  name: string,
  version: string,
  more = "",
  wheels = [`${name}-${version}-py3-none-any.whl`],
) => `
[[packages]]
name = "${name}"
version = "${version}"
wheels = [${wheels.map((one) => wheel(one)).join(", ")}]
${more}`;
const lock = (packages: string, head = "") =>
  `lock-version = "1.0"\ncreated-by = "tests"\n${head}\n${packages}`;

function taken(
  text: string,
  target: WheelTarget = linux,
  choice = none,
): Record<string, string | null> {
  const packages = readPylock(text, "pylock.toml").select(target, choice);
  return Object.fromEntries(packages.map(({ name, version }) => [name, version]));
}

function refusal(text: string, target: WheelTarget = linux, choice = none): [string, string] {
  try {
    taken(text, target, choice);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return [error.code, `${error.message}\n${rendered(error.hint ?? "")}`];
  }
  throw new Error("it was taken");
}

test("the names of locks", () => {
  const names = ["pylock.toml", "pylock.blender.toml", "pylock.a.b.toml", "Pylock.toml", "a.toml"];
  expect(names.filter(isPylockName)).toEqual(["pylock.toml", "pylock.blender.toml"]);
});

describe("what a target takes", () => {
  test("packages whose marker holds for it, with who needs them", () => {
    const text = lock(
      `${entry("a", "1.0", 'dependencies = [{ name = "B" }, { name = "none" }]')}
      ${entry("b", "2.0", `marker = "sys_platform == 'win32'"`)}
      ${entry("b", "1.0", `marker = "sys_platform != 'win32'"`)}`,
    );
    expect(taken(text)).toEqual({ a: "1.0", b: "1.0" });
    expect(taken(text, windows)).toEqual({ a: "1.0", b: "2.0" });
    const [, b] = readPylock(text, "pylock.toml").select(linux, none);
    expect(b).toMatchObject({ name: "b", requiredBy: ["a 1.0"], index: null });
  });

  test("extras and groups that are asked for, or the groups that count by default", () => {
    const text = lock(
      `${entry("a", "1.0", `marker = "'Fast' in extras"`)}
      ${entry("b", "1.0", `marker = "'dev' in dependency_groups and os_name == 'posix'"`)}
      ${entry("c", "1.0", `marker = "'main' not in dependency_groups or 'x' in extras"`)}
      ${entry("d", "1.0", `marker = "os_name != \\"'x' in extras\\""`)}`,
      `extras = ["fast", "x"]\ndependency-groups = ["dev", "main"]\ndefault-groups = ["main"]`,
    );
    expect(Object.keys(taken(text))).toEqual(["d"]);
    expect(Object.keys(taken(text, linux, { extras: ["FAST"], groups: [] }))).toEqual(["a", "d"]);
    const chosen = { extras: ["x"], groups: ["dev", "main"] };
    expect(Object.keys(taken(text, linux, chosen))).toEqual(["b", "c", "d"]);
    expect(Object.keys(taken(text, windows, { extras: [], groups: ["dev"] }))).toEqual(["c", "d"]);
    expect(refusal(text, linux, { extras: ["gpu"], groups: [] })).toEqual([
      "bad-lock",
      "pylock.toml: there is no extra 'gpu'\nit has fast, x",
    ]);
    expect(refusal(text, linux, { extras: [], groups: ["x"] })[1]).toContain(
      "no dependency group 'x'",
    );
  });

  test("a wheel that is named by its address; times, sizes and places of files", () => {
    const text = lock(`
[[packages]]
name = "Some_Thing"
archive = { url = "https://h/Some%5FThing-1.0-py3-none-any.whl#x", size = 5, hashes = { SHA256 = "${"AB".repeat(32)}" } }
[[packages]]
name = "b"
version = "1.0"
index = "https://h/simple/"
wheels = [{ path = "wheels/b-1.0-py3-none-any.whl", upload-time = 2025-01-02T03:04:05.678901Z, hashes = { sha256 = "${hash}" } }]
`);
    expect(readPylock(text, "pylock.toml").select(linux, none)).toMatchObject([
      {
        ...{ name: "b", version: "1.0", index: "https://h/simple/", source: null },
        wheels: [
          {
            filename: "b-1.0-py3-none-any.whl",
            place: { path: "wheels/b-1.0-py3-none-any.whl" },
            uploaded: "2025-01-02T03:04:05.678901Z",
          },
        ],
      },
      {
        ...{ name: "some-thing", version: null },
        wheels: [
          {
            filename: "Some_Thing-1.0-py3-none-any.whl",
            hashes: { sha256: "ab".repeat(32) },
            size: 5,
          },
        ],
      },
    ]);
  });

  test("what has no wheels has another source, said in words", () => {
    const text = lock(`
[[packages]]
name = "a"
vcs = { type = "git", url = "https://h/a", commit-id = "1" }
[[packages]]
name = "b"
directory = { path = "../b" }
[[packages]]
name = "c"
archive = { url = "https://h/c-1.zip", hashes = { sha256 = "${hash}" } }
[[packages]]
name = "d"
version = "1"
sdist = { url = "https://h/d-1.tar.gz", hashes = { sha256 = "${hash}" } }
`);
    const sources = readPylock(text, "pylock.toml").select(linux, none);
    expect(sources.map(({ source }) => source)).toEqual([
      "a source under version control (git: https://h/a)",
      "a folder (../b)",
      "an archive (c-1.zip)",
      "a source archive",
    ]);
  });
});

describe("a lock that isn't for a target", () => {
  test.each<[string, WheelTarget, string]>([
    [
      lock("packages = []", 'requires-python = ">=3.12"'),
      linux,
      "is for Python >=3.12, and blender-4.2-linux-x64 has 3.11.7",
    ],
    [
      lock("packages = []", `environments = ["sys_platform == 'win32'", "os_name == 'x'"]`),
      linux,
      "isn't for blender-4.2-linux-x64: it is for sys_platform == 'win32'; or os_name == 'x'",
    ],
    [
      lock(entry("a", "1", 'requires-python = "<3.12"')),
      newer,
      "packages[0]: a is for Python <3.12",
    ],
  ])("%#", (text, target, words) => {
    const [code, says] = refusal(text, target);
    expect([code, says]).toEqual(["lock-of-others", expect.stringContaining(words)]);
    expect(says).toContain("pkg download … --lock pylock.toml");
  });

  test("what another target's marker keeps out is no matter", () => {
    const text = lock(entry("a", "1", `requires-python = "<3.12"\nmarker = "os_name == 'nt'"`));
    expect(taken(text, newer)).toEqual({});
  });
});

describe("refused", () => {
  const a = (more: string) => lock(`[[packages]]\nname = "a"\nversion = "1.0"\n${more}`);
  const named = (name: string) => a(`wheels = [${wheel(name)}]`);
  test.each<[string, string, string]>([
    ["no TOML", "lock-version = ", "it can't be read: it isn't TOML: "],
    ["no lock", "a = 1", "it can't be read: at lock-version: "],
    [
      "of the future",
      lock("packages = []").replace("1.0", "2.0"),
      "its lock-version is 2.0, not 1",
    ],
    [
      "no hashes",
      a('wheels = [{ url = "https://h/a-1.0-py3-none-any.whl" }]'),
      "at packages.0.wheels.0.hashes: ",
    ],
    [
      "a size below 0",
      a(`wheels = [${wheel("a-1.0-py3-none-any.whl", ", size = -1")}]`),
      "at packages.0.wheels.0.size: ",
    ],
    [
      "neither url nor path",
      a('wheels = [{ name = "a-1.0-py3-none-any.whl", hashes = { sha256 = "0" } }]'),
      "packages[0]: a file has neither url nor path",
    ],
    [
      "a way out",
      named("../../a-1.0-py3-none-any.whl"),
      "'../../a-1.0-py3-none-any.whl' of a isn't a wheel's name",
    ],
    [
      "a way out in an address",
      a('wheels = [{ url = "https://h/..%2Fa-1.0-py3-none-any.whl", hashes = {} }]'),
      "'../a-1.0-py3-none-any.whl' of a isn't",
    ],
    ["a Windows way out", named("..\\\\a-1.0-py3-none-any.whl"), "isn't a wheel's name"],
    ["no file name", named("a-1.0.whl"), "'a-1.0.whl' of a isn't a wheel's name"],
    [
      "another package's wheel",
      named("b-1.0-py3-none-any.whl"),
      "b-1.0-py3-none-any.whl isn't a wheel of a 1.0",
    ],
    [
      "another version's wheel",
      named("a-1.1-py3-none-any.whl"),
      "a-1.1-py3-none-any.whl isn't a wheel of a 1.0",
    ],
    ["nothing", a(""), "packages[0]: a has neither wheels nor another source"],
    [
      "two sources",
      a('vcs = { type = "git" }\ndirectory = { path = "." }'),
      "a has several sources",
    ],
    [
      "a marker that can't be read",
      a(`marker = "os == 'nt'"\nwheels = [${wheel("a-1.0-py3-none-any.whl")}]`),
      "packages[0]: 'os == 'nt'' isn't a marker",
    ],
    [
      "twice",
      lock(entry("a", "1.0") + entry("A", "2.0", "", ["A-2.0-py3-none-any.whl"])),
      "for blender-4.2-linux-x64 it has a twice: 1.0 and 2.0",
    ],
    [
      "a Python that is none",
      lock("packages = []", 'requires-python = "new"'),
      "'new' is no version of",
    ],
    ["too deep", `a = ${"[".repeat(100_000)}`, "it is too deep"],
  ])("%s", (_what, text, words) => {
    const [code, says] = refusal(text);
    expect(says).toContain(words);
    expect(code).toBe("bad-lock");
  });

  test("a million quotation marks take no time", () => {
    const begun = performance.now();
    refusal(
      a(`marker = """${"' ".repeat(1_000_000)}"""\nwheels = [${wheel("a-1.0-py3-none-any.whl")}]`),
    );
    expect(performance.now() - begun).toBeLessThan(5000);
  });
});

test("packaging takes the same", async () => {
  const markers = [
    "sys_platform == 'win32'",
    "python_version < '3.12' and platform_machine == 'x86_64'",
    "python_full_version >= '3.12' or sys_platform == 'win32'",
    "'fast' in extras",
    "'fast' not in extras and sys_platform == 'linux'",
    "'dev' in dependency_groups or ('fast' in extras and python_version == '3.13')",
    "platform_system != 'Darwin'",
  ];
  const packages = markers.map((marker, at) =>
    entry(`p${at}`, "1.0", `marker = "${marker}"`, [
      `p${at}-1.0-1-py3-none-any.whl`,
      `p${at}-1.0-py3-none-any.whl`,
      `p${at}-1.0-cp311-abi3-win_amd64.whl`,
      `p${at}-1.0-cp313-cp313-manylinux_2_17_x86_64.manylinux2014_x86_64.whl`,
    ]),
  );
  const text = lock(
    packages.join("\n"),
    'extras = ["fast"]\ndependency-groups = ["dev", "main"]\ndefault-groups = ["main"]',
  );
  const choices: LockChoice[] = [
    none,
    { extras: ["fast"], groups: [] },
    { extras: [], groups: ["dev"] },
    { extras: ["fast"], groups: ["dev", "main"] },
  ];
  const questions = [linux, windows, newer, officialBlender("blender-5.1-macos-arm64")].flatMap(
    (target) => choices.map((choice): LockQuestion => ({ text, target, ...choice })),
  );
  const answers = await askPackaging(questions);
  for (const [at, { target, ...choice }] of questions.entries()) {
    const ours = readPylock(text, "pylock.toml").select(target, choice);
    expect([at, ours.map(({ name }) => name)]).toEqual([at, Object.keys(answers[at] ?? {})]);
  }
}, 60_000);
