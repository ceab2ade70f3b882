// What is said of an add-on that can't be loaded, or is installed in a way that needs a word.

import { describe, expect, test } from "bun:test";
import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { extensionFiles, legacyText, writeFiles, writeZip } from "../support/addon-sources.ts";
import { configured } from "../support/addons.ts";
import { everyBlender, withExtensions } from "../support/every-blender.ts";
import { json } from "../support/outcome.ts";
import { expectSuccess, sandbox } from "../support/sandbox.ts";

interface Told {
  errors: string[];
  error: { code: string; message: string; hint: string };
}

/** Cannot be registered: Blender prints why, and raises an error that points to what it printed. */
const refusedByBlender = legacyText({
  title: "Refused",
  top: "import bpy\nclass P(bpy.types.PropertyGroup):\n    x: bpy.props.IntProperty(subtype='NOPE')",
  register: "bpy.utils.register_class(P)",
});

describe.each(everyBlender)("%s", (_name, launcher) => {
  test("each error whole, with what helps", async () => {
    await using box = await sandbox();
    await configured(box, launcher);
    const part = "Blender-PTX-main";
    await writeZip(box, `${part}.zip`, {
      [`${part}/__init__.py`]: legacyText({ title: "PTX", top: "from PTX.part import f" }),
      [`${part}/part.py`]: "def f(): pass\n",
    });
    await writeFiles(box, "src", {
      "lines.py": legacyText({ register: "raise ValueError('first\\nsecond\\n')" }),
      "needs.py": legacyText({ top: "import cv2" }),
      "gone.py": legacyText({ top: "import winreg" }),
      "refused.py": refusedByBlender,
    });
    const files = ["lines", "needs", "gone", "refused"].map((name) => `src/${name}.py`);
    const result = await box.cli(["addon", "install", `${part}.zip`, ...files, "-e", "--json"]);
    const told: Told[] = JSON.parse(result.stdout);
    const [own, lines, needs, gone, refused] = told.map(({ error }) => error);
    expect(own).toMatchObject({ code: "other-name" });
    expect(own?.hint).toContain("--name PTX");
    expect(lines?.message).toContain("ValueError: first\nsecond; nothing is installed");
    expect(needs).toMatchObject({ code: "missing-module" });
    expect(needs?.message).toContain("ModuleNotFoundError: No module named 'cv2'");
    expect(needs?.hint).toContain("pkg install opencv-python'");
    expect(needs?.hint).toContain("needn't be started again");
    expect(gone).toMatchObject({ code: "unknown-module" });
    expect(gone?.hint).not.toContain("pkg install");
    expect(refused?.message).toMatch(/see previous error\); the previous error: .*NOPE/);
    expect(told[4]?.errors[0]).toContain("NOPE");
    // The hint works when it is followed.
    const named = ["addon", "install", `${part}.zip`, "--enable", "--name", "PTX"];
    expect(await json(box, named)).toMatchObject({ module_name: "PTX", enabled: true });
  });

  test("a link that is replaced, and a title that is there under another name", async () => {
    await using box = await sandbox();
    const { addons } = await configured(box, launcher);
    const source = await writeFiles(box, "work/tool", { "__init__.py": legacyText() });
    await mkdir(addons, { recursive: true });
    await symlink(source, join(addons, "tool"));
    expect(await json(box, ["addon", "install", "work/tool"])).toMatchObject({
      warnings: [expect.stringContaining(`was a link to ${source}`)],
    });
    const again = expectSuccess(
      await box.cli(["addon", "install", "work/tool", "--name", "tool2"]),
    );
    expect(again.stderr).toContain("another add-on has the same title, 'A test': tool");
    expect(again.stderr).toContain("addon uninstall tool' removes that one");
  });
});

test.each(withExtensions)("%s: wheels that fit another Python", async (_name, launcher) => {
  await using box = await sandbox();
  await configured(box, launcher);
  const files = ["one-1.0-cp27-cp27m-win_amd64.whl", "two-1.0-py3-none-any.whl"];
  const more = `wheels = ${JSON.stringify(files.map((file) => `./wheels/${file}`))}`;
  const wheels = Object.fromEntries(files.map((file) => [`wheels/${file}`, ""]));
  await writeFiles(box, "tool", { ...extensionFiles("tool", { more }), ...wheels });
  expect(await json(box, ["addon", "install", "tool"])).toMatchObject({
    warnings: [
      expect.stringMatching(/^none of its wheels of one is for this Blender \(Python 3\./),
    ],
  });
});
