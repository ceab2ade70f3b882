// The files that are chosen for each Blender, beside those that pip chooses in its Python.

import { afterAll, expect, test } from "bun:test";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import { blenders } from "../../scripts/blenders.ts";
import { mustRun } from "../../scripts/process.ts";
import pipWheel from "../../src/remote/bootstrap/pip_wheel/pip.whl" with { type: "file" };
import { launcherOf } from "../support/blender.ts";
import { moment, requirementSets } from "../support/requirement-sets.ts";
import { expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { startService } from "../support/servers.ts";
import { oneIndex } from "../support/uv.ts";

const chosen = [
  ...["requests", "cryptography", "scipy", "matplotlib", "numba", "opencv", "geo"],
  ...["machines", "python by markers", "machine by markers", "Molecular Nodes", "MCP for Blender"],
];

const Report = v.object({
  install: v.array(v.object({ download_info: v.object({ url: v.string() }) })),
});
const Plans = v.object({
  targets: v.tuple([v.object({ packages: v.array(v.object({ file: v.nullable(v.string()) })) })]),
});

/** The wheels that pip chooses; Blender starts it, whose file system may be another one. */
async function pipsFiles(box: Sandbox, env: Record<string, string | undefined>, pip: string[]) {
  const script = join(box.dir, `${crypto.randomUUID()}.py`);
  const all = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value ?? null]));
  await writeFile(
    script,
    `import json, os, subprocess, sys
given = json.loads(${JSON.stringify(JSON.stringify({ pip, env: all }))})
env = {name: value for name, value in {**os.environ, **given["env"]}.items() if value is not None}
asked = subprocess.run(given["pip"], env=env, capture_output=True, text=True)
if asked.returncode != 0:
    sys.exit(asked.stderr)
print(asked.stdout)`,
  );
  const { stdout } = expectSuccess(await box.cli(["execute", script]));
  const { install } = v.parse(Report, JSON.parse(stdout));
  return install.map(({ download_info: { url } }) =>
    decodeURIComponent(new URL(url).pathname.split("/").at(-1) ?? ""),
  );
}

async function ourFiles(
  box: Sandbox,
  env: Record<string, string | undefined>,
  specs: readonly string[],
  target: string,
) {
  const words = ["--for", target, "--replace-bundled", "--exclude-newer", moment, "--dry-run"];
  const planned = await box.cli(["pkg", "download", ...specs, ...words, "--json"], { env });
  const { targets } = v.parse(Plans, JSON.parse(expectSuccess(planned).stdout));
  return targets[0].packages.map(({ file }) => file ?? "");
}

/** What all of them have fetched from the index, and pip itself, which compiles its modules once. */
const shared = await mkdtemp(join(tmpdir(), "blender-remote-files-"));
afterAll(() => rm(shared, { recursive: true }));

for (const { name, version } of await blenders()) {
  test(`Blender ${version} gets the wheels that pip chooses there`, async () => {
    await using box = await sandbox();
    await startService(box, await launcherOf(name));
    const shown = expectSuccess(await box.cli(["pkg", "info", "--json", "--no-network-probe"]));
    const target = join(box.dir, "env.json");
    await writeFile(target, shown.stdout);
    const { python } = v.parse(
      v.object({ python: v.object({ executable: v.string() }) }),
      JSON.parse(shown.stdout),
    );
    const env = await oneIndex(join(box.dir, "uv"));
    env["XDG_CACHE_HOME"] = join(shared, "cache");
    // What pip there is to read is where every Blender sees it.
    await mustRun(["python3", "-m", "zipfile", "-e", pipWheel, shared]);
    const certificates = env["PIP_CERT"];
    if (certificates !== undefined) {
      const copy = join(box.dir, "certificates.pem");
      await copyFile(certificates, copy);
      Object.assign(env, { PIP_CERT: copy, SSL_CERT_FILE: copy });
    }
    const flags = ["--quiet", "--dry-run", "--ignore-installed", "--only-binary=:all:"];
    const until = ["--uploaded-prior-to", moment, "--report", "-"];
    for (const set of chosen) {
      const specs = requirementSets[set] ?? [];
      const pip = [python.executable, "-I", join(shared, "pip"), "install", ...flags, ...until];
      const [theirs, ours] = await Promise.all([
        pipsFiles(box, env, [...pip, ...specs]),
        ourFiles(box, env, specs, target),
      ]);
      expect([set, ours.sort()]).toEqual([set, theirs.sort()]);
    }
  }, 300_000);
}
