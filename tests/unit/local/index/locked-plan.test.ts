import { afterAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Failure } from "../../../../src/failure.ts";
import {
  isLockFile,
  type LockedPlanOptions,
  lockedPlan,
  readLock,
} from "../../../../src/local/index/locked-plan.ts";
import { askersOf } from "../../../../src/local/index/plan.ts";
import { rendered } from "../../../../src/text.ts";
import type { NamedRequirement } from "../../../../src/wheels/requirement.ts";
import type { WheelTarget } from "../../../../src/wheels/target.ts";
import { failureOf } from "../../../support/failure.ts";
import { requirement } from "../../../support/requirements.ts";
import { officialBlender } from "../../../support/targets.ts";
import { askPackaging } from "../../wheels/lock/packaging-select.ts";

const folder = await mkdtemp(join(tmpdir(), "blender-remote-locked-"));
afterAll(() => rm(folder, { recursive: true }));
const path = join(folder, "pylock.toml");

const linux: WheelTarget = {
  ...officialBlender("blender-4.2-linux-x64"),
  bundled: { numpy: "1.24.3", "zope-x": "1.0" },
};
const windows = { ...officialBlender("blender-4.2-windows-x64"), bundled: {} };
const mac = { ...officialBlender("blender-5.1-macos-arm64"), bundled: {} };
const hash = "0".repeat(64);
const usual: LockedPlanOptions = {
  ...{ extras: [], groups: [], replaced: [], includeBundled: false },
  requirements: [],
  constraints: [],
};

const wheel = (name: string) =>
  `{ name = "${name}", url = "https://h/${name}", size = 7, hashes = { sha256 = "${hash}" } }`;
const entry = (name: string, version: string, wheels = [`${name}-${version}-py3-none-any.whl`]) => `
[[packages]]
name = "${name}"
version = "${version}"
wheels = [${wheels.map(wheel).join(", ")}]
`;
const lock = (packages: string) => `lock-version = "1.0"\ncreated-by = "tests"\n${packages}`;

async function plan(text: string, target = linux, options: Partial<LockedPlanOptions> = {}) {
  await writeFile(path, text);
  return lockedPlan(await readLock(path), target, { ...usual, ...options });
}
async function files(text: string, target = linux, options: Partial<LockedPlanOptions> = {}) {
  const { packages } = await plan(text, target, options);
  return Object.fromEntries(packages.map(({ name, file }) => [name, file?.filename ?? null]));
}
async function refusal(text: string, target = linux, options: Partial<LockedPlanOptions> = {}) {
  const failure = await failureOf(plan(text, target, options));
  const says = `${failure.message}\n${rendered(failure.hint ?? "")}`.replaceAll(path, "LOCK");
  return [failure.code, says];
}
function asked(spec: string): NamedRequirement {
  return { ...requirement(spec), where: "pyproject.toml: project.dependencies[0]" };
}

test("the names of locks", () => {
  const names = ["pylock.toml", "a/uv.lock", "pylock.x.toml", "pyproject.toml", "requirements.txt"];
  expect(names.map(isLockFile)).toEqual([true, true, true, false, false]);
});

test("files as a plan has them: address, hash, size, and who asks for each", async () => {
  const text = lock(
    `${entry("a", "1.0")}dependencies = [{ name = "b" }]\nindex = "https://h/simple"
[[packages]]
name = "b"
version = "2.0"
wheels = [{ path = "../w 1/b-2.0-py3-none-any.whl", hashes = { sha512 = "00", md5 = "11" } }]
[[packages]]
name = "c"
archive = { url = "https://me:secret@h/x/c-3.0-py3-none-any.whl#frag", hashes = { sha256 = "${hash}" } }`,
  );
  const { target, packages } = await plan(text);
  expect(target.name).toBe("blender-4.2-linux-x64");
  const nothing = { requiresPython: null, yanked: null, metadata: null, uploaded: null };
  expect(packages.map(({ file }) => file)).toEqual([
    {
      ...{ filename: "a-1.0-py3-none-any.whl", url: "https://h/a-1.0-py3-none-any.whl" },
      ...{ hashes: { sha256: hash }, size: 7, from: "https://h/simple", ...nothing },
    },
    {
      filename: "b-2.0-py3-none-any.whl",
      url: pathToFileURL(join(folder, "../w 1/b-2.0-py3-none-any.whl")).href,
      ...{ hashes: { sha512: "00", md5: "11" }, size: null, from: path, ...nothing },
    },
    {
      ...{ filename: "c-3.0-py3-none-any.whl", url: "https://h/x/c-3.0-py3-none-any.whl" },
      ...{ hashes: { sha256: hash }, size: null, from: path, ...nothing },
    },
  ]);
  expect(packages.map(({ name, version }) => `${name} ${version}`)).toEqual([
    ...["a 1.0", "b 2.0", "c 3.0"],
  ]);
  expect(packages.map(askersOf)).toEqual([[path], ["a 1.0: b"], [path]]);
});

