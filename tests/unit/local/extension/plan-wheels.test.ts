import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { planWheels } from "../../../../src/local/extension/plan-wheels.ts";
import { IndexClient } from "../../../../src/local/index/client.ts";
import { credentials } from "../../../../src/local/index/credentials.ts";
import { type PlanRequest, planFor } from "../../../../src/local/index/plan.ts";
import { Projects } from "../../../../src/local/index/projects.ts";
import { MetadataStore } from "../../../../src/local/index/source.ts";
import { rendered } from "../../../../src/text.ts";
import { extensionTarget, groupTarget } from "../../../../src/wheels/extension-targets.ts";
import { cpythonTags } from "../../../../src/wheels/tag-list.ts";
import type { WheelTarget } from "../../../../src/wheels/target.ts";
import { failureOf } from "../../../support/failure.ts";
import { packageIndex, type ServedWheel } from "../../../support/package-index.ts";
import { planRequest } from "../../../support/requirements.ts";

let dir = "";
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "blender-remote-extension-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** A Blender: `4.2 3.11 linux`, with what it brings. */
function blender(words: string, bundled: Record<string, string> = {}): WheelTarget {
  const [version, python = "", system = ""] = words.split(" ");
  const platform = { linux: "manylinux_2_28_x86_64", win32: "win_amd64" }[system] ?? "";
  return {
    name: `blender-${version}-${system}`,
    python: `${python}.5`,
    tags: cpythonTags(Number(python.split(".")[1]), [platform]),
    markers: {
      sys_platform: system,
      platform_machine: "x86_64",
      python_version: python,
      python_full_version: `${python}.5`,
    },
    bundled,
  };
}

async function plan(
  wheels: readonly ServedWheel[],
  targets: readonly WheelTarget[],
  specs: readonly string[],
  more: Partial<PlanRequest> = {},
) {
  await using index = packageIndex(wheels);
  const client = new IndexClient({
    credentials: await credentials({ HOME: dir }),
    cache: null,
    offline: false,
    authorities: [],
    trusted: [],
    proxy: null,
    retries: 0,
    signal: new AbortController().signal,
  });
  const projects = new Projects(
    client,
    {
      indexes: [index.url],
      indexOf: new Map(),
      findLinks: [],
      strategy: "first-index",
    },
    true,
  );
  const store = new MetadataStore(client, dir);
  const found = await planWheels(
    targets.map(extensionTarget),
    planRequest(specs, more),
    async (group, released, wanted) =>
      (await planFor(groupTarget(group, released), wanted, projects, store)).packages,
  );
  return { files: found.files.map(({ filename }) => filename), warnings: found.warnings, found };
}

const python = (specifier: string) => ({ says: { "requires-python": specifier } });

describe("Blenders that take the same wheels", () => {
  const old = blender("4.2 3.11 linux", { numpy: "1.24.3" });
  const newer = blender("5.0 3.11 linux", { numpy: "1.26.4" });

  test("get versions that suit what each of them brings", async () => {
    const wheels = [
      { name: "sci", version: "1.0", requires: ["numpy<1.25"] },
      { name: "sci", version: "1.5", requires: ["numpy"] },
      { name: "sci", version: "1.8", requires: ["numpy<1.25"] },
      { name: "sci", version: "2.0", requires: ["numpy>=1.26"] },
    ];
    expect(await plan(wheels, [old, newer], ["sci"])).toMatchObject({
      files: ["sci-1.5-py3-none-any.whl"],
      warnings: [],
    });
    expect((await plan(wheels, [newer], ["sci"])).files).toEqual(["sci-2.0-py3-none-any.whl"]);
  });

  test("where none does, that is said with all versions", async () => {
    const wheels = [{ name: "sci", requires: ["numpy>=1.26"] }];
    const failure = await failureOf(plan(wheels, [old, newer], ["sci"]));
    expect(failure.message).toContain("Blender brings numpy 1.24.3 and 1.26.4");
    expect(rendered(failure.hint ?? "")).toContain("or leave out Blenders: blender_version_min");
  });
});

