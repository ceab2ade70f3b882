import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import * as v from "valibot";
import table from "../../../src/wheels/blender-targets.json" with { type: "json" };
import {
  type BlenderTarget,
  targetNamed,
  targetNames,
} from "../../../src/wheels/blender-targets.ts";
import { markerHolds } from "../../../src/wheels/marker.ts";
import { cpythonTags, linuxPlatforms, macPlatforms } from "../../../src/wheels/tag-list.ts";
import { fitOf, targetTags } from "../../../src/wheels/tags.ts";
import { anyPython } from "../../support/systems.ts";
import { officialBlender } from "../../support/targets.ts";

type Mac = "x86_64" | "arm64";
type Machine =
  | { kind: "windows"; tag: string }
  | { kind: "linux"; minor: number }
  | { kind: "mac"; version: [number, number]; machine: Mac };

const macs = (machine: Mac, ...versions: [number, number][]): Machine[] =>
  versions.map((version) => ({ kind: "mac", version, machine }));
const machines: Machine[] = [
  { kind: "windows", tag: "win_amd64" },
  { kind: "windows", tag: "win_arm64" },
  ...[5, 12, 16, 17, 28, 43].map((minor) => ({ kind: "linux" as const, minor })),
  ...macs("x86_64", [10, 4], [10, 13], [10, 15], [11, 0], [11, 2], [13, 0], [26, 1]),
  ...macs("arm64", [11, 0], [11, 2], [13, 0], [26, 1]),
];
const pythons = [10, 11, 13];
const asked = machines.flatMap((machine) =>
  pythons.map((minor) => ({ ...machine, python: [3, minor] })),
);

function ourPlatforms(machine: Machine): string[] {
  if (machine.kind === "windows") return [machine.tag];
  if (machine.kind === "linux") return linuxPlatforms(machine.minor);
  return macPlatforms(machine.version, machine.machine);
}

/** The machines of the table, as packaging is asked about them. */
function machineOf({ blender, platform }: BlenderTarget): Machine {
  if (platform === "windows-x64") return { kind: "windows", tag: "win_amd64" };
  if (platform === "windows-arm64") return { kind: "windows", tag: "win_arm64" };
  const row = table.find((one) => one.blender === blender)?.platforms;
  const pair = (text = ""): [number, number] => {
    const [major = Number.NaN, minor = Number.NaN] = text.split(".").map(Number);
    return [major, minor];
  };
  if (platform === "linux-x64") return { kind: "linux", minor: pair(row?.[platform].glibc)[1] };
  const machine = platform === "macos-x64" ? "x86_64" : "arm64";
  return { kind: "mac", version: pair(row?.[platform]?.macos), machine };
}

const targets = targetNames().map(officialBlender);
const answerSchema = v.object({
  tags: v.array(v.array(v.string())),
  markers: v.array(v.string()),
});

async function askPackaging() {
  const questions = [
    ...asked,
    ...targets.map((target) => ({
      ...machineOf(target),
      python: target.python.split(".").slice(0, 2).map(Number),
    })),
  ];
  const child = Bun.spawn([await anyPython(), "-I", join(import.meta.dir, "packaging_tags.py")], {
    stdin: new Blob([JSON.stringify(questions)]),
    stdout: "pipe",
    stderr: "inherit",
  });
  const text = await child.stdout.text();
  if ((await child.exited) !== 0) throw new Error("packaging couldn't be asked");
  return v.parse(answerSchema, JSON.parse(text));
}

const packaging = await askPackaging();

describe("as packaging says", () => {
  test("the tags of a Python on a platform, in their order", () => {
    const ours = machines.flatMap((machine) =>
      pythons.map((minor) => cpythonTags(minor, ourPlatforms(machine))),
    );
    expect(ours).toEqual(packaging.tags.slice(0, asked.length));
  });

  test("the tags of every Blender", () => {
    expect(targets.map(({ tags }) => tags)).toEqual(packaging.tags.slice(asked.length));
  });

  test("the names of markers", () => {
    for (const { markers } of targets)
      expect(Object.keys(markers).sort()).toEqual(packaging.markers);
  });
});

test("every version from 3.3 to 5.2 is there, on the systems that it was released for", () => {
  const platforms = new Map(
    table.map(({ blender }) => [
      blender,
      targets.filter((one) => one.blender === blender).map(({ platform }) => platform),
    ]),
  );
  const always = ["windows-x64", "linux-x64", "macos-arm64"];
  const minors = ["3.3", "3.4", "3.5", "3.6", "4.0", "4.1", "4.2", "4.3", "4.4", "4.5"];
  expect([...platforms.keys()]).toEqual([...minors, "5.0", "5.1", "5.2"]);
  for (const [blender, there] of platforms) {
    const intel = minors.includes(blender) ? ["macos-x64"] : [];
    const arm = Number(blender) >= 4.4 ? ["windows-arm64"] : [];
    expect(there.map(String).sort()).toEqual([...always, ...intel, ...arm].sort());
  }
});

