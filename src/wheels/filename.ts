// What a wheel's file name says (PEP 427).

/** The parts of a wheel's file name (PEP 427, binary distribution format). */
export interface WheelName {
  filename: string;
  /** As it stands in the name; compare with `normalizedName`. */
  distribution: string;
  version: string;
  build: string | undefined;
  /** Expanded tags (PEP 425), `py3-none-any`; compressed sets give several. */
  tags: readonly string[];
}

// PEP 427: distribution-version(-build)?-python-abi-platform.whl; a build tag begins with a digit, a
// Python tag doesn't. pip passes over files with two underscores in the distribution's name.
const parts = String.raw`\w+(?:\.\w+)*`;
const pattern = new RegExp(
  String.raw`^((?:[A-Za-z0-9.]|_(?!_))+)-([\w.!+]+)(?:-(\d[\w.]*))?-((?!\d)\w+(?:\.(?!\d)\w+)*)-(${parts})-(${parts})\.whl$`,
);

/**
 * Reads a wheel's file name; undefined where it isn't one. No separator and no `..` component can
 * come through, since every part takes letters, digits and `_ . ! +` only.
 */
export function parseWheelName(filename: string): WheelName | undefined {
  const match = pattern.exec(filename);
  if (match === null) return undefined;
  const [, distribution = "", version = "", build, python = "", abi = "", platform = ""] = match;
  // Characters that are legal one by one could still make up a relative path.
  if (filename.length > 255 || filename.startsWith(".") || filename.includes(".."))
    return undefined;
  return { filename, distribution, version, build, tags: expanded(python, abi, platform) };
}

/** Of what was expanded: the wheels of a package have the same few sets. */
const known = new Map<string, readonly string[]>();

function expanded(pythons: string, abis: string, platforms: string): readonly string[] {
  const set = `${pythons}-${abis}-${platforms}`.toLowerCase();
  const there = known.get(set);
  if (there !== undefined) return there;
  const [python = [], abi = [], platform = []] = set.split("-").map((part) => part.split("."));
  const tags = python.flatMap((py) => abi.flatMap((a) => platform.map((p) => `${py}-${a}-${p}`)));
  known.set(set, tags);
  return tags;
}

/** Whether a wheel's name says that it fits every Python 3 on every platform. */
export function isUniversal(filename: string): boolean {
  return /-(?:py2\.)?py3-none-any\.whl$/.test(filename);
}

/** A distribution's name in its normalised form (PEP 503): `Foo.Bar_baz` is `foo-bar-baz`. */
export function normalizedName(name: string): string {
  return name.replace(/[-_.]+/g, "-").toLowerCase();
}

/** The package that a wheel's name says, normalised; empty where it is no wheel's name. */
export function packageOfWheel(filename: string): string {
  return normalizedName(parseWheelName(filename)?.distribution ?? "");
}

/**
 * Whether a file's name is one of a source archive, of which a wheel must be built: any tar, since
 * older ones follow no rule, and a zip with a version.
 */
export function isSourceArchive(filename: string): boolean {
  return (
    /\.(?:tar\.(?:gz|bz2|xz|lzma|lz|Z)|tgz|tbz2?|txz|tlz)$/i.test(filename) ||
    /^[^.].*-v?\d[^-]*\.zip$/i.test(filename)
  );
}
