import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
  candidatesAt,
  findBlenders,
  type SearchPlace,
  usualPlaces,
} from "../../../../src/local/blender/find-blenders.ts";
import { posixGroup } from "../../../support/systems.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "discover-test-"));
});
afterEach(() => rm(root, { recursive: true }));

async function program(name: string, says = "Blender 4.3.2"): Promise<string> {
  const path = join(root, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `#!/bin/sh\necho '${says}'\n`);
  await chmod(path, 0o755);
  return path;
}

/** The usual places with the test's folder in the place of the root. */
function places(platform: NodeJS.Platform, env: NodeJS.ProcessEnv = {}): SearchPlace[] {
  return usualPlaces(platform, env, "/home/me").map(({ folder, pattern }) => ({
    folder: join(root, folder),
    pattern,
  }));
}

posixGroup("its programs are shell scripts")("candidatesAt", () => {
  test.each([
    "opt/blender-4.3.2-linux-x64/blender",
    "opt/blender/4.2/blender",
    "opt/blender/blender",
    "usr/local/blender-3.6/blender",
    "usr/local/bin/blender",
    "home/me/blender-5.0.1-linux-x64/blender",
    "home/me/Downloads/blender-4.5/blender",
    "home/me/.local/share/blender-4.5/blender",
    "snap/bin/blender",
    "var/lib/flatpak/exports/bin/org.blender.Blender",
    "home/me/.local/share/flatpak/exports/bin/org.blender.Blender",
    "home/me/.local/share/Steam/steamapps/common/Blender/blender",
  ])("finds /%s on Linux", async (name) => {
    const path = await program(name);
    expect(await candidatesAt(places("linux"))).toEqual([path]);
  });

  test.each([
    "Applications/Blender.app/Contents/MacOS/Blender",
    "Applications/Blender 4.2.app/Contents/MacOS/Blender",
    "Applications/Blender/Blender.app/Contents/MacOS/Blender",
    "home/me/Applications/Blender.app/Contents/MacOS/Blender",
  ])("finds /%s on macOS", async (name) => {
    const path = await program(name);
    expect(await candidatesAt(places("darwin"))).toEqual([path]);
  });

  test("on macOS several versions beside each other, and Homebrew's command only once", async () => {
    const versions = ["Blender 4.2.app", "Blender-5.0.app", "blender/Blender 4.5.app"];
    const inner = (app: string) => `Applications/${app}/Contents/MacOS/Blender`;
    const found = await Promise.all(versions.map((app) => program(inner(app))));
    const command = join(root, "opt/homebrew/bin/blender");
    await mkdir(dirname(command), { recursive: true });
    await writeFile(command, `#!/bin/bash\n'${found[0]}' "$@"\n`, { mode: 0o755 });
    const PATH = "/opt/homebrew/bin:/usr/bin";
    expect((await candidatesAt(places("darwin", { PATH }))).sort()).toEqual(found.sort());
  });

  test("Windows: Program Files and Steam, wherever they are", () => {
    const env = { ProgramFiles: "D:\\Programs", PATH: "C:\\tools;relative" };
    const found = usualPlaces("win32", env, "C:\\Users\\me");
    expect(found).toContainEqual({
      folder: "D:\\Programs\\Blender Foundation",
      pattern: "*/blender.exe",
    });
    expect(found).toContainEqual({ folder: "C:\\tools", pattern: "blender.exe" });
    expect(found.filter(({ folder }) => folder === "relative")).toEqual([]);
  });

  test("PATH comes first, and what links lead to is found once", async () => {
    const path = await program("opt/blender-4.3/blender");
    await mkdir(join(root, "bin"));
    await symlink(path, join(root, "bin/blender"));
    expect(await candidatesAt(places("linux", { PATH: "/bin:/nowhere" }))).toEqual([
      join(root, "bin/blender"),
    ]);
  });

  test("folders, dangling links and files that can't be run are left out", async () => {
    await mkdir(join(root, "opt/blender-1/blender"), { recursive: true });
    await mkdir(join(root, "opt/blender-2"));
    await symlink("nowhere", join(root, "opt/blender-2/blender"));
    await chmod(await program("opt/blender-3/blender"), 0o644);
    expect(await candidatesAt(places("linux"))).toEqual([]);
  });
});

posixGroup("its programs are shell scripts")("findBlenders", () => {
  test("takes those that say they are Blender, newest first", async () => {
    const candidates = [
      await program("a/blender", "Blender 4.2.10 LTS"),
      await program("b/blender", "something else"),
      await program("c/blender", "Blender 4.10.0"),
      await program("d/blender", "Blender 4.2.9"),
    ];
    const found = await findBlenders(candidates, new AbortController().signal);
    expect(found.map(({ version }) => version)).toEqual(["4.10.0", "4.2.10", "4.2.9"]);
  });

  test("an interruption isn't an empty answer", async () => {
    const path = await program("a/blender");
    const reason = new Error("stop");
    await expect(findBlenders([path], AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});
