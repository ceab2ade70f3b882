import { parseWheelName } from "./filename.ts";

/** Why a wheel doesn't fit a Python, and what would. */
export interface Mismatch {
  /** Half a sentence in a user's terms: "is for CPython 3.12, this is CPython 3.11". */
  reason: string;
  /** The target's tag that is nearest to the wheel's. */
  closest: string;
}

interface Tag {
  python: string;
  abi: string;
  platform: string;
}

function parse(tag: string): Tag {
  const [python = "", abi = "", platform = ""] = tag.split("-");
  return { python, abi, platform };
}

/**
 * How well a wheel fits: the place of its best tag in the target's list (PEP 425), 0 is best;
 * undefined where none of its tags is there.
 *
 * @param target the tags that a Python takes, best first.
 */
export function rankOf(tags: readonly string[], target: readonly string[]): number | undefined {
  const ranks = tags.map((tag) => target.indexOf(tag)).filter((rank) => rank !== -1);
  return ranks.length === 0 ? undefined : Math.min(...ranks);
}

const implementations: Record<string, string> = { cp: "CPython", pp: "PyPy", py: "Python" };

/** `cp311` as people say it: CPython 3.11. */
function pythonName(tag: string): string {
  const match = /^([a-z]+)(\d)(\d*)$/.exec(tag);
  if (match === null) return tag;
  const [, short = "", major, minor] = match;
  return `${implementations[short] ?? short} ${major}${minor ? `.${minor}` : ""}`;
}

/** The operating system and machine of a platform tag (PEP 425, 600, 656). */
function familyOf(platform: string): { system: string; machine: string } {
  const machine = /(x86_64|amd64|i686|aarch64|arm64|armv7l|ppc64le|s390x|universal2|win32)$/.exec(
    platform,
  )?.[1];
  let system = platform;
  if (/^(many)?linux/.test(platform)) system = "Linux (glibc)";
  else if (platform.startsWith("musllinux")) system = "Linux (musl)";
  else if (platform.startsWith("macosx")) system = "macOS";
  else if (platform.startsWith("win")) system = "Windows";
  return { system, machine: machine ?? "" };
}

/** The glibc or musl version that a platform tag asks for, as a number that compares. */
function libcOf(platform: string): { text: string; order: number } | undefined {
  const match = /^(?:many|musl)linux_(\d+)_(\d+)_/.exec(platform);
  if (match === null) return undefined;
  const [, major, minor] = match;
  return { text: `${major}.${minor}`, order: Number(major) * 1000 + Number(minor) };
}

function platformReason(platform: string, target: readonly Tag[]): string {
  const own = target.find((tag) => tag.platform !== "any")?.platform ?? "any";
  const [wheel, here] = [familyOf(platform), familyOf(own)];
  const [needs, has] = [libcOf(platform), libcOf(own)];
  if (wheel.system === here.system && wheel.machine === here.machine && needs && has) {
    const library = wheel.system.includes("musl") ? "musl" : "glibc";
    if (needs.order > has.order) return `needs ${library} ${needs.text}, there is ${has.text}`;
  }
  const name = ({ system, machine }: typeof wheel) => `${system}${machine ? ` ${machine}` : ""}`;
  return `is for ${name(wheel)} (${platform}), this is ${name(here)}`;
}

function nearness(wheel: Tag, tag: Tag): number {
  const [a, b] = [familyOf(wheel.platform), familyOf(tag.platform)];
  let score = 0;
  if (wheel.platform === tag.platform) score += 4;
  else if (a.system === b.system) score += a.machine === b.machine ? 3 : 1;
  if (wheel.python === tag.python) score += 3;
  else if (wheel.python.slice(0, 2) === tag.python.slice(0, 2)) score += 1;
  if (wheel.abi === tag.abi) score += 2;
  return score;
}

/**
 * Says why a wheel that has no rank doesn't fit, by the tag that is nearest to fitting.
 *
 * @param tags the wheel's expanded tags, at least one.
 * @param target the tags that the Python takes, best first, at least one.
 */
export function mismatchOf(tags: readonly string[], target: readonly string[]): Mismatch {
  const wanted = target.map(parse);
  const pythons = new Set(wanted.map((tag) => tag.python));
  const platforms = new Set(wanted.map((tag) => tag.platform));
  const own = wanted[0]?.python ?? "";
  let best = { score: -1, wheel: parse(tags[0] ?? ""), closest: target[0] ?? "" };
  for (const wheel of tags.map(parse)) {
    for (const [index, tag] of wanted.entries()) {
      const score = nearness(wheel, tag);
      if (score > best.score) best = { score, wheel, closest: target[index] ?? "" };
    }
  }
  const { wheel, closest } = best;
  if (!pythons.has(wheel.python)) {
    const reason = `is for ${pythonName(wheel.python)}, this is ${pythonName(own)}`;
    return { reason, closest };
  }
  if (!platforms.has(wheel.platform)) {
    return { reason: platformReason(wheel.platform, wanted), closest };
  }
  return { reason: `has the ABI ${wheel.abi}, this is ${wanted[0]?.abi ?? ""}`, closest };
}

/** A wheel that a Python doesn't take. */
export interface Misfit extends Mismatch {
  filename: string;
}

/** The wheels among these that don't fit; names that aren't wheels' are passed over. */
export function misfitsOf(filenames: readonly string[], target: readonly string[]): Misfit[] {
  return filenames.flatMap((filename) => {
    const wheel = parseWheelName(filename);
    if (wheel === undefined || rankOf(wheel.tags, target) !== undefined) return [];
    return [{ filename, ...mismatchOf(wheel.tags, target) }];
  });
}
