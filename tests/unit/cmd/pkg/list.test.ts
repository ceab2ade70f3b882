import { expect, test } from "bun:test";
import { list, render } from "../../../../src/cmd/pkg/list.ts";
import type { Package } from "../../../../src/remote/packages/package.ts";
import { optionsOf, refusalOf, usualTarget } from "../parsing.ts";

function copy(name: string, changes: Partial<Package> = {}): Package {
  return {
    name,
    version: "1.0",
    location: "/site",
    source: "site",
    wins: true,
    loaded_version: null,
    restart: false,
    modified: 0,
    requires: [],
    optional: [],
    editable: false,
    ...changes,
  };
}

test("by name, copies in the order of the path, with what to know about each", () => {
  const packages = [
    copy("zlib-ng"),
    copy("numpy", { version: "2.1.0", location: "/first", source: "extension", restart: true }),
    copy("brone", { loaded_version: "1.0" }),
    copy("numpy", { version: "1.26.4", source: "bundled", wins: false, loaded_version: "1.26.4" }),
    copy("brtwo", { version: "2.0", loaded_version: "1.0", restart: true }),
  ];
  expect(render(packages)).toBe(`\
Package  Version  Source     Location
brone    1.0      site       /site
brtwo    2.0      site       /site (1.0 is loaded until Blender restarts)
numpy    2.1.0    extension  /first (another copy is loaded until Blender restarts)
numpy    1.26.4   bundled    /site (shadowed)
zlib-ng  1.0      site       /site
`);
});

test("nothing installed", () => {
  expect(render([])).toBe("Package  Version  Source  Location\n");
});

test("options", async () => {
  expect(await optionsOf(list, [])).toEqual({ target: usualTarget });
  const refusal = await refusalOf(list, ["numpy"]);
  expect(refusal).toMatchObject({ code: "surplus-argument", exitCode: 2 });
});
