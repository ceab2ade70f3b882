// Add-ons whose registration starts processes of its own.

import { describe, expect, test } from "bun:test";
import { legacyText, writeZip } from "../support/addon-sources.ts";
import { configured } from "../support/addons.ts";
import { everyBlender } from "../support/every-blender.ts";
import { expectSuccess, sandbox } from "../support/sandbox.ts";

/** Sees how its process goes, and that it sees nothing of others in `__main__`. */
const spawning = legacyText({
  top: [
    "import __main__, math, multiprocessing",
    "def started():",
    "    process = multiprocessing.get_context('spawn').Process(target=math.sqrt, args=(4,))",
    "    process.start()",
    "    process.join(60)",
    "    if process.exitcode != 0:",
    "        raise RuntimeError(f'the process ended with {process.exitcode}')",
    "    left = [name for name in vars(__main__) if not name.startswith('__')]",
    "    if left:",
    "        raise RuntimeError(f'__main__ has {left}')",
  ].join("\n"),
  register: "started()",
});

describe.each(everyBlender)("%s", (_name, launcher) => {
  test("an add-on that spawns a process when it registers", async () => {
    await using box = await sandbox();
    await configured(box, launcher);
    const source = await writeZip(box, "spawner.zip", { "spawner/__init__.py": spawning });
    const result = await box.cli(["addon", "install", source, "--enable", "--json"]);
    expect(JSON.parse(expectSuccess(result).stdout)).toMatchObject({
      module_name: "spawner",
      enabled: true,
      warnings: [],
      errors: [],
    });
    for (const command of ["disable", "enable", "uninstall"]) {
      expectSuccess(await box.cli(["addon", command, "spawner"]));
    }
  });
});
