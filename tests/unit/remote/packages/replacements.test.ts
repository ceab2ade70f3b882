import { describe, expect, test } from "bun:test";
import { bundledReplacements, goneNow } from "../../../../src/remote/packages/replacements.ts";
import { rendered } from "../../../../src/text.ts";
import { quoted } from "../../../support/systems.ts";
import { installed, snapshotOf } from "./rows.ts";

test("what Blender shipped and isn't there any more, and what brings it back", () => {
  const shipped = ["numpy==1.26.4", "zstandard<0.24", "idna", "certifi==2024.1", "pip==23.2"];
  const gone = goneNow(snapshotOf([installed("certifi", "1.0", { wins: false })], { shipped }));
  expect(gone.map(({ message }) => message)).toEqual([
    "numpy, which Blender shipped (1.26.4), isn't there",
    "zstandard, which Blender shipped (<0.24), isn't there",
    "idna, which Blender shipped, isn't there",
    "pip, which Blender shipped (23.2), isn't there",
  ]);
  expect(gone.map(({ install }) => rendered(install))).toEqual([
    "blender-remote-cli pkg install numpy==1.26.4",
    `blender-remote-cli pkg install ${quoted("zstandard<0.24")}`,
    "blender-remote-cli pkg install idna",
    "blender-remote-cli pkg bootstrap",
  ]);
});

describe("bundledReplacements", () => {
  const shipped = ["numpy<2.0", "zstandard==0.23.0", "certifi==2024.1", "idna"];
  const before = snapshotOf(
    [
      installed("numpy", "2.4.6", { source: "bundled" }),
      installed("certifi", "2024.1", { source: "system", location: "/usr/lib" }),
      installed("mine", "1.0"),
    ],
    { shipped },
  );

  test("names what was shipped and whose it was", () => {
    const planned = [
      { name: "numpy", version: "2.1.0" },
      { name: "zstandard", version: "0.25.0" },
      { name: "certifi", version: "2025.1" },
      { name: "idna", version: "9" },
      { name: "mine", version: "2.0" },
      { name: "new", version: "1.0" },
    ];
    expect(bundledReplacements(before, planned)).toEqual([
      "numpy 2.1.0 takes the place of <2.0, which Blender itself uses: Blender's own modules may break",
      "zstandard 0.25.0 takes the place of 0.23.0, which Blender itself uses: Blender's own modules may break",
      "certifi 2025.1 takes the place of 2024.1, which the system brought: what depends on it may break",
    ]);
  });

  test("it is compared with what was shipped, not with what is there, however it's written", () => {
    const planned = [
      { name: "numpy", version: "1.26.4" },
      { name: "zstandard", version: "0.23" },
    ];
    expect(bundledReplacements(before, planned)).toEqual([]);
  });
});
