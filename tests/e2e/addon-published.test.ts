// Add-ons that others have published, installed as their users would, beside what Blender's own
// installer makes of them.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { mustRun } from "../../scripts/process.ts";
import { publishedAddons } from "../../scripts/published_addons.ts";
import { toolsPython } from "../../scripts/python.ts";
import { configured, listed } from "../support/addons.ts";
import { inBlender } from "../support/blender.ts";
import { everyBlender } from "../support/every-blender.ts";
import { json } from "../support/outcome.ts";
import { type Sandbox, sandbox } from "../support/sandbox.ts";

interface Published {
  /** Where it is in what was fetched: a folder, or a .py. */
  path: string;
  /** The legacy add-on's module, if it is one. */
  legacy?: string;
  /** The extension's id, if it is one. */
  extension?: string;
  /** What keeps it from being enabled, in every Blender or in these. */
  fails?: string | Record<string, string>;
  /** Why it fails here although Blender's own installer enables it. */
  unlike?: string;
}

/** The Blenders, those that start quickest first. */
const byStart = ["debian", "trixie", "bpy"];

/** What keeps one from being enabled in a Blender. */
function reasonIn(blender: string, { fails }: Published): string | undefined {
  return typeof fails === "string" ? fails : fails?.[blender];
}

/** Debian's Blenders come without numpy and requests. */
const noNumpy = { debian: "No module named 'numpy'", trixie: "No module named 'numpy'" };
const noRequests = { debian: "No module named 'requests'", trixie: "No module named 'requests'" };
const noExtensions = "Blender 3.4.1 has none";

const table: readonly Published[] = [
  {
    path: "ajc27_freemocap_blender_addon/ajc27_freemocap_blender_addon",
    legacy: "ajc27_freemocap_blender_addon",
    fails: noNumpy,
  },
  {
    path: "blender_bridge/claude_blender",
    extension: "claude_blender",
    fails: { debian: noExtensions },
  },
  { path: "blender_remote/blender_remote/addon/bld_remote_mcp", legacy: "bld_remote_mcp" },
  {
    path: "blender_remote/blender_remote/addon/simple-tcp-executor",
    legacy: "simple_tcp_executor",
    fails: "'SimpleTCPExecutorAPI' object has no attribute '__file__'",
    unlike: "it puts an object in the place of the module whose name it is installed under here",
  },
  {
    path: "blenderlens_mcp/blenderlens_mcp/addon",
    extension: "blenderlens",
    fails: { debian: noExtensions },
  },
  // Its wheel lacks a part of it.
  { path: "blendernc/blendernc", legacy: "blendernc", fails: "No module named 'blendernc.nodes'" },
  { path: "blenderneuron/blenderneuron", legacy: "blenderneuron", fails: noNumpy },
  {
    path: "blendrelay_mcp/blendrelay_blender",
    legacy: "blendrelay_mcp",
    extension: "blendrelay_mcp",
    fails: { trixie: "it needs Blender 4.5.0, and this is 4.3.2" },
  },
  { path: "bpy_vrm_format/io_scene_vrm", legacy: "vrm", extension: "vrm", fails: noNumpy },
  {
    path: "ccRender/ccrender/ccSimple.py",
    legacy: "ccSimple",
    fails: "No module named 'pyperclip'",
  },
  {
    path: "cioblender/cioblender/conductor_submitter_plugin.py",
    legacy: "conductor_submitter_plugin",
    fails: "No module named 'ciocore'",
  },
  {
    path: "deadline_cloud_for_blender/deadline/blender_submitter/addons/deadline_cloud_blender_submitter",
    legacy: "deadline_cloud_blender_submitter",
    fails: "No module named 'deadline'",
  },
  { path: "frugal_blender_mcp/compact_mcp/addon/compact_blender", legacy: "compact_blender" },
  {
    path: "io_scene_3ds/io_scene_3ds",
    legacy: "io_scene_3ds",
    fails: { debian: "cannot import name 'poll_file_object_drop'" },
  },
  { path: "mcp_for_blender/blender_mcp/bundled/addon.py", legacy: "addon", fails: noRequests },
  { path: "wheel_generator/WheelGen", legacy: "WheelGen" },
];

/** Zips of the folders among these, `NAME.zip` with the folder inside. */
const zipping = `
import os, shutil, sys
target, *paths = sys.argv[1:]
for path in paths:
    if os.path.isdir(path):
        home, name = os.path.split(path)
        shutil.make_archive(os.path.join(target, name), "zip", home, name)
`;

/** Each by Blender's own installers; whether it is enabled then. */
const theirInstall = `
result = {}
for path, name, extension in json.loads(ROWS):
    try:
        if extension:
            bpy.ops.extensions.package_install_files(
                repo="user_default", filepath=path, enable_on_install=True)
        else:
            bpy.ops.preferences.addon_install(filepath=path)
            bpy.ops.preferences.addon_enable(module=name)
    except Exception as error:
        print(error)
    result[name] = name in bpy.context.preferences.addons and addon_utils.check(name)[1]
`;

