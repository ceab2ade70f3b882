// `addon install` of add-ons as they are found in the wild, beside what Blender's own installer does.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import * as v from "valibot";
import { configured, enabledIn } from "../support/addons.ts";
import { inBlender } from "../support/blender.ts";
import { everyBlender, withExtensions } from "../support/every-blender.ts";
import { type Sandbox, sandbox } from "../support/sandbox.ts";
import { type WildOutcome, type WildSource, wildSources } from "../support/wild-sources.ts";
import { writeWild } from "../support/wild-writers.ts";

const resultSchema = v.object({
  module_name: v.nullable(v.string()),
  enabled: v.boolean(),
  files_installed: v.number(),
  warnings: v.array(v.string()),
  error: v.optional(v.object({ code: v.string(), message: v.string(), hint: v.string() })),
});
type Result = v.InferOutput<typeof resultSchema>;

const ownSchema = v.record(
  v.string(),
  v.object({ enabled: v.array(v.string()), said: v.array(v.string()) }),
);

let box: Sandbox;
let folder = "";
beforeAll(async () => {
  box = await sandbox();
  folder = join(box.dir, "sources");
  await writeWild(folder, wildSources);
});
afterAll(() => box[Symbol.asyncDispose]());

/** Why a result isn't the outcome that is written down; undefined where it is. */
function wrong(result: Result, outcome: WildOutcome): string | undefined {
  const { error, warnings } = result;
  if ("code" in outcome) {
    const same = error?.code === outcome.code && outcome.says.test(error.message);
    return same ? undefined : `must be refused: ${outcome.code}, ${outcome.says}`;
  }
  const { module, warns = [], files } = outcome;
  if (result.module_name !== module || !result.enabled) return `must be enabled as ${module}`;
  if (files !== undefined && result.files_installed !== files) return `must have ${files} files`;
  const told = warns.every((warning) => warnings.some((one) => warning.test(one)));
  if (told && warnings.length === warns.length) return undefined;
  return `must warn of this and nothing else: ${warns.join(", ")}`;
}

/** The sources for which Blender's own installer enabled something, and ours not the same. */
const unlike = new Set<WildSource>();

describe.each(everyBlender)("%s", (name, launcher) => {
  const since42 = withExtensions.some(([one]) => one === name);

  test("everything comes to what is written down, and to nothing less than in Blender", async () => {
    await using ours = await sandbox();
    await using theirs = await sandbox();
    await configured(ours, launcher);
    const paths = wildSources.map(({ path }) => join(folder, path));
    const run = await ours.cli(["addon", "install", ...paths, "--enable", "--json"]);
    const results = v.parse(v.array(resultSchema), JSON.parse(run.stdout));
    const own = v.parse(
      ownSchema,
      await inBlender(
        theirs,
        launcher,
        `sys.path.insert(0, ${JSON.stringify(join(import.meta.dir, "../support"))})
import blenders_own_installer
result = blenders_own_installer.outcomes(json.loads(${JSON.stringify(JSON.stringify(paths))}))`,
      ),
    );
    const bad: unknown[] = [];
    const enabled: string[] = [];
    for (const [index, source] of wildSources.entries()) {
      const { path, outcome: either, unlike: why } = source;
      const result = results[index];
      if (result === undefined) throw new Error(`no result of ${path}`);
      const outcome = "old" in either ? either[since42 ? "since42" : "old"] : either;
      const problem = wrong(result, outcome);
      if (problem !== undefined) bad.push({ path, problem, result });
      if ("module" in outcome) enabled.push(outcome.module);
      const blenders = own[join(folder, path)]?.enabled ?? [];
      const same = "module" in outcome && Bun.deepEquals(blenders, [outcome.module]);
      if (blenders.length === 0 || same) continue;
      unlike.add(source);
      if (why === undefined)
        bad.push({ path, problem: "Blender does it, and we don't", blenders, result });
    }
    expect(bad).toEqual([]);
    expect(run.code).toBe(1);
    expect(await enabledIn(ours, launcher, ...enabled)).toEqual(enabled);
  });
});

test("each difference to Blender's own installer that is written down is there", () => {
  const stale = wildSources.filter((one) => one.unlike !== undefined && !unlike.has(one));
  expect(stale.map(({ path }) => path)).toEqual([]);
});

test("each source has a place and a name of its own", () => {
  expect(wildSources.length).toBeGreaterThanOrEqual(60);
  const paths = wildSources.map(({ path }) => path);
  expect(new Set(paths).size).toBe(paths.length);
});
