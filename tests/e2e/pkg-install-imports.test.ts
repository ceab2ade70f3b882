// What `pkg install` says of whether Blender can import what it installed: each is tried.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { ownBlender } from "../support/blender.ts";
import { everyBlender } from "../support/every-blender.ts";
import { expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { startService } from "../support/servers.ts";
import { until } from "../support/until.ts";
import { type MadeWheel, writeWheel } from "../support/wheels.ts";

interface Installed {
  installed: { name: string; importable: boolean | null }[];
  warnings: string[];
  errors: string[];
  code: string | null;
}

let box: Sandbox;
let there: string;

beforeAll(async () => {
  box = await sandbox();
  there = join(box.dir, "there");
  await startService(box, await ownBlender(box));
});
afterAll(async () => {
  await box[Symbol.asyncDispose]();
});

/** A package whose one module holds this. */
const single = (name: string, code: string): MadeWheel => ({ name, top: { [`${name}.py`]: code } });

async function installed(wheels: readonly MadeWheel[], inside = box, ...flags: string[]) {
  const folder = join(inside.dir, "there");
  for (const wheel of wheels) await writeWheel(folder, wheel);
  const names = wheels.map(({ name }) => name);
  const line = ["pkg", "install", ...names, "--remote-wheelhouse", folder, "--json", ...flags];
  const { code: exit, stdout } = await inside.cli(line);
  const { installed: rows, ...rest } = JSON.parse(stdout) as Installed;
  const importable = Object.fromEntries(rows.map((one) => [one.name, one.importable]));
  return { exit, importable, ...rest };
}

test("one that hangs, crashes or ends its process says nothing about the others", async () => {
  const { exit, importable, errors, code } = await installed([
    // It keeps Python's lock.
    single("brhangs", "import re\nre.match('(a+)+$', 'a' * 60 + 'b')"),
    single("brcrashes", "import ctypes\nctypes.string_at(0)"),
    single("brleaves", "import os\nos._exit(0)"),
    single("brexits", "import sys\nsys.exit()"),
    single("brmute", "class E(Exception):\n    def __str__(self): 1 / 0\nraise E"),
    single("brloud", "for _ in range(100): print('x' * 1_000_000)"),
    single("brfine", ""),
  ]);
  expect({ exit, code }).toEqual({ exit: 1, code: "not-importable" });
  expect(errors).toEqual([
    "brhangs: import brhangs fails: it isn't done after 60 s",
    "brcrashes: import brcrashes fails: Python crashes (SIGSEGV)",
    "brleaves: import brleaves fails: Python ends with exit status 0",
    "brexits: import brexits fails: SystemExit",
    "brmute: import brmute fails: E",
  ]);
  expect(importable).toMatchObject({ brhangs: false, brloud: true, brfine: true });
  expectSuccess(await box.cli(["pkg", "pip", "--", "--version"]));
});

describe("interrupted while an import is tried: what is installed is told", () => {
  for (const target of ["site", "user-modules"]) {
    test(`into ${target}`, async () => {
      const name = `brslow${target.slice(0, 4)}`;
      const begun = join(box.dir, `${name} begun`);
      const code = `open(${JSON.stringify(begun)}, "w").close()\nimport time\ntime.sleep(3600)`;
      await writeWheel(there, single(name, code));
      const line = ["pkg", "install", name, "--remote-wheelhouse", there, "--target", target];
      const controller = box.spawn([...line, "--json"]);
      await until(() => existsSync(begun));
      controller.kill("SIGINT");
      expect(await controller.exited).toBe(130);
      const { error } = JSON.parse(await controller.stdout.text());
      expect(error).toMatchObject({
        code: "interrupted",
        message: `interrupted, before it was known whether Blender can import what was asked for; pip had done its work by then:\n  added ${name} 1.0`,
        hint: `'blender-remote-cli pkg why ${name}' tries the import`,
        details: { changed: { added: [{ name, version: "1.0" }] }, debris: [] },
      });
      expectSuccess(await box.cli(["pkg", "pip", "--", "--version"]));

      await rm(begun);
      const late = await box.cli([...line, "--force-reinstall", "--timeout", "20"]);
      expect(late.code).toBe(124);
      expect(late.stderr).toContain(`reinstalled ${name} 1.0`);
      expect(late.stderr).toContain("allow more with --timeout");
    });
  }

  test("by who follows it, when its own controller is gone", async () => {
    const begun = join(box.dir, "follow begun");
    const code = `open(${JSON.stringify(begun)}, "w").close()\nimport time\ntime.sleep(3600)`;
    // pip takes its time to compile it.
    const large = Array.from({ length: 20_000 }, (_, index) => `a${index} = b${index}`);
    const slow = Object.fromEntries(
      Array.from({ length: 60 }, (_, index) => [`brpart${index}.py`, large.join("\n")]),
    );
    await writeWheel(there, { ...single("brfollowed", code), anywhere: slow });
    const line = ["pkg", "install", "brfollowed", "--remote-wheelhouse", there];
    const controller = box.spawn(line);
    const status = async () => expectSuccess(await box.cli(["status"])).stdout;
    await until(async () => (await status()).includes("brfollowed"));
    controller.kill("SIGKILL");
    await controller.exited;
    const follower = box.spawn(["pkg", "pip", "--follow"]);
    await until(() => existsSync(begun));
    follower.kill("SIGINT");
    expect(await follower.exited).toBe(130);
    const said = await follower.stderr.text();
    expect(said).toContain("added brfollowed 1.0");
    expect(said).not.toContain("goes on");
  });
});

test("a namespace is what its parts are", async () => {
  const { importable, errors } = await installed([
    { name: "brnsa", top: { "brns/bad/__init__.py": "import brabsent" } },
    { name: "brnsb", top: { "brns/good/__init__.py": "" } },
    { name: "brnsc", top: { "brns/single.py": "1 / 0" } },
  ]);
  expect(importable).toEqual({ brnsa: false, brnsb: true, brnsc: false });
  expect(errors).toEqual([
    "brnsa: import brns.bad fails: ModuleNotFoundError: No module named 'brabsent'",
    "brnsc: import brns.single fails: ZeroDivisionError: division by zero",
  ]);
});

test("several modules, of which one fails: told, and nothing is claimed", async () => {
  const top = { "brgood.py": "", "brbad.py": "import brabsent", "_brinner.py": "1 / 0" };
  const { exit, importable, warnings } = await installed([{ name: "brmixed", top }]);
  expect({ exit, importable }).toEqual({ exit: 0, importable: { brmixed: null } });
  expect(warnings).toEqual([
    "brmixed: import brbad fails: ModuleNotFoundError: No module named 'brabsent'",
  ]);
});

test("a broken upgrade of what is loaded is an error now", async () => {
  await writeWheel(there, { name: "brupgraded", version: "1.0" });
  await writeWheel(there, {
    ...single("brupgraded", "import brabsent"),
    version: "2.0",
  });
  await writeWheel(there, { name: "brsound", version: "1.0" });
  await writeWheel(there, { name: "brsound", version: "2.0" });
  const install = (...specs: string[]) =>
    box.cli(["pkg", "install", ...specs, "--remote-wheelhouse", there, "--json"]);
  expectSuccess(await install("brupgraded==1.0", "brsound==1.0"));
  expectSuccess(await box.cli(["execute", "-c", "import brupgraded, brsound"]));
  const upgraded = await install("brupgraded==2.0", "brsound==2.0");
  expect(upgraded.code).toBe(1);
  expect(JSON.parse(upgraded.stdout)).toMatchObject({
    installed: [
      { name: "brupgraded", importable: false },
      { name: "brsound", importable: false },
    ],
    errors: [
      "brupgraded: Blender has loaded 1.0 and must be restarted; import brupgraded fails: ModuleNotFoundError: No module named 'brabsent'",
    ],
    warnings: ["brsound: Blender has loaded 1.0 and must be restarted"],
  });
});

test("what brings no module is installed, and that is all there is to say", async () => {
  const { exit, importable, warnings, errors } = await installed(
    [
      { name: "brmeta", top: {}, requires: ["brpart"] },
      { name: "brpart" },
      { name: "types-brtyped", top: { "brtyped-stubs/__init__.pyi": "a: int" } },
      { name: "brdata", top: { "brdata-1.0.data/data/share/notes.txt": "" } },
    ].map((wheel) => ({ ...wheel, name: wheel.name.replaceAll("-", "_") })),
  );
  expect({ exit, errors }).toEqual({ exit: 0, errors: [] });
  expect(importable).toEqual({ brmeta: null, brpart: true, "types-brtyped": null, brdata: null });
  const nothing = ["brmeta", "types-brtyped", "brdata"];
  expect(warnings).toEqual(nothing.map((name) => `${name}: it brings no module to import`));
  const why = expectSuccess(await box.cli(["pkg", "why", "brmeta"]));
  expect(why.stdout).toContain("it brings no module to import");
});

for (const [title, launcher] of everyBlender) {
  test(`what only Blender has isn't missed, nor claimed: ${title}`, async () => {
    await using own = await sandbox();
    await startService(own, launcher);
    const { exit, importable, warnings } = await installed(
      [
        single("brinside", "import bl_math, imbuf, idprop, manta, blf, gpu, bmesh"),
        single("brfree", "import freestyle.types"),
        single("brpretends", "try:\n    import bpy\nexcept ImportError:\n    bpy = None\nbpy.app"),
        single("brwords", "try:\n    import bpy\nexcept ImportError:\n    raise OSError('no')"),
        single("breither", "try:\n    import mathutils\nexcept ImportError:\n    pass"),
        single("brplain", "import json"),
      ],
      own,
      ...["--target", "user-modules"],
    );
    const unknown = { brinside: null, brfree: null, brpretends: null, brwords: null };
    expect({ exit, importable }).toEqual({
      exit: 0,
      importable: { ...unknown, breither: null, brplain: true },
    });
    expect(warnings.join("\n")).toContain(
      "breither: import breither works, but it asks for Blender's own modules",
    );
    expect(warnings.join("\n")).toContain(
      "brwords: import brwords needs Blender's own modules, and can only be tried inside it (outside: OSError: no)",
    );
    const modules = "brinside, brfree, brpretends, brwords, breither, brplain";
    expectSuccess(await own.cli(["execute", "-c", `import ${modules}`]));
  });
}