describe("one version of a package is for all", () => {
  const both = [blender("4.2 3.11 linux"), blender("5.1 3.13 linux")];

  test("also where a newer one would do for some", async () => {
    const wheels = [
      { name: "pure", version: "1.0" },
      { name: "pure", version: "2.0", ...python(">=3.13") },
    ];
    expect((await plan(wheels, both, ["pure"])).files).toEqual(["pure-1.0-py3-none-any.whl"]);
  });

  test("also where the first one must take an older one for the others", async () => {
    const wheels = [
      { name: "pure", version: "1.0" },
      { name: "pure", version: "2.0", ...python("<3.12") },
      { name: "pure", version: "0.5", requires: ["nobody"] },
    ];
    expect((await plan(wheels, both, ["pure"])).files).toEqual(["pure-1.0-py3-none-any.whl"]);
  });

  test("and what else was one version stays so", async () => {
    const tag = (minor: number) => `cp3${minor}-cp3${minor}-manylinux_2_28_x86_64`;
    const wheels = [
      { name: "pure", version: "1.0" },
      { name: "pure", version: "2.0", ...python("<3.12") },
      { name: "built", version: "1.0", tag: tag(11) },
      { name: "built", version: "1.0", tag: tag(13) },
      { name: "built", version: "2.0", tag: tag(13) },
    ];
    expect((await plan(wheels, both, ["pure", "built"])).files).toEqual([
      `built-1.0-${tag(11)}.whl`,
      `built-1.0-${tag(13)}.whl`,
      "pure-1.0-py3-none-any.whl",
    ]);
  });

  test("and none at all is an error, since Blender would mix them up", async () => {
    const wheels = [
      { name: "pure", version: "1.0", ...python(">=3.12") },
      { name: "pure", version: "2.0", ...python("<3.12") },
    ];
    const failure = await failureOf(plan(wheels, both, ["pure"]));
    expect([failure.code, failure.message]).toEqual([
      "wheels-clash",
      `no one version of pure suits all these Blenders, and Blender can't tell its wheels apart: it would unpack 2.0 in all of them
  2.0: blender-4.2-linux
  1.0: blender-5.1-linux`,
    ]);
  });

  test("but for wheels that Blender tells apart", async () => {
    const wheels = [
      { name: "built", version: "1.0", tag: "cp311-cp311-manylinux_2_28_x86_64" },
      { name: "built", version: "2.0", tag: "cp313-cp313-manylinux_2_28_x86_64" },
    ];
    expect((await plan(wheels, both, ["built"])).files).toEqual([
      "built-1.0-cp311-cp311-manylinux_2_28_x86_64.whl",
      "built-2.0-cp313-cp313-manylinux_2_28_x86_64.whl",
    ]);
  });

  test("and a wheel that Blender passes over for another one isn't there", async () => {
    const wheels = [
      { name: "mixed", tag: "cp311-cp311-manylinux_2_28_x86_64" },
      { name: "mixed", tag: "py3-none-any" },
    ];
    const { files, found } = await plan(wheels, both, ["mixed"]);
    expect(files).toEqual(["mixed-1.0-py3-none-any.whl"]);
    expect(found.groups.map(({ taken }) => taken.get("mixed"))).toEqual([files[0], files[0]]);
  });
});

test("a wheel whose name Blender doesn't understand is none", async () => {
  const wheels = [
    { name: "old", version: "1.0" },
    { name: "old", version: "2.0", tag: "py38-none-any" },
  ];
  const [target, specs] = [[blender("4.2 3.11 linux")], ["old"]];
  expect((await plan(wheels, target, specs)).files).toEqual(["old-1.0-py3-none-any.whl"]);
  const failure = await failureOf(plan(wheels.slice(1), target, specs));
  expect(failure.message).toContain("2.0 has a wheel that fits, whose name Blender doesn't");
});

