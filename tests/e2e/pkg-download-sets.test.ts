// What is chosen for many sets of requirements and targets, beside what uv chooses of the same.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { run } from "../../scripts/process.ts";
import { toolsPython } from "../../scripts/python.ts";
import { uvProgram } from "../../scripts/uv.ts";
import { normalizedName } from "../../src/wheels/filename.ts";
import { moment, requirementSets } from "../support/requirement-sets.ts";
import { type Sandbox, sandbox } from "../support/sandbox.ts";
import { oneIndex, uvTarget } from "../support/uv.ts";

/** Blenders with Python 3.10, 3.11 and 3.13; on the system that uv takes each for. */
const targets = {
  "blender-3.6-windows-x64": ["windows-x64", "3.10.12"],
  "blender-3.6-linux-x64": ["linux-x64", "3.10.12"],
  "blender-4.2-windows-x64": ["windows-x64", "3.11.7"],
  "blender-4.2-linux-x64": ["linux-x64", "3.11.7"],
  "blender-4.2-macos-x64@13": ["macos-x64", "3.11.7"],
  "blender-5.1-windows-x64": ["windows-x64", "3.13.9"],
  "blender-5.1-linux-x64": ["linux-x64", "3.13.9"],
  "blender-5.1-macos-arm64@13": ["macos-arm64", "3.13.9"],
} as const;
type TargetName = keyof typeof targets;
const names = Object.keys(targets) as TargetName[];

/** `name==version` of each package, sorted; null where there is no answer. */
type Answer = string[] | null;

/** Where the two differ, and why that is right. What is listed here and isn't so any more fails as well. */
const meant: Readonly<Record<string, { on: readonly TargetName[]; why: string }>> = {
  onnxruntime: {
    on: ["blender-4.2-macos-x64@13"],
    why: "uv takes a pre-release of numba, whose finals don't go with the numpy that it chose before; to pip and PEP 440 pre-releases don't count where there are finals",
  },
  Conductor: {
    on: ["blender-5.1-windows-x64", "blender-5.1-linux-x64", "blender-5.1-macos-arm64@13"],
    why: "PySide6 6.7.0 needs a Python before 3.13, which pip heeds; uv passes over upper bounds",
  },
};

const Plans = v.object({
  targets: v.array(
    v.object({
      packages: v.array(v.object({ name: v.string(), version: v.string() })),
    }),
  ),
});

const Refusal = v.object({
  error: v.object({
    code: v.pipe(v.string(), v.regex(/^no-(solution|such-package)$/)),
    details: v.object({ target: v.picklist(names) }),
  }),
});

let box: Sandbox;
let env: Record<string, string | undefined>;
const answers = new Map<string, { ours: Answer; uvs: Answer }>();

async function ours(set: readonly string[], on: readonly TargetName[]): Promise<Answer[]> {
  const whom = on.flatMap((name) => ["--for", name]);
  const flags = ["--replace-bundled", "--dry-run", "--json", "--exclude-newer", moment];
  const { code, stdout } = await box.cli(["pkg", "download", ...set, ...whom, ...flags], { env });
  if (code === 0) {
    return v
      .parse(Plans, JSON.parse(stdout))
      .targets.map(({ packages }) => packages.map((one) => `${one.name}==${one.version}`).sort());
  }
  // One target that can't be served is enough for none to be; the others are asked for without it.
  const { error } = v.parse(Refusal, JSON.parse(stdout));
  const rest = on.filter((name) => name !== error.details.target);
  const others = rest.length === 0 ? [] : await ours(set, rest);
  return others.toSpliced(on.indexOf(error.details.target), 0, null);
}

async function uvs(file: string, target: TargetName): Promise<Answer> {
  const [platform, python] = targets[target];
  const compile = ["pip", "compile", file, "--quiet", "--no-header", "--no-annotate"];
  const flags = ["--exclude-newer", moment, "--python", await toolsPython()];
  const command = [await uvProgram(), ...compile, ...uvTarget(platform, python), ...flags];
  const { code, stdout, stderr } = await run(command, {
    cwd: box.dir,
    env: { ...box.env, ...env },
  });
  if (code !== 0) {
    expect(stderr).toContain("No solution found");
    return null;
  }
  const lines = stdout
    .split("\n")
    .flatMap((line) => /^([\w.-]+)(?:\[.*\])?==(\S+)/.exec(line) ?? []);
  const found: string[] = [];
  for (let at = 0; at < lines.length; at += 3)
    found.push(`${normalizedName(lines[at + 1] ?? "")}==${lines[at + 2]}`);
  return found.sort();
}

async function compare(name: string, set: readonly string[]): Promise<void> {
  const file = `${name.replaceAll(" ", "-")}.in`;
  await writeFile(join(box.dir, file), `${set.join("\n")}\n`);
  const mine = await ours(set, names);
  for (const [index, target] of names.entries()) {
    answers.set(`${name} for ${target}`, {
      ours: mine[index] ?? null,
      uvs: await uvs(file, target),
    });
  }
}

beforeAll(async () => {
  box = await sandbox();
  env = await oneIndex(join(box.dir, "uv"));
  const left = Object.entries(requirementSets);
  // Two at once: it is the index that is waited for.
  const worker = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) await compare(...next);
  };
  await Promise.all([worker(), worker()]);
}, 1_200_000);
afterAll(async () => {
  await box[Symbol.asyncDispose]();
});

const only = (list: Answer, other: Answer) =>
  list === null ? "no answer" : list.filter((one) => other === null || !other.includes(one));

describe("the versions of uv", () => {
  test.each(Object.keys(requirementSets))("%s", (name) => {
    const different = names.flatMap((target) => {
      const { ours: mine, uvs: theirs } = answers.get(`${name} for ${target}`) ?? {};
      if (JSON.stringify(mine) === JSON.stringify(theirs)) return [];
      return [
        {
          target,
          ours: only(mine ?? null, theirs ?? null),
          uvs: only(theirs ?? null, mine ?? null),
        },
      ];
    });
    const expected = meant[name]?.on ?? [];
    expect(different.filter(({ target }) => !expected.includes(target))).toEqual([]);
    expect(expected.filter((one) => different.every(({ target }) => target !== one))).toEqual([]);
  });

  test("of what was compared most had an answer", () => {
    const all = [...answers.values()];
    expect(all.length).toBe(names.length * Object.keys(requirementSets).length);
    expect(all.filter(({ ours: mine }) => mine !== null).length).toBeGreaterThan(0.8 * all.length);
  });
});
