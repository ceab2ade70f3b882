// The Blenders that the tests use, and what else of other people's they need.

import { ensurePackages, installedPackages } from "./apt.ts";
import { arm64System, arm64Unavailable, installArm64 } from "./arm64.ts";
import { BPY_VERSION, installBpy, OLD_BPY_VERSION, sharedBpyLauncher } from "./bpy.ts";
import { installMcpAddon, mcpAddon } from "./mcp.ts";
import { otherDebianUnavailable } from "./other_debian.ts";
import { DevError } from "./process.ts";
import {
  installPeers,
  installPublishedAddon,
  PUBLISHED_VERSION,
  publishedAddon,
} from "./published.ts";
import { installTrixie, trixie } from "./trixie.ts";
import {
  installWindows,
  WINDOWS_BLENDER_VERSION,
  windowsLab,
  windowsUnavailable,
} from "./windows.ts";

export { type BpyEnvironment, bpyEnvironment } from "./bpy.ts";
export { MCP_MODULE, mcpAddon } from "./mcp.ts";
export { installPeers, peersPython, publishedAddon } from "./published.ts";

const DEBIAN_PACKAGES = ["blender", "python3-pip", "python3-venv"];
const GUI_PACKAGES = ["xvfb", "xauth", "libgl1-mesa-dri"];

export interface Blender {
  name: "debian" | "bpy" | "trixie";
  version: string;
  launcher: string;
}

/** A thing that tests need: a Blender, or something beside it. */
export interface Part {
  name: Blender["name"] | "bpy-4.2" | "windows" | "arm64" | "gui" | "published" | "mcp";
  version: string;
  /** The executable; of an add-on and of Windows its folder, of arm64 its Bun. */
  path: string;
  state: "ready" | "missing" | "unavailable";
  /** What is missing and what to do, or why it can't be had here. */
  reason: string;
}

/** The Blenders that are installed now. `bpy` is shared: use bpyEnvironment to install into one. */
export async function blenders(): Promise<Blender[]> {
  const found: Blender[] = [];
  for (const { name, version, path, state } of await parts())
    if (state === "ready" && isBlenderHere(name)) found.push({ name, version, launcher: path });
  return found;
}

/** Whether this part is a Blender that this system runs itself. */
export function isBlenderHere(name: Part["name"]): name is Blender["name"] {
  return name === "debian" || name === "bpy" || name === "trixie";
}

export async function blender(name: Blender["name"]): Promise<Blender | undefined> {
  return (await blenders()).find((one) => one.name === name);
}

/** Whether a Blender with a window can run (`xvfb-run -a blender …`). */
export async function canRunWindow(): Promise<boolean> {
  return (await parts()).some(({ name, state }) => name === "gui" && state === "ready");
}

/** What there is now, without installing anything. */
export async function parts(): Promise<Part[]> {
  const packages = await installedPackages([...DEBIAN_PACKAGES, ...GUI_PACKAGES]);
  const inTrixie = await trixie();
  const trixieReason = inTrixie ? "" : await otherDebianUnavailable();
  const windows = await windowsLab();
  const windowsReason = await windowsUnavailable();
  const arm64 = await arm64System();
  const arm64Reason = arm64 ? "" : await arm64Unavailable();
  const addon = publishedAddon();
  const mcp = await mcpAddon();
  return [
    part(
      "debian",
      upstreamVersion(packages.get("blender")),
      has(packages, DEBIAN_PACKAGES) && "/usr/bin/blender",
    ),
    part("bpy", BPY_VERSION, await sharedBpyLauncher()),
    part("bpy-4.2", OLD_BPY_VERSION, await sharedBpyLauncher(OLD_BPY_VERSION)),
    trixieReason
      ? unavailable("trixie", trixieReason)
      : part("trixie", inTrixie?.version, inTrixie?.launcher),
    windowsReason
      ? unavailable("windows", windowsReason)
      : part("windows", WINDOWS_BLENDER_VERSION, windows?.template),
    arm64Reason ? unavailable("arm64", arm64Reason) : part("arm64", Bun.version, arm64?.bun),
    part(
      "gui",
      upstreamVersion(packages.get("xvfb")),
      has(packages, GUI_PACKAGES) && "/usr/bin/xvfb-run",
    ),
    part("published", PUBLISHED_VERSION, addon),
    part("mcp", mcp?.version, mcp?.scripts),
  ];
}

function part(
  name: Part["name"],
  version: string | undefined,
  path: string | false | undefined,
): Part {
  if (!path) return { name, version: "", path: "", state: "missing", reason: "not installed" };
  return { name, version: version ?? "", path, state: "ready", reason: "" };
}

function unavailable(name: Part["name"], reason: string): Part {
  return { name, version: "", path: "", state: "unavailable", reason };
}

function has(packages: Map<string, string>, names: string[]): boolean {
  return names.every((name) => packages.has(name));
}

/** "2:21.1.7-3+deb12u13" is 21.1.7. */
function upstreamVersion(debian = ""): string {
  return /^(?:\d+:)?([0-9.]+)/.exec(debian)?.[1] ?? "";
}

const INSTALLERS: Record<Part["name"], () => Promise<unknown>> = {
  debian: () => ensurePackages(DEBIAN_PACKAGES, "Debian's Blender"),
  bpy: () => installBpy(),
  "bpy-4.2": () => installBpy(OLD_BPY_VERSION),
  trixie: installTrixie,
  windows: installWindows,
  arm64: installArm64,
  gui: () => ensurePackages(GUI_PACKAGES, "a virtual display"),
  published: installPublishedAddon,
  mcp: installMcpAddon,
};

export interface InstallOptions {
  /** Also the published CLI, for comparing speeds. */
  peers?: boolean;
  /** Nothing but these. */
  only?: readonly Part["name"][];
}

/** Installs what is missing and can be had; what there is then. */
export async function installBlenders(options: InstallOptions = {}): Promise<Part[]> {
  const failures = new Map<Part["name"], string>();
  for (const { name, state } of await parts()) {
    if (state !== "missing" || options.only?.includes(name) === false) continue;
    try {
      await INSTALLERS[name]();
    } catch (error) {
      if (!(error instanceof DevError)) throw error;
      failures.set(name, error.message);
    }
  }
  if (options.peers) await installPeers();
  return (await parts()).map((one) =>
    one.state === "missing" ? { ...one, reason: failures.get(one.name) ?? one.reason } : one,
  );
}