/** Blender's own notes. */
const ownNotes = /(^|\/)(\.cache|\.blender_ext)(\/|$)|^user_default$/;

/** What lies in the folders of add-ons and extensions. */
async function filesOf(box: Sandbox, folder: string): Promise<string[]> {
  const home = join(box.env["HOME"] ?? "", ".config/blender");
  const [version = ""] = await readdir(home);
  const names = await readdir(join(home, version, folder), { recursive: true }).catch(() => []);
  return names.filter((name) => !ownNotes.test(name));
}

let fetched: string;
let zips: AsyncDisposable & { dir: string };
const sourceOf = ({ path }: Published) => join(fetched, path);
const packedOf = (one: Published) =>
  one.path.endsWith(".py") ? sourceOf(one) : join(zips.dir, `${basename(one.path)}.zip`);

afterAll(() => zips[Symbol.asyncDispose]());
beforeAll(async () => {
  fetched = await publishedAddons();
  zips = await sandbox();
  const paths = table.map(sourceOf);
  await mustRun([await toolsPython(), "-I", "-c", zipping, zips.dir, ...paths]);
});

describe.each(everyBlender)("%s", (name, launcher) => {
  const [blender = ""] = name.split(" ");
  const hasExtensions = !name.includes(" 3.");
  const rows = table.map((one) => {
    const { legacy, extension } = one;
    const extends_ = extension !== undefined && hasExtensions;
    return {
      ...one,
      module: extends_ ? `bl_ext.user_default.${extension}` : legacy,
      isExtension: extends_,
      reason: reasonIn(blender, one),
    };
  });
  const good = rows.flatMap((one) => (one.reason === undefined ? [one] : []));
  const modules = good.map(({ module }) => String(module));

  test("installed from their folders, updated from zips, shown, disabled, uninstalled", async () => {
    await using box = await sandbox();
    // None of them is to reach anything but this machine.
    box.env["HTTP_PROXY"] = box.env["HTTPS_PROXY"] = "http://127.0.0.1:9";
    await configured(box, launcher);
    const sources = rows.map(sourceOf);
    const installed = await box.cli(["addon", "install", ...sources, "--enable", "--json"]);
    expect(installed.code).toBe(1);
    const results: { error?: { message: string } }[] = JSON.parse(installed.stdout);
    expect(results).toMatchObject(
      rows.map(({ module, reason }) =>
        reason === undefined
          ? { module_name: module, enabled: true, errors: [] }
          : { enabled: false, error: { message: expect.stringContaining(reason) } },
      ),
    );

    // An extension that is installed as a legacy add-on has its id for a name from a folder only.
    const again = good.filter((one) => one.isExtension || one.extension === undefined);
    const updated = await json(box, ["addon", "install", ...again.map(packedOf)]);
    expect(updated).toMatchObject(
      again.map(({ module }) => ({ module_name: module, enabled: true })),
    );
    expect(await listed(box)).toMatchObject(
      Object.fromEntries(modules.map((module) => [module, { enabled: true, loaded: true }])),
    );
    // Each is a start: it is shown where no quicker Blender does.
    const quicker = byStart.slice(0, byStart.indexOf(blender));
    const shown = good.filter((one) => quicker.every((other) => reasonIn(other, one)));
    for (const { module } of shown) {
      const info = await json(box, ["addon", "info", String(module)]);
      expect(info).toMatchObject({ name: module, enabled: true, loaded: true });
    }
    const disabled = await json(box, ["addon", "disable", ...modules]);
    expect(disabled).toMatchObject(modules.map(() => ({ enabled: false, errors: [] })));
    const removed = await json(box, ["addon", "uninstall", ...modules]);
    expect(removed).toMatchObject(modules.map(() => ({ removed: true, errors: [] })));
    expect(await filesOf(box, "scripts/addons")).toEqual([]);
    expect(await filesOf(box, "extensions")).toEqual([]);
  });

  test("Blender's own installer enables none that isn't enabled here", async () => {
    await using box = await sandbox();
    box.env["HTTP_PROXY"] = box.env["HTTPS_PROXY"] = "http://127.0.0.1:9";
    // Without extensions, one that is nothing else would be unpacked as a legacy add-on.
    const theirs = rows.flatMap((one) => {
      const own = one.isExtension ? one.module : basename(one.path).replace(/\.py$/, "");
      return one.module === undefined ? [] : [{ ...one, own: String(own) }];
    });
    const asked = theirs.map((one) => [packedOf(one), one.own, one.isExtension]);
    const text = JSON.stringify(JSON.stringify(asked));
    const enabled = await inBlender(
      box,
      launcher,
      theirInstall.replace("ROWS", () => text),
    );
    expect(enabled).toEqual(
      Object.fromEntries(
        theirs.map(({ own, reason, unlike }) => [
          own,
          reason === undefined || unlike !== undefined,
        ]),
      ),
    );
  });
});
