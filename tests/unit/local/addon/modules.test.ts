import { expect, test } from "bun:test";
import { addonScript, runningScript, serviceModules } from "../../../../src/local/addon/modules.ts";
import type { Script } from "../../../../src/script.ts";
import { modulesOf } from "../../../../src/script.ts";

const known = new Set(modulesOf(addonScript).map(({ name }) => name));

/** The modules of ours that a source imports. */
function importsOf(source: string): string[] {
  const found = source.matchAll(/^\s*(?:from|import) (\w+)/gm);
  return [...new Set([...found].map(([, name]) => `${name}.py`))].filter((name) => known.has(name));
}

function expectItsImports(script: Script): void {
  const declared = (script.modules ?? []).map(({ name }) => name);
  expect({ [script.name]: declared.sort() }).toEqual({
    [script.name]: importsOf(script.source).sort(),
  });
}

test("every script brings the modules that it imports, and no others", () => {
  expect(known.size).toBe(21);
  for (const script of [addonScript, ...modulesOf(addonScript)]) expectItsImports(script);
});

test("the script for a Blender that runs, too", () => {
  expectItsImports(runningScript);
});

test("the service's script, too", async () => {
  const path = "../../../../src/local/service/install_service.py";
  const source = await Bun.file(new URL(path, import.meta.url)).text();
  expectItsImports({ name: "install_service.py", source, modules: serviceModules });
});
