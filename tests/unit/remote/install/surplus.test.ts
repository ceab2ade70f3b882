import { describe, expect, test } from "bun:test";
import type { PreparedInstall } from "../../../../src/remote/install/prepare.ts";
import { surplusOf } from "../../../../src/remote/install/surplus.ts";
import { installed, snapshotOf } from "../packages/rows.ts";
import { blenderPython, request } from "./requests.ts";

const copies = [
  installed("app", "1.0", { requires: ["lib"] }),
  installed("lib", "1.0"),
  installed("old", "1.0"),
  installed("needy", "1.0", { location: "/addon", source: "add-on", requires: ["old"] }),
  installed("pip", "25.0"),
  installed("setuptools", "65.0"),
  installed("numpy", "2.0"),
  installed("requests", "2.0", { source: "bundled" }),
  installed("apt", "2.0", { source: "system" }),
  installed("old", "1.0", { location: "/modules", source: "user-modules" }),
  installed("mine", "1.0", { location: "/modules", source: "user-modules" }),
];

function prepared(specs: string[], target: "site" | "user-modules"): PreparedInstall {
  const made = request(specs, { target });
  return {
    request: made,
    asked: made.requirements,
    python: blenderPython(null),
    folder: target === "site" ? undefined : "/modules",
    wheelhouse: undefined,
    sent: [],
    before: snapshotOf(copies, { shipped: ["numpy==1.26.4"] }),
    pins: [],
    found: [],
  };
}

const names = (some: readonly { name: string }[]) => some.map(({ name }) => name);

describe("what nobody asks for", () => {
  test("is what the user has put into that place, but for pip and what comes with it", () => {
    const found = surplusOf(prepared(["app"], "site"), [], null);
    expect(names(found.packages)).toEqual(["old"]);
    expect(found.missed).toEqual([]);
  });

  test("what has taken the place of Blender's own stays", () => {
    expect(names(surplusOf(prepared(["app"], "site"), [], null).kept)).toEqual(["numpy"]);
  });

  test("in the user modules, what site-packages has besides is no matter", () => {
    const found = surplusOf(prepared(["app"], "user-modules"), [], null);
    expect(found.packages.map(({ name, location }) => `${name} ${location}`)).toEqual([
      "mine /modules",
      "old /modules",
    ]);
  });

  test("what comes may need it, or need it no more", () => {
    const from = { url: "", file: "", requested: true };
    const coming = { ...from, name: "app", version: "2.0", requires: ["old; extra == 'x'"] };
    const of = (spec: string) =>
      names(surplusOf(prepared([spec], "site"), [coming], null).packages);
    expect(of("app")).toEqual(["lib", "old"]);
    expect(of("app[x]")).toEqual(["lib"]);
  });

  test("what was chosen elsewhere says what is needed", () => {
    const found = surplusOf(prepared(["app"], "site"), [], new Set(["app"]));
    expect(names(found.packages)).toEqual(["lib", "old"]);
    expect(found.missed).toEqual(["app 1.0 needs lib, which isn't there"]);
  });
});
