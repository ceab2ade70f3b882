// Finds the Blenders that are installed on this machine: PATH first, then the usual folders.

import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { join, posix, win32 } from "node:path";
import { foldersOnPath } from "../files/programs.ts";
import { realPath } from "../files/real-path.ts";
import { type Blender, identifyBlender } from "./executable.ts";
import { behindWrapper } from "./mac-application.ts";

/** A folder, and the executables in it that may be a Blender, as a glob pattern. */
export interface SearchPlace {
  folder: string;
  pattern: string;
}

function onPath(env: NodeJS.ProcessEnv, name: string, separator: string): SearchPlace[] {
  return foldersOnPath(env, separator).map((folder) => ({ folder, pattern: name }));
}

function linuxPlaces(env: NodeJS.ProcessEnv, home: string): SearchPlace[] {
  const unpacked = ["/opt", "/usr/local", home];
  const inHome = ["Downloads", "Applications", "apps", "software", ".local", ".local/share"];
  unpacked.push(...inHome.map((name) => posix.join(home, name)));
  const steam = "steamapps/common/Blender/blender";
  return [
    ...onPath(env, "blender", ":"),
    { folder: "/usr/local/bin", pattern: "blender" },
    { folder: "/usr/bin", pattern: "blender" },
    ...unpacked.flatMap((folder) => [
      { folder, pattern: "[Bb]lender*/blender" },
      { folder, pattern: "[Bb]lender/*/blender" },
    ]),
    { folder: "/snap/bin", pattern: "blender" },
    { folder: "/var/lib/flatpak/exports/bin", pattern: "org.blender.Blender" },
    {
      folder: posix.join(home, ".local/share/flatpak/exports/bin"),
      pattern: "org.blender.Blender",
    },
    { folder: posix.join(home, ".local/share/Steam"), pattern: steam },
    { folder: posix.join(home, ".steam/steam"), pattern: steam },
  ];
}

function macPlaces(env: NodeJS.ProcessEnv, home: string): SearchPlace[] {
  const inner = "Contents/MacOS/Blender";
  return [
    ...onPath(env, "blender", ":"),
    ...["/Applications", posix.join(home, "Applications")].flatMap((folder) => [
      { folder, pattern: `[Bb]lender*.app/${inner}` },
      { folder, pattern: `[Bb]lender*/[Bb]lender*.app/${inner}` },
    ]),
    {
      folder: posix.join(home, "Library/Application Support/Steam"),
      pattern: `steamapps/common/Blender/Blender.app/${inner}`,
    },
  ];
}

function windowsPlaces(env: NodeJS.ProcessEnv, home: string): SearchPlace[] {
  const programs = env["ProgramFiles"] || "C:\\Program Files";
  const programs32 = env["ProgramFiles(x86)"] || "C:\\Program Files (x86)";
  const local = env["LOCALAPPDATA"] || win32.join(home, "AppData", "Local");
  const steam = "Steam/steamapps/common/Blender/blender.exe";
  return [
    ...onPath(env, "blender.exe", ";"),
    { folder: win32.join(programs, "Blender Foundation"), pattern: "*/blender.exe" },
    { folder: win32.join(programs32, "Blender Foundation"), pattern: "*/blender.exe" },
    { folder: win32.join(local, "Programs"), pattern: "Blender*/blender.exe" },
    { folder: win32.join(local, "Programs", "Blender Foundation"), pattern: "*/blender.exe" },
    { folder: win32.join(home, "scoop", "apps", "blender"), pattern: "current/blender.exe" },
    { folder: programs32, pattern: steam },
    { folder: programs, pattern: steam },
  ];
}

/** Where Blenders usually are on an operating system: PATH first, then the usual folders. */
export function usualPlaces(
  platform: NodeJS.Platform,
  env: NodeJS.ProcessEnv,
  home: string,
): SearchPlace[] {
  if (platform === "win32") return windowsPlaces(env, home);
  if (platform === "darwin") return macPlaces(env, home);
  return linuxPlaces(env, home);
}

async function filesAt({ folder, pattern }: SearchPlace): Promise<string[]> {
  const found: string[] = [];
  try {
    const scan = new Bun.Glob(pattern).scan({ cwd: folder, followSymlinks: true, dot: true });
    for await (const name of scan) found.push(join(folder, name));
  } catch {
    // A folder that doesn't exist, or that we may not read, holds no Blender for us.
  }
  return found.sort();
}

/** The executable files at the places, each once however many links lead to it. */
export async function candidatesAt(places: readonly SearchPlace[]): Promise<string[]> {
  const files = (await Promise.all(places.map(filesAt))).flat();
  const seen = new Map<string, string>();
  for (const found of files) {
    try {
      await access(found, constants.X_OK);
      const file = behindWrapper(found);
      const real = await realPath(file);
      if (!seen.has(real)) seen.set(real, file);
    } catch {
      // A dangling link, or not executable.
    }
  }
  return [...seen.values()];
}

/** Those of the candidates that say they are Blender, newest first. */
export async function findBlenders(
  candidates: readonly string[],
  signal: AbortSignal,
): Promise<Blender[]> {
  const answers = await Promise.allSettled(
    candidates.map((candidate) => identifyBlender(candidate, signal)),
  );
  signal.throwIfAborted();
  return answers
    .flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []))
    .sort((a, b) => Bun.semver.order(b.version, a.version));
}
