// All Blenders that this machine can have, for tests that run once in each of them.

import { blenders, isBlenderHere, parts } from "../../scripts/blenders.ts";

/** A test for a Blender that should be here and isn't must fail, not be left out. */
async function testBlenders(): Promise<[name: string, launcher: string][]> {
  const missing = (await parts()).filter(
    ({ name, state }) => (isBlenderHere(name) || name === "bpy-4.2") && state === "missing",
  );
  if (missing.length > 0) {
    const names = missing.map(({ name }) => name).join(", ");
    throw new Error(`test Blenders are missing (${names}): run ./dev blenders`);
  }
  return (await blenders()).map(({ name, version, launcher }) => [`${name} ${version}`, launcher]);
}

/** Name and launcher of each Blender that this machine can have, for `test.each`. */
export const everyBlender = await testBlenders();

/** Those among them that have extensions (4.2 and newer). */
export const withExtensions = everyBlender.filter(([name]) => !name.includes(" 3."));

/** The oldest Blender that has extensions, where this machine can have it. */
const oldest = (await parts()).flatMap(({ name, version, path, state }): [string, string][] =>
  name === "bpy-4.2" && state === "ready" ? [[`bpy ${version}`, path]] : [],
);

/** For what Blender itself does with extensions. */
export const extensionBlenders = [...withExtensions, ...oldest];