describe("the wheel", () => {
  const wheels = [
    "a-1.0-py3-none-any.whl",
    "a-1.0-2-py3-none-any.whl",
    "a-1.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
    "a-1.0-cp38-abi3-win_amd64.whl",
    "a-1.0-cp313-cp313-macosx_11_0_universal2.whl",
    "a-1.0-cp313-cp313-manylinux_2_34_x86_64.whl",
  ];

  test("is the one that packaging takes, whatever the order", async () => {
    const targets = [
      linux,
      windows,
      mac,
      officialBlender("blender-5.1-linux-x64"),
      officialBlender("blender-3.3-windows-x64"),
    ];
    const texts = [wheels, wheels.toReversed()].map((names) => lock(entry("a", "1.0", names)));
    const questions = texts.flatMap((text) =>
      targets.map((target) => ({ text, target, extras: [], groups: [] })),
    );
    const answers = await askPackaging(questions);
    for (const [at, { text, target }] of questions.entries()) {
      const ours = await files(text, { ...target, bundled: {} });
      // packaging passes over build numbers, and takes the first of equals.
      const plain = (name: unknown) => String(name).replace("-1.0-2-", "-1.0-");
      const answer = answers[at];
      if (answer === undefined || typeof answer === "string") throw new Error(answer);
      expect([at, plain(ours["a"])]).toEqual([at, plain(answer["a"])]);
    }
    expect(await files(lock(entry("a", "1.0", wheels)), windows)).toEqual({
      a: "a-1.0-cp38-abi3-win_amd64.whl",
    });
  }, 60_000);

  test("what has none is named, all at once, with what there is", async () => {
    const text = lock(
      `${entry("a", "1.0", wheels.slice(4))}${entry("b", "1.0")}
sdist = { url = "https://h/b-1.0.tar.gz", hashes = { sha256 = "00" } }
[[packages]]
name = "c"
version = "1.0"
sdist = { url = "https://h/c-1.0.tar.gz", hashes = { sha256 = "00" } }
[[packages]]
name = "d"
vcs = { type = "git", url = "https://h/d.git", commit-id = "1" }`,
    );
    const [code, says] = await refusal(text);
    expect(code).toBe("no-locked-wheel");
    expect(says).toContain(`LOCK lacks wheels for blender-4.2-linux-x64:
  a 1.0 has no wheel that fits: one is for CPython 3.13, this is CPython 3.11, and is for macOS`);
    expect(says).toContain(`
  c 1.0 is a source archive
  d is a source under version control (git: https://h/d.git)
only wheels can be taken`);
  });

  test.each([
    [
      "md5 alone",
      '"https://h/a-1.0-py3-none-any.whl", hashes = { md5 = "00" }',
      "no hash of a-1.0",
    ],
    [
      "no address",
      '"a-1.0-py3-none-any.whl", hashes = { sha256 = "00" }',
      "'a-1.0-py3-none-any.whl' isn't an address",
    ],
    [
      "ftp",
      '"ftp://h/a-1.0-py3-none-any.whl", hashes = { sha256 = "00" }',
      "isn't an address of a file",
    ],
  ])("%s is refused", async (_what, file, words) => {
    const text = lock(
      `[[packages]]\nname = "a"\nwheels = [{ name = "a-1.0-py3-none-any.whl", url = ${file} }]`,
    );
    expect(await refusal(text)).toEqual(["bad-lock", expect.stringContaining(words)]);
  });
});

