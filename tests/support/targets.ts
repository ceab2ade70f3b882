// Pythons that wheels are chosen for, and what one of them answers to markers.

import { type BlenderTarget, targetNamed } from "../../src/wheels/blender-targets.ts";

/** An official Blender of this name, `blender-4.2-linux-x64`. */
export function officialBlender(name: string): BlenderTarget {
  const target = targetNamed(name);
  if (target === undefined) throw new Error(`there is no ${name}`);
  return target;
}

/** What Linux answers to markers. */
export const linuxMarkers = {
  implementation_name: "cpython",
  implementation_version: "3.11.7",
  os_name: "posix",
  platform_machine: "x86_64",
  platform_python_implementation: "CPython",
  platform_release: "6.1.0-41-amd64",
  platform_system: "Linux",
  platform_version: "#1 SMP",
  python_full_version: "3.11.7",
  python_version: "3.11",
  sys_platform: "linux",
};
