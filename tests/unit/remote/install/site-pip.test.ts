import { expect, test } from "bun:test";
import { haltingPip } from "../../../../src/remote/install/site-pip.ts";
import { installed } from "../packages/rows.ts";
import { running } from "../python/findings.ts";

test.each([
  ["nt", "23.2.1", "23.2.1"],
  ["nt", "24.0", undefined],
  ["nt", "26.3", undefined],
  ["nt", "nonsense", undefined],
  ["posix", "21.0", undefined],
])("on %s, pip %s", (system, version, halting) => {
  const { site } = running.facts;
  const [{ path: location = "" } = {}] = site.packages;
  const environment = { os_name: system };
  const pips = [
    installed("pip", "9.0", { location: "/else" }),
    installed("pip", version, { location }),
  ];
  expect(haltingPip({ site }, { packages: pips, environment })).toBe(halting);
  expect(haltingPip({ site }, { packages: pips.slice(0, 1), environment })).toBeUndefined();
});
