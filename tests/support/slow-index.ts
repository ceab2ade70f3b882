// A package index on disk whose packages take as long to build as a test wants.

import { existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { mustRun } from "../../scripts/process.ts";
import { until } from "./until.ts";

/** The step of a build that waits: pip asks for metadata to plan, and for the wheel to install. */
export type Step = "metadata" | "wheel";

/** One package of a slow index. */
export interface SlowPackage {
  /** As pip takes it. */
  indexFlags: string[];
  /** Waits until the build has come to its slow step; gives its process. */
  building(): Promise<number>;
  letGo(): Promise<unknown>;
}

/** A source archive in an index of its own; its build stops at one step until it is let go. */
export async function slowPackage(dir: string, name: string, slow: Step): Promise<SlowPackage> {
  const root = join(dir, `index-of-${name}`);
  const source = join(root, `${name}-1.0`);
  const [pid, gate] = [join(root, "pid"), join(root, "gate")];
  await mkdir(join(root, "simple", name), { recursive: true });
  await mkdir(source);
  const metadata = `Metadata-Version: 2.1\nName: ${name}\nVersion: 1.0\n`;
  await Bun.write(join(source, "PKG-INFO"), metadata);
  await Bun.write(
    join(source, "pyproject.toml"),
    '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
  );
  await Bun.write(
    join(source, "backend.py"),
    `
import os, time, zipfile
name, pid, gate, slow, metadata = ${JSON.stringify([name, pid, gate, slow, metadata])}
info = f"{name}-1.0.dist-info"

def stop(step):
    if step != slow:
        return
    with open(pid + ".part", "w") as file:
        file.write(str(os.getpid()))
    os.rename(pid + ".part", pid)
    # Until it is let go, or the test is over.
    while not os.path.exists(gate) and os.path.exists(pid):
        time.sleep(0.005)

def prepare_metadata_for_build_wheel(folder, config_settings=None):
    stop("metadata")
    os.mkdir(os.path.join(folder, info))
    with open(os.path.join(folder, info, "METADATA"), "w") as file:
        file.write(metadata)
    return info

def build_wheel(folder, config_settings=None, metadata_directory=None):
    stop("wheel")
    wheel = f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, wheel), "w") as archive:
        archive.writestr(f"{name}.py", "value = 'built'")
        archive.writestr(f"{info}/METADATA", metadata)
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        archive.writestr(f"{info}/RECORD", "")
    return wheel
`,
  );
  const archive = `${name}-1.0.tar.gz`;
  await mustRun(["tar", "-C", root, "-czf", join(root, archive), `${name}-1.0`]);
  await Bun.write(
    join(root, "simple", name, "index.html"),
    `<!DOCTYPE html><a href="../../${archive}">${archive}</a>`,
  );
  return {
    indexFlags: ["--index-url", `file://${join(root, "simple")}`, "--allow-online"],
    building: async () => {
      await until(() => existsSync(pid));
      return Number(await readFile(pid, "utf8"));
    },
    letGo: () => Bun.write(gate, ""),
  };
}
