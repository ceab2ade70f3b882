import { expect, test } from "bun:test";
import { neededFor } from "../../../../src/remote/packages/needed.ts";
import { requirement } from "../../../support/requirements.ts";
import { installed, snapshotOf } from "./rows.ts";

const there = snapshotOf([
  installed("app", "2.0", {
    requires: ["lib>=1", 'windows; sys_platform == "win32"'],
    optional: ['more; extra == "x"', 'other; extra == "y"'],
  }),
  installed("lib", "1.0", { requires: ["app"] }),
  installed("more", "1.0", { requires: ["nowhere"] }),
  installed("app", "9.0", { location: "/behind" }),
  installed("debian", "not-a-version"),
]);

test.each<[string[], boolean, string[], boolean]>([
  [["app"], true, ["app", "lib"], true],
  [["app>2"], true, ["app", "lib"], false],
  [["app[x]"], true, ["app", "lib", "more", "nowhere"], false],
  [["app[y]"], true, ["app", "lib", "other"], false],
  [["app[x,y]"], false, ["app"], true],
  [["debian>1"], true, ["debian"], true],
  [[], true, [], true],
])("%j with what it needs (%p)", (specs, deps, names, isMet) => {
  const needed = neededFor(specs.map(requirement), there, deps);
  expect([[...needed.names].sort(), needed.isMet]).toEqual([names, isMet]);
});
