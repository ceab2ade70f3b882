// `addon uninstall` leaves nothing of an add-on, whole or half, and everything of others.

import { describe, expect, test } from "bun:test";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { extensionFiles, legacyText, writeFiles } from "../support/addon-sources.ts";
import { configured, enabledIn } from "../support/addons.ts";
import { everyBlender, withExtensions } from "../support/every-blender.ts";
import { entries } from "../support/folders.ts";
import { json } from "../support/outcome.ts";
import { sandbox } from "../support/sandbox.ts";

describe.each(everyBlender)("%s", (_name, launcher) => {
  test("a single file and its cache, and a folder without its module", async () => {
    await using box = await sandbox();
    const { addons } = await configured(box, launcher);
    await writeFiles(box, "src", { "one.py": legacyText(), "half/__init__.py": legacyText() });
    await json(box, ["addon", "install", "src/one.py", "src/half", "--enable"]);
    expect(await enabledIn(box, launcher, "one", "half")).toEqual(["one", "half"]);
    await rm(join(addons, "half", "__init__.py"));
    await writeFile(join(addons, "half", "data.bin"), "");
    expect(await json(box, ["addon", "uninstall", "one", "half"])).toMatchObject([
      { removed: true, removed_path: join(addons, "one.py") },
      { removed: true, removed_path: join(addons, "half") },
    ]);
    expect(await entries(addons)).toEqual([]);
  });
});

test.each(withExtensions)(
  "%s: an extension with its own folder, whole and half",
  async (_, launcher) => {
    await using box = await sandbox();
    const { extensions } = await configured(box, launcher);
    if (extensions === null) throw new Error("no extensions");
    const init = `import bpy
def register():
    with open(bpy.utils.extension_path_user(__package__, create=True) + "/kept.json", "w"): pass
def unregister(): pass
`;
    for (const id of ["whole", "half", "other"]) {
      await writeFiles(box, `src/${id}`, extensionFiles(id, { init }));
    }
    const sources = ["src/whole", "src/half", "src/other"];
    await json(box, ["addon", "install", ...sources, "--enable"]);
    const [own, repository] = [".user/user_default", "user_default"].map((n) =>
      join(extensions, n),
    );
    if (own === undefined || repository === undefined) throw new Error("unreachable");
    expect((await entries(own)).sort()).toEqual(["half", "other", "whole"]);
    await rm(join(repository, "half", "__init__.py"));
    expect(await json(box, ["addon", "uninstall", "whole", "half"])).toMatchObject([
      { removed: true },
      { removed: true, removed_path: join(repository, "half") },
    ]);
    expect(await entries(own)).toEqual(["other"]);
    expect(await entries(repository)).not.toContainEqual(expect.stringMatching(/whole|half/));
    await json(box, ["addon", "uninstall", "other"]);
    expect(await entries(extensions)).not.toContain(".user");
  },
);
