import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { zipSync } from "fflate";
import { mustRun } from "../../scripts/process.ts";
import type { Package } from "../../src/remote/packages/package.ts";
import { launcherOf, ownBlender, siteOf } from "../support/blender.ts";
import { expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { servers, startService } from "../support/servers.ts";
import { type MadeWheel, wheelBytes, writeWheel } from "../support/wheels.ts";

type ListedPackage = Omit<Package, "requires" | "optional">;

async function listed(box: Sandbox): Promise<ListedPackage[]> {
  const { stdout, stderr } = expectSuccess(await box.cli(["pkg", "list", "--json"]));
  expect(stderr).toBe("");
  return JSON.parse(stdout) as ListedPackage[];
}

async function copiesOf(box: Sandbox, name: string): Promise<ListedPackage[]> {
  return (await listed(box)).filter((one) => one.name === name);
}

/** What a test looks at of each copy. */
function short({ version, source, wins, loaded_version, restart }: ListedPackage) {
  return { version, source, wins, loaded_version, restart };
}

/** An extension (Blender 4.2) that brings a wheel. */
function extensionWith(wheel: MadeWheel & { version: string }): Uint8Array {
  const path = `wheels/${wheel.name}-${wheel.version}-py3-none-any.whl`;
  const manifest = {
    schema_version: "1.0.0",
    id: "brings_a_wheel",
    version: "1.0.0",
    name: "Brings a wheel",
    tagline: "For tests",
    maintainer: "Tests",
    type: "add-on",
    blender_version_min: "4.2.0",
    license: ["SPDX:MIT"],
    wheels: [`./${path}`],
  };
  const toml = Object.entries(manifest).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
  const text = (lines: string[]) => new TextEncoder().encode(`${lines.join("\n")}\n`);
  return zipSync({
    "blender_manifest.toml": text(toml),
    "__init__.py": text(["def register(): pass", "def unregister(): pass"]),
    [path]: wheelBytes(wheel),
  });
}

for (const server of servers) {
  describe(`pkg list through ${server.name}`, () => {
    let box: Sandbox;
    let site: string;
    let python: string;

    /** Installs with the environment's own pip, behind Blender's back. */
    const pip = async (wheel: MadeWheel, ...flags: string[]) => {
      const path = await writeWheel(join(box.dir, "wheels"), wheel);
      const quiet = ["-I", "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"];
      await mustRun([python, ...quiet, ...flags, path]);
    };
    const run = async (code: string) =>
      expectSuccess(await box.cli(["execute", "--code", code])).stdout.trim();

    beforeAll(async () => {
      box = await sandbox();
      const launcher = await ownBlender(box);
      const home = join(box.dir, "blender-5.0");
      python = join(home, "bin/python");
      site = siteOf(box);
      // Blender puts the folder of these wheels first only when it's there as Blender starts.
      const zip = join(box.dir, "extension.zip");
      await Bun.write(zip, extensionWith({ name: "brwheel", version: "3.0" }));
      const operator = `bpy.ops.extensions.package_install_files(repo="user_default", filepath=${JSON.stringify(zip)}, enable_on_install=True)`;
      const code = `import bpy; ${operator}; bpy.ops.wm.save_userpref()`;
      await mustRun([launcher, "--background", "--python-expr", code], { env: box.env });
      await server.start(box, launcher);
    });
    afterAll(async () => {
      await box[Symbol.asyncDispose]();
    });

    test("what bpy requires is bundled, the rest of site-packages isn't", async () => {
      const packages = await listed(box);
      const names = (source: string) =>
        packages.filter((one) => one.source === source).map(({ name }) => name);
      expect(names("bundled").sort()).toEqual([
        "certifi",
        "charset-normalizer",
        "cython",
        "idna",
        "numpy",
        "requests",
        "urllib3",
        "zstandard",
      ]);
      expect(names("site").sort()).toEqual(["pip", "setuptools"]);
      expect(packages.find(({ name }) => name === "numpy")).toEqual({
        name: "numpy",
        version: "1.26.4",
        location: site,
        source: "bundled",
        wins: true,
        editable: false,
        loaded_version: "1.26.4",
        restart: false,
        modified: expect.any(Number),
      });
    });

    test("a copy that an extension brought wins over site-packages", async () => {
      await pip({ name: "brwheel", version: "1.0" });
      const [first, second, ...more] = await copiesOf(box, "brwheel");
      expect(more).toEqual([]);
      expect(first).toMatchObject({ version: "3.0", source: "extension", wins: true });
      expect(first?.location).toEndWith("/extensions/.local/lib/python3.11/site-packages");
      expect(second).toMatchObject({ version: "1.0", source: "site", wins: false, location: site });
      expect(await run("import brwheel; print(brwheel.__version__)")).toBe("3.0");
    });

    test("a copy in the user modules is shadowed by site-packages; pkg info has it", async () => {
      const folder = await run(
        "import bpy; print(bpy.utils.user_resource('SCRIPTS', path='addons/modules'))",
      );
      await pip({ name: "bruser", version: "1.0" }, "--target", folder);
      expect(await copiesOf(box, "bruser")).toMatchObject([
        { version: "1.0", source: "user-modules", wins: true, location: folder },
      ]);
      const info = expectSuccess(await box.cli(["pkg", "info", "--json", "--no-network-probe"]));
      expect(JSON.parse(info.stdout)).toMatchObject({
        site: { user_modules: { path: folder, packages: [{ name: "bruser", version: "1.0" }] } },
      });
      const people = expectSuccess(await box.cli(["pkg", "info", "--no-network-probe"])).stdout;
      expect(people).toContain(`${folder}\n          bruser 1.0\n`);

      await pip({ name: "bruser", version: "0.9" });
      expect(await copiesOf(box, "bruser")).toMatchObject([
        { version: "0.9", source: "site", wins: true },
        { version: "1.0", source: "user-modules", wins: false },
      ]);
      expect(await run("import bruser; print(bruser.__version__)")).toBe("0.9");
    });

    test("a folder inside an add-on", async () => {
      const folder = await run(
        "import bpy; print(bpy.utils.user_resource('SCRIPTS', path='addons/some_addon/libs'))",
      );
      await pip({ name: "braddon" }, "--target", folder);
      await run(`import sys; sys.path.append(${JSON.stringify(folder)})`);
      expect(await copiesOf(box, "braddon")).toMatchObject([{ source: "add-on", wins: true }]);
    });

    test("what is loaded and replaced needs a restart", async () => {
      await pip({ name: "brloaded", version: "1.0" });
      const at = { version: "1.0", source: "site", wins: true } as const;
      const unloaded = [{ ...at, loaded_version: null, restart: false }];
      expect((await copiesOf(box, "brloaded")).map(short)).toEqual(unloaded);

      await run("import brloaded");
      const loaded = [{ ...at, loaded_version: "1.0", restart: false }];
      expect((await copiesOf(box, "brloaded")).map(short)).toEqual(loaded);

      await pip({ name: "brloaded", version: "2.0" });
      expect((await copiesOf(box, "brloaded")).map(short)).toEqual([
        { ...at, version: "2.0", loaded_version: "1.0", restart: true },
      ]);
      const { stdout } = expectSuccess(await box.cli(["pkg", "list"]));
      expect(stdout).toMatch(
        /^brloaded +2\.0 +site +\S+ \(1\.0 is loaded until Blender restarts\)$/m,
      );

      await run("import sys; del sys.modules['brloaded']; import brloaded");
      expect((await copiesOf(box, "brloaded")).map(short)).toEqual([
        { ...at, version: "2.0", loaded_version: "2.0", restart: false },
      ]);
    });

    test("the table is the only thing on stdout", async () => {
      const { stdout, stderr } = expectSuccess(await box.cli(["pkg", "list"]));
      expect(stderr).toBe("");
      expect(stdout).toMatch(/^Package +Version +Source +Location\n/);
      expect(stdout).toContain(`${site}\n`);
      expect(stdout.trimEnd().split("\n")).toHaveLength((await listed(box)).length + 1);
    });
  });
}

test("Debian's packages are the system's", async () => {
  await using box = await sandbox();
  await startService(box, await launcherOf("debian"));
  const pip = await copiesOf(box, "pip");
  expect(pip).toMatchObject([
    { source: "system", wins: true, location: "/usr/lib/python3/dist-packages", restart: false },
  ]);
});

test("without a service", async () => {
  await using box = await sandbox();
  const result = await box.cli(["pkg", "list", "--json"]);
  expect(result.code).toBe(4);
  expect(JSON.parse(result.stdout)).toMatchObject({ error: { hint: expect.any(String) } });
});
