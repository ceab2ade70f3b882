import { describe, expect, test } from "bun:test";
import {
  extensionTarget,
  grouped,
  groupTarget,
  newestPartly,
  officialPlatforms,
  officialTargets,
} from "../../../src/wheels/extension-targets.ts";
import type { WheelTarget } from "../../../src/wheels/target.ts";

const any = { macos: undefined, glibc: undefined };
const namesOf = (min: string, max?: string, platforms: readonly string[] = ["linux-x64"]) =>
  officialTargets(min, max, platforms, any).map(({ target }) => target.name);

describe("the Blenders of a manifest", () => {
  test.each<[string, string | undefined, string[]]>([
    ["4.2.0", "4.4.0", ["4.2", "4.3"]],
    ["4.2.3", "4.4.1", ["4.2", "4.3", "4.4"]],
    ["4.3", "4.4", ["4.3"]],
    ["5.1.0", undefined, ["5.1", "5.2"]],
    // None has extensions before 4.2.
    ["3.3.0", "4.3.0", ["4.2"]],
    ["9.0.0", undefined, []],
    ["4.4.0", "4.4.0", []],
  ])("from %s to %s", (min, max, expected) => {
    expect(namesOf(min, max)).toEqual(expected.map((one) => `blender-${one}-linux-x64`));
  });

  test("on the platforms that it names; one without an official Blender gives none", () => {
    expect(namesOf("4.2.0", "4.3.0", ["windows-x64", "linux-arm64"])).toEqual([
      "blender-4.2-windows-x64",
    ]);
    expect(namesOf("4.2.0", "4.3.0", officialPlatforms)).toHaveLength(4);
  });

  test("an older system lets fewer wheels in than a newer one", () => {
    const [old] = officialTargets("4.2.0", "4.3.0", ["macos-arm64"], any);
    const [newer] = officialTargets("4.2.0", "4.3.0", ["macos-arm64"], { ...any, macos: "12" });
    const tag = "cp311-cp311-macosx_12_0_arm64";
    expect([old, newer].map((one) => one?.target.tags.includes(tag))).toEqual([false, true]);
    // One that Blender doesn't run on changes nothing.
    const [same] = officialTargets("4.2.0", "4.3.0", ["macos-arm64"], { ...any, macos: "10.9" });
    expect(same?.target.tags).toEqual(old?.target.tags);
  });
});

test("what Blender can't tell apart is one group: by platform and Python, the oldest first", () => {
  const groups = grouped(officialTargets("4.2.0", undefined, ["linux-x64", "windows-x64"], any));
  expect(groups.map((group) => groupTarget(group, new Set()).name)).toEqual([
    "blender-4.2-windows-x64 to blender-5.0-windows-x64",
    "blender-4.2-linux-x64 to blender-5.0-linux-x64",
    "blender-5.1-windows-x64 to blender-5.2-windows-x64",
    "blender-5.1-linux-x64 to blender-5.2-linux-x64",
  ]);
});

describe("one target for a group", () => {
  const named = (name: string, python: string, tags: string[], bundled: Record<string, string>) => {
    const markers = { sys_platform: "linux", platform_machine: "x86_64" };
    const target: WheelTarget = { name, python, tags, bundled, markers };
    return extensionTarget(target);
  };
  const groups = grouped([
    named("newer", "3.11.10", ["b", "a"], { numpy: "1.26.4", attrs: "25.3.0", toml: "1.0" }),
    named("older", "3.11.9", ["c", "a", "b"], { numpy: "1.24.3", toml: "1.0" }),
  ]);
  const [group] = groups;
  if (group === undefined) throw new Error("there is one");

  test("has the oldest Python, the tags of all, and what all bring", () => {
    expect(groups).toHaveLength(1);
    expect(groupTarget(group, new Set())).toMatchObject({
      name: "newer to older",
      python: "3.11.9",
      tags: ["a", "b"],
      bundled: { numpy: "1.24.3 and 1.26.4", toml: "1.0" },
      bundledAs: new Map([
        ["numpy", ["1.24.3", "1.26.4"]],
        ["toml", ["1.0"]],
      ]),
    });
  });

  test("without what doesn't count", () => {
    expect(groupTarget(group, new Set(["numpy"])).bundled).toEqual({ toml: "1.0" });
  });

  test("of what only some bring, the newest is known", () => {
    expect(newestPartly(groups)).toEqual(new Map([["attrs", "25.3.0"]]));
  });
});

test("a version that isn't known lies between those before and after", () => {
  const [one] = officialTargets("4.5.0", "5.0.0", ["linux-x64"], any);
  expect(one?.uncertain).toContain("requests");
  expect(one?.bundled.get("requests")).toEqual(["2.27.1", "2.32.3"]);
});
