// The wheel tags that a CPython on a platform takes, best first.

type Version = readonly [major: number, minor: number];

/** PEP 600: the older names of manylinux, by the minor version of the glibc 2 that each means. */
const legacy: Readonly<Record<number, string>> = {
  17: "manylinux2014",
  12: "manylinux2010",
  5: "manylinux1",
};

/** From `first` down to `last`, both included. */
function down(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, first - last + 1) }, (_, index) => first - index);
}

/**
 * The platform tags of Linux with glibc on x86_64 (PEP 513, 571, 599, 600): plain Linux, then down to
 * glibc 2.5, each of the older names behind the one that it means.
 *
 * @param minor of the glibc 2 there.
 */
export function linuxPlatforms(minor: number): string[] {
  const names = down(minor, 5).flatMap((one) => {
    const older = legacy[one];
    return [`manylinux_2_${one}`, ...(older === undefined ? [] : [older])];
  });
  return ["linux", ...names].map((name) => `${name}_x86_64`);
}

/** What one macOS runs: binaries for the machine alone, then those for several kinds of machines. */
function macFormats([major, minor]: Version, machine: "x86_64" | "arm64"): string[] {
  if (machine === "arm64") return major > 10 ? ["arm64", "universal2"] : ["universal2"];
  // Intel Macs begin with 10.4.
  if (major === 10 && minor < 4) return [];
  return ["x86_64", "intel", "fat64", "fat3", "universal2", "universal"];
}

/**
 * The platform tags of macOS (PEP 425). Since macOS 11 tags count major versions only; those for
 * 10.x fit newer systems as well, on Apple's own processors as far as they are universal2.
 */
export function macPlatforms([major, minor]: Version, machine: "x86_64" | "arm64"): string[] {
  const versions: Version[] =
    major > 10
      ? [
          ...down(major, 11).map((one) => [one, 0] as const),
          ...down(16, 4).map((one) => [10, one] as const),
        ]
      : down(minor, 0).map((one) => [10, one] as const);
  return versions.flatMap((version) =>
    macFormats(version, machine).map((format) => `macosx_${version[0]}_${version[1]}_${format}`),
  );
}

/**
 * Every tag (PEP 425) that a CPython 3 takes, in the order of packaging's `sys_tags`, which is pip's:
 * its own ABI, the stable one (PEP 384), none, the stable ABI of older versions down to 3.2, then
 * pure Python.
 *
 * @param minor of the CPython 3; built without debugging and with its lock.
 * @param platforms best first.
 */
export function cpythonTags(minor: number, platforms: readonly string[]): string[] {
  const own = `cp3${minor}`;
  const pythons = [`py3${minor}`, "py3", ...down(minor - 1, 0).map((older) => `py3${older}`)];
  const heads = [
    `${own}-${own}`,
    `${own}-abi3`,
    `${own}-none`,
    ...down(minor - 1, 2).map((older) => `cp3${older}-abi3`),
    ...pythons.map((python) => `${python}-none`),
  ];
  return [
    ...heads.flatMap((head) => platforms.map((platform) => `${head}-${platform}`)),
    ...[own, ...pythons].map((python) => `${python}-none-any`),
  ];
}
