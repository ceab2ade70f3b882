import { describe, expect, test } from "bun:test";
import { environmentOf } from "../../../../src/remote/python/environment.ts";
import type { Environment } from "../../../../src/remote/python/environment-schema.ts";
import { problemsOf } from "../../../../src/remote/python/problems.ts";
import type { JsonValue } from "../../../../src/script.ts";
import { rendered } from "../../../../src/text.ts";
import { answeringBlenders } from "../answering.ts";
import { findings, modules, running } from "./findings.ts";

const blenderThatAnswers = answeringBlenders();

async function environmentWith(findings: JsonValue): Promise<Environment> {
  const none = { packages: [], broken: [], rest: [], context: null };
  const { session } = await blenderThatAnswers([{ ...running, done: true, findings }, none]);
  return await environmentOf(session, { networkProbe: true });
}

describe("problemsOf", () => {
  const codes = (environment: Environment) => problemsOf(environment).map(({ code }) => code);

  test("an externally managed Python, with the way around it", async () => {
    const environment = await environmentWith(findings);
    environment.site.externally_managed = "/usr/lib/python3.11/EXTERNALLY-MANAGED";
    expect(codes(environment)).toEqual(["externally-managed"]);
    expect(rendered(problemsOf(environment)[0]?.hint ?? "")).toContain("--target user-modules");
    environment.site.user_modules = null;
    expect(rendered(problemsOf(environment)[0]?.hint ?? "")).not.toContain("--target");
  });

  test("where the user modules are closed as well, both are said, and what helps", async () => {
    const environment = await environmentWith(findings);
    const { site } = environment;
    const [first] = site.packages;
    const closed = { writable: false, error: "Read-only file system" };
    if (first !== undefined) Object.assign(first, closed);
    expect(codes(environment)).toEqual(["site-not-writable"]);
    if (site.user_modules !== null) Object.assign(site.user_modules, closed);
    expect(codes(environment)).toEqual(["site-not-writable", "user-modules-not-writable"]);
    for (const { hint } of problemsOf(environment)) {
      expect(rendered(hint)).toContain("BLENDER_USER_SCRIPTS");
    }
    expect(problemsOf(environment)[1]?.message).toContain(modules);
  });

  test("a site-packages that can't be written, no pip, no tags, no index", async () => {
    const environment = await environmentWith({
      ...findings,
      pip: { said: null, command: [], error: "no pip" },
      wheels: { tags: null, source: null, error: "nothing tells", ensurepip: false },
      network: { ...findings.network, probe: { tried: true, reachable: false, error: "refused" } },
    });
    const [first] = environment.site.packages;
    if (first !== undefined) Object.assign(first, { writable: false, error: "Read-only" });
    expect(codes(environment)).toEqual([
      "no-pip",
      "site-not-writable",
      "tags-unknown",
      "index-unreachable",
    ]);
  });
});