describe("what only some Blenders bring", () => {
  const without = blender("4.2 3.11 linux");
  const brings = blender("5.0 3.11 linux", { attrs: "25.3" });
  const next = blender("5.1 3.13 linux", { attrs: "25.3" });
  const wheels = ["24.0", "25.3.0", "26.0"].map((version) => ({ name: "attrs", version }));

  test("comes in the version that the others have", async () => {
    for (const targets of [
      [without, brings],
      [without, next],
      [without, brings, next],
    ])
      expect(await plan(wheels, targets, ["attrs"])).toMatchObject({
        files: ["attrs-25.3.0-py3-none-any.whl"],
        warnings: [],
      });
    expect((await plan(wheels, [brings, next], ["attrs"])).files).toEqual([]);
  });

  test("in a newer one with a warning", async () => {
    expect(await plan(wheels, [without, brings], ["attrs>=26"])).toMatchObject({
      files: ["attrs-26.0-py3-none-any.whl"],
      warnings: ["attrs 26.0 takes the place of 25.3 in blender-5.0-linux"],
    });
  });

  test("in an older one never, unless it may be replaced", async () => {
    const failure = await failureOf(plan(wheels, [without, brings], ["attrs<25"]));
    expect([failure.code, failure.message]).toEqual([
      "hides-bundled",
      "attrs 24.0 comes for Blenders without it and would be unpacked in blender-5.0-linux as well, where it is older than what is there: attrs 25.3",
    ]);
    const replaced = await plan(wheels, [without, brings], ["attrs<25"], { replaced: "all" });
    expect(replaced).toMatchObject({ files: ["attrs-24.0-py3-none-any.whl"], warnings: [] });
  });

  test("counts with that version where it is hidden", async () => {
    const more = [
      ...wheels,
      { name: "app", version: "1.0", requires: ["attrs"] },
      { name: "app", version: "2.0", requires: ["attrs<26"] },
    ];
    const specs = ["app", 'attrs>=26; python_version < "3.12"'];
    expect(await plan(more, [without, next], specs)).toMatchObject({
      files: ["app-1.0-py3-none-any.whl", "attrs-26.0-py3-none-any.whl"],
      warnings: ["attrs 26.0 takes the place of 25.3 in blender-5.1-linux"],
    });
    const clash = [
      ...wheels,
      { name: "app", version: "1.0", requires: ['attrs<26; python_version >= "3.12"'] },
    ];
    expect((await failureOf(plan(clash, [without, next], specs))).code).toBe("hides-bundled");
  });
});

test("a platform without wheels is named, and those that have some", async () => {
  const wheels = [{ name: "built", tag: "cp311-cp311-win_amd64" }];
  const targets = [blender("4.2 3.11 linux"), blender("4.2 3.11 win32")];
  const failure = await failureOf(plan(wheels, targets, ["built"]));
  expect(failure.message).toStartWith("for blender-4.2-linux nothing meets built:");
  expect(rendered(failure.hint ?? "")).toContain('platforms = ["windows-x64"]');
});

test("a newer system is what a hint begins with, where nothing else is missing", async () => {
  const tag = (glibc: string) => `cp311-cp311-manylinux_${glibc}_x86_64`;
  const wheels = [
    { name: "built", version: "1.0", tag: tag("2_31") },
    { name: "built", version: "2.0", tag: tag("2_34") },
    { name: "built", version: "2.0", tag: "cp311-cp311-win_amd64" },
  ];
  const targets = [blender("4.2 3.11 linux"), blender("4.2 3.11 win32")];
  const failure = await failureOf(plan(wheels, targets, ["built"]));
  expect(failure.message).toContain("2.0 has no wheel that fits: one needs glibc 2.34");
  expect(rendered(failure.hint ?? "")).toBe(
    `--glibc 2.34 lets in such as need that version of it, which Blender doesn't check; for windows-x64 there are wheels: platforms = ["windows-x64"]`,
  );
});

test("what isn't needed on a platform isn't wanted there", async () => {
  const wheels = [
    { name: "app", requires: ['win; sys_platform == "win32"'] },
    { name: "win", tag: "cp311-cp311-win_amd64" },
  ];
  const { files, found } = await plan(
    wheels,
    [blender("4.2 3.11 linux"), blender("4.2 3.11 win32")],
    ["app"],
  );
  expect(files).toEqual(["app-1.0-py3-none-any.whl", "win-1.0-cp311-cp311-win_amd64.whl"]);
  expect(found.groups.map(({ taken }) => [...taken.keys()])).toEqual([["app", "win"], ["app"]]);
});
