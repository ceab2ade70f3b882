// Platform tags of wheels, and why one doesn't fit another.

/** A platform tag (PEP 425, 600, 656) taken apart. */
export interface Platform {
  /** The tag: `manylinux_2_28_x86_64`. */
  text: string;
  /** As people say it; `any` for no particular one, the tag's own word for one unknown here. */
  system: string;
  /** As the tag writes it: x86_64, amd64, universal2; empty where it names none. */
  machine: string;
  /** The oldest glibc, musl or macOS that takes the wheel, where the tag says one. */
  version: readonly [major: number, minor: number] | undefined;
}

const glibc = "Linux with glibc";
const musl = "Linux with musl";

// PEP 600: the older names and the glibc that each stands for.
const legacy: Record<string, string> = {
  manylinux1: "manylinux_2_5",
  manylinux2010: "manylinux_2_12",
  manylinux2014: "manylinux_2_17",
};

const versioned: Record<string, string> = { manylinux: glibc, musllinux: musl, macosx: "macOS" };

/** Takes a platform tag apart, in lower case. */
export function parsePlatform(text: string): Platform {
  const full = text.replace(/^manylinux(1|2010|2014)(?=_)/, (name) => legacy[name] ?? name);
  const match = /^(manylinux|musllinux|macosx)_(\d+)_(\d+)_(\w+)$/.exec(full);
  if (match !== null) {
    const [, kind = "", major, minor, machine = ""] = match;
    const version = [Number(major), Number(minor)] as const;
    return { text, system: versioned[kind] ?? kind, machine, version };
  }
  if (text === "win32") return { text, system: "Windows", machine: "32-bit", version: undefined };
  const [, kind = text, machine = ""] = /^(linux|win)_(\w+)$/.exec(text) ?? [];
  const system = { linux: "Linux", win: "Windows" }[kind] ?? kind;
  return { text, system, machine, version: undefined };
}

/** Whether a tag names Linux without a C library, as only wheels do that were built locally. */
export function isPlainLinux({ system }: Platform): boolean {
  return system === "Linux";
}

function nameOf({ system, machine }: Platform): string {
  return machine === "" ? system : `${system}, ${machine}`;
}

function versionText([major, minor]: readonly [number, number], system: string): string {
  // Since macOS 11 tags count major versions only.
  return system === "macOS" && major > 10 ? `${major}` : `${major}.${minor}`;
}

const libraries: Record<string, string> = { [glibc]: "glibc", [musl]: "musl" };

/** The older of what a set of newer wheels asks for, against the newest that the target takes. */
function newerThan(wanted: readonly Platform[], target: readonly Platform[]): string | undefined {
  const order = ([major, minor]: readonly [number, number]) => major * 10_000 + minor;
  const needs = wanted.flatMap((one) => {
    const newest = target
      .filter(({ system, machine }) => system === one.system && machine === one.machine)
      .flatMap(({ version }) => (version === undefined ? [] : [version]))
      .sort((a, b) => order(b) - order(a))[0];
    if (one.version === undefined || newest === undefined) return [];
    if (order(one.version) <= order(newest)) return [];
    return [{ system: one.system, version: one.version, newest }];
  });
  const [least] = needs.sort((a, b) => order(a.version) - order(b.version));
  if (least === undefined) return undefined;
  const { system, version, newest } = least;
  return `needs ${libraries[system] ?? system} ${versionText(version, system)}, there is ${versionText(newest, system)}`;
}

/**
 * Says why none of a wheel's platforms is one of the target's.
 *
 * @param target the platforms of the target's tags, best first.
 * @returns a predicate ("needs glibc 2.34, there is 2.28"), undefined where one fits.
 */
export function platformMismatch(
  wanted: readonly Platform[],
  target: readonly Platform[],
): string | undefined {
  const known = new Set(target.map((platform) => platform.text));
  if (wanted.some((platform) => known.has(platform.text))) return undefined;
  const newer = newerThan(wanted, target);
  if (newer !== undefined) return newer;
  const named = target.filter((platform) => platform.system !== "any");
  // pip from 24 on lists plain Linux first, which says less.
  const own = named.find((platform) => !isPlainLinux(platform)) ?? named[0];
  const names = [...new Set(wanted.map(nameOf))];
  const here = own === undefined ? "any platform" : nameOf(own);
  // What differs is in the tags' smaller print, such as a glibc that is too old for any.
  if (names.includes(here)) return `is for ${wanted[0]?.text}, this is ${own?.text}`;
  return `is for ${names.join(" or ")}, this is ${here}`;
}