describe("what Blender brings", () => {
  const same = lock(
    entry("numpy", "1.24.3") + entry("zope_x", "1.0.0", ["zope_x-1.0-py3-none-any.whl"]),
  );
  const other = lock(entry("numpy", "2.0.0") + entry("a", "1.0"));

  test("in the lock's version is left out, and needs no wheel that fits", async () => {
    expect(await files(same)).toEqual({ numpy: null, "zope-x": null });
    const { packages } = await plan(same);
    expect(packages.map(({ version }) => version)).toEqual(["1.24.3", "1.0"]);
    expect(await files(same, linux, { includeBundled: true })).toEqual({
      ...{ numpy: "numpy-1.24.3-py3-none-any.whl", "zope-x": "zope_x-1.0-py3-none-any.whl" },
    });
    const elsewhere = lock(entry("numpy", "1.24.3", ["numpy-1.24.3-cp313-cp313-win_amd64.whl"]));
    expect(await files(elsewhere)).toEqual({ numpy: null });
  });

  test("in another version is an error, or the lock's with --replace-bundled", async () => {
    expect(await refusal(other)).toEqual([
      "bundled-kept",
      `LOCK has other versions than blender-4.2-linux-x64 brings: numpy 2.0.0 (Blender: 1.24.3)
--replace-bundled takes those of the lock; or lock again with Blender's versions as constraints: numpy==1.24.3`,
    ]);
    const taken = { a: "a-1.0-py3-none-any.whl", numpy: "numpy-2.0.0-py3-none-any.whl" };
    expect(await files(other, linux, { replaced: "all" })).toEqual(taken);
    expect(await files(other, linux, { replaced: ["numpy"] })).toEqual(taken);
    expect(await files(other, windows)).toEqual(taken);
  });

  test("is what a lock of our own counts on", async () => {
    const kept = (version: string, marker = "python_version == '3.11'") =>
      `[tool.blender-remote-cli.targets.x]\nmarker = "${marker}"\nkept = { numpy = "${version}" }`;
    const text = lock(entry("a", "1.0"));
    const a = { a: "a-1.0-py3-none-any.whl" };
    expect(await files(`${text}${kept("1.24.3")}`)).toEqual({ ...a, numpy: null });
    expect(await files(`${text}${kept("2.0", "os_name == 'none'")}`)).toEqual(a);
    expect(await refusal(`${text}${kept("1.26.4")}`)).toEqual([
      "lock-of-others",
      expect.stringContaining(
        "counts on numpy 1.26.4 of Blender's, and blender-4.2-linux-x64 brings 1.24.3",
      ),
    ]);
    expect(await refusal(`${text}${kept("1.26.4")}`, windows)).toEqual([
      "lock-of-others",
      expect.stringContaining("blender-4.2-windows-x64 doesn't bring it"),
    ]);
    const both = `${lock(entry("numpy", "1.26.4"))}${kept("1.24.3")}`;
    expect(await files(both, windows)).toEqual({ numpy: "numpy-1.26.4-py3-none-any.whl" });
  });
});

describe("the project that a lock is for", () => {
  const text = lock(entry("a", "1.5") + entry("b", "1.0rc1"));
  const withNeeds = (...specs: string[]) => ({ requirements: specs.map(asked) });

  test("has nothing that the lock doesn't meet, with what Blender brings", async () => {
    const needs = withNeeds("a>=1.4,<2", "b", "numpy<2", "gone; sys_platform == 'win32'");
    expect(Object.keys(await files(text, linux, needs))).toEqual(["a", "b"]);
  });

  test("constraints count for what it has", async () => {
    const limits = { constraints: ["a>=1.4", "gone<1"].map(asked) };
    expect(Object.keys(await files(text, linux, limits))).toEqual(["a", "b"]);
    const [code] = await refusal(text, linux, { constraints: ["a<1.4", "gone<1"].map(asked) });
    expect(code).toBe("lock-outdated");
  });

  test.each([
    ["a<1.5", "LOCK has a 1.5, and pyproject.toml: project.dependencies[0] asks for a<1.5"],
    ["numpy>=2", "LOCK has numpy 1.24.3, and "],
    ["gone", "LOCK doesn't have gone, and "],
  ])("else it is outdated: %s", async (spec, words) => {
    const [code, says] = await refusal(text, linux, withNeeds(spec));
    expect([code, says]).toEqual(["lock-outdated", expect.stringContaining(words)]);
  });
});

test("names and passwords of addresses are told to nobody", async () => {
  const index = 'index = "https://me:secret@h/simple"\nwheels';
  const { packages } = await plan(lock(entry("a", "1")).replace("\nwheels", `\n${index}`));
  expect(packages).toMatchObject([{ file: { from: "https://…@h/simple" } }]);
  const source =
    '[[packages]]\nname = "a"\nvcs = { type = "git", url = "https://me:secret@h/a" }\n';
  const sourced = await failureOf(plan(lock(source)));
  expect(JSON.stringify([sourced.message, sourced.details])).not.toContain("secret");
  const other = lock(entry("a", "1")).replace("https://h", "ftp://me:secret@h");
  expect(await refusal(other)).toEqual([
    "bad-lock",
    expect.stringContaining("'ftp://…@h/a-1-py3-none-any.whl' isn't an address of a file"),
  ]);
});

test("Blender itself is no package for it", async () => {
  const [code, says] = await refusal(lock(entry("bpy", "4.2.0")));
  expect([code, says]).toEqual(["bad-lock", expect.stringContaining("which is Blender itself")]);
});

test("a lock that isn't there", async () => {
  const failure = await failureOf(readLock(join(folder, "none/uv.lock")));
  expect(failure).toBeInstanceOf(Failure);
  expect([failure.code, failure.message]).toEqual([
    "bad-lock",
    expect.stringContaining("it can't be read: no such file"),
  ]);
});
