// The Python that wheels are chosen for.

import type { MarkerEnvironment } from "./marker.ts";

/** A Python on some machine: what decides which wheels it takes and what they need there. */
export interface WheelTarget {
  /** As messages call it: `blender-5.0-windows-x64`. */
  name: string;
  /** Its full version: `3.11.13`. */
  python: string;
  /** Wheel tags that it takes (PEP 425), best first. */
  tags: readonly string[];
  markers: MarkerEnvironment;
  /** Versions of the packages that are there already and stay, by normalised name. */
  bundled: Readonly<Record<string, string>>;
  /**
   * Where it stands for several Blenders: the versions of each package of `bundled`, all of which have
   * to do. `bundled` has them in one text then, `1.24.3 and 1.26.4`.
   */
  bundledAs?: ReadonlyMap<string, readonly string[]>;
}