test("a name is found as it is listed, and no other", () => {
  for (const name of targetNames()) expect(officialBlender(name).name).toBe(name);
  expect(new Set(targetNames()).size).toBe(targetNames().length);
  for (const name of ["", "blender", "blender-4.2", "blender-5.0-macos-x64", "constructor"]) {
    expect(targetNamed(name)).toBeUndefined();
  }
});

test("a target says what its Python says of itself", () => {
  expect(officialBlender("blender-4.2-windows-x64")).toMatchObject({
    blender: "4.2",
    platform: "windows-x64",
    python: "3.11.7",
    isPythonAtLeast: false,
    isSystemAtLeast: false,
    markers: {
      os_name: "nt",
      sys_platform: "win32",
      platform_machine: "AMD64",
      platform_system: "Windows",
      platform_python_implementation: "CPython",
      implementation_name: "cpython",
      implementation_version: "3.11.7",
      python_version: "3.11",
      python_full_version: "3.11.7",
      platform_release: "",
      platform_version: "",
    },
    unversioned: [],
  });
  expect(officialBlender("blender-5.2-macos-arm64").markers).toMatchObject({
    os_name: "posix",
    sys_platform: "darwin",
    platform_machine: "arm64",
    platform_system: "Darwin",
    python_version: "3.13",
  });
  const { markers } = officialBlender("blender-3.6-linux-x64");
  expect(markerHolds('sys_platform == "linux" and python_version < "3.11"', markers)).toBe(true);
  expect(markerHolds('os_name == "nt" or platform_machine == "arm64"', markers)).toBe(false);
});

test.each([
  ["blender-3.3-linux-x64", "cp310-cp310-manylinux_2_28_x86_64", false],
  ["blender-3.3-linux-x64", "cp310-cp310-manylinux_2_17_x86_64", true],
  ["blender-4.2-linux-x64", "cp311-cp311-manylinux_2_28_x86_64", true],
  ["blender-4.2-macos-arm64", "cp311-cp311-macosx_12_0_arm64", false],
  ["blender-4.2-macos-arm64", "cp311-cp311-macosx_10_9_universal2", true],
  ["blender-4.5-macos-x64", "cp38-abi3-macosx_10_12_x86_64", true],
  ["blender-5.1-windows-arm64", "cp313-cp313-win_arm64", true],
  ["blender-5.1-windows-arm64", "cp313-cp313-win_amd64", false],
])("%s takes %s: %p", (name, tag, fits) => {
  const tags = targetTags(officialBlender(name).tags);
  if (tags === null) throw new Error("no tags");
  expect(fitOf([tag], tags).fits).toBe(fits);
});

describe("what a Blender brings", () => {
  test("differs by platform where its builds do", () => {
    expect(officialBlender("blender-3.4-windows-x64").bundled).toHaveProperty(
      "setuptools",
      "63.2.0",
    );
    expect(officialBlender("blender-3.4-windows-x64").unversioned).toEqual(["pip"]);
    const linux = officialBlender("blender-3.4-linux-x64");
    expect(Object.keys(linux.bundled)).toEqual([
      ...["certifi", "charset-normalizer", "cython", "idna", "numpy", "requests", "urllib3"],
      "zstandard",
    ]);
    expect(linux.unversioned).toEqual([]);
    expect(officialBlender("blender-4.2-windows-x64").bundled).toHaveProperty("meson", "0.63.0");
    expect(officialBlender("blender-4.2-linux-x64").bundled).not.toHaveProperty("meson");
  });

  test("is said without a version where none is known", () => {
    const { bundled, unversioned, isPythonAtLeast } = officialBlender("blender-4.5-linux-x64");
    expect(bundled["numpy"]).toBe("1.26.4");
    expect(unversioned).toContain("requests");
    expect(isPythonAtLeast).toBe(true);
    for (const target of targets) {
      expect(target.unversioned.filter((name) => name in target.bundled)).toEqual([]);
    }
  });

  test("leaves out, on Linux, only what the version has", () => {
    for (const { packages, unversioned = [], platforms, atLeast = [] } of table) {
      const there = [...Object.keys(packages), ...unversioned];
      const { without = [] }: { without?: string[] } = platforms["linux-x64"];
      expect(without.filter((name) => !there.includes(name))).toEqual([]);
      const cells = ["python", ...Object.keys(platforms)];
      expect(atLeast.filter((name) => !cells.includes(name))).toEqual([]);
    }
  });
});

test("a system newer than the oldest one takes more wheels, and is part of the name", () => {
  const tagsOf = (name: string) => targetNamed(name)?.tags ?? [];
  expect(targetNamed("blender-4.2-linux-x64@2.35")?.name).toBe("blender-4.2-linux-x64@2.35");
  expect(tagsOf("blender-4.2-linux-x64@2.35")).toContain("cp311-cp311-manylinux_2_35_x86_64");
  expect(tagsOf("blender-4.2-linux-x64")).not.toContain("cp311-cp311-manylinux_2_35_x86_64");
  expect(tagsOf("blender-5.1-macos-arm64@14")).toContain("cp313-cp313-macosx_14_0_arm64");
  for (const none of ["linux-x64@2.17", "macos-arm64@10.15", "windows-x64@10", "linux-x64@"])
    expect([none, targetNamed(`blender-4.2-${none}`)]).toEqual([none, undefined]);
});
