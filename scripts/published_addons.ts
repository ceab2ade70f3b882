// Add-ons that others have published and the tests install, as PyPI's packages carry them.

import { mkdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { fingerprint, makeOnce } from "./cache.ts";
import { mustRun, note } from "./process.ts";
import { toolsPython } from "./python.ts";

const REQUIREMENTS = join(import.meta.dirname, "requirements-addons.txt");

/** A folder with the files of each package under its wheel's name (`io_scene_3ds`), fetched once. */
export function publishedAddons(): Promise<string> {
  return makeOnce(`published-addons-${fingerprint(REQUIREMENTS)}`, async (making) => {
    note("getting add-ons that others have published …");
    const python = [await toolsPython(), "-I", "-m"];
    const wheels = join(making, "wheels");
    const which = ["--no-deps", "--only-binary=:all:", "--python-version", "3.13"];
    const pinned = ["--require-hashes", "--requirement", REQUIREMENTS];
    const pip = [...python, "pip", "download", "--quiet", ...which, ...pinned];
    await mustRun([...pip, "--dest", wheels]);
    for await (const wheel of new Bun.Glob("*.whl").scan({ cwd: wheels, absolute: true })) {
      const [name = ""] = basename(wheel).split("-");
      await mkdir(join(making, name));
      await mustRun([...python, "zipfile", "--extract", wheel, join(making, name)]);
    }
  });
}
