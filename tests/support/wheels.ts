// Small real wheels, made by the tests.

import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { zipSync } from "fflate";

export interface MadeWheel {
  name: string;
  version?: string;
  tag?: string;
  /** Incompressible bytes inside, for a wheel of about this size. */
  padding?: number;
  /** Requirements of the wheel. */
  requires?: string[];
  /** Console scripts: `module:function` by name. */
  scripts?: Record<string, string>;
  /** More modules inside the package: text by file name. */
  files?: Record<string, string>;
  /** What lies at the top of the wheel instead of the package: text by path. */
  top?: Record<string, string>;
  /** More files in the metadata folder: text by file name. */
  info?: Record<string, string>;
  /** Further lines of METADATA. */
  metadata?: string[];
  /** The build tag (PEP 427): which of several wheels of a version is newer. */
  build?: string;
  /** More files anywhere in the wheel: text by path; `NAME-VERSION.data/data/…` is beside modules. */
  anywhere?: Record<string, string>;
}

const text = (lines: string[]) => new TextEncoder().encode(`${lines.join("\n")}\n`);

function noise(bytes: number): Uint8Array {
  const data = new Uint8Array(bytes);
  for (let offset = 0; offset < bytes; offset += 65_536) {
    crypto.getRandomValues(data.subarray(offset, offset + 65_536));
  }
  return data;
}

const lines = (scripts: Record<string, string>) =>
  Object.entries(scripts).map(([name, target]) => `${name} = ${target}`);

/** The bytes of a wheel that pip installs: a module NAME with VERSION in it. */
export function wheelBytes(wheel: MadeWheel): Uint8Array {
  const {
    name,
    version = "1.0",
    tag = "py3-none-any",
    padding = 0,
    requires = [],
    scripts,
    files: more = {},
    info: about = {},
    metadata = [],
    anywhere = {},
  } = wheel;
  const { top = { [`${name}/__init__.py`]: `__version__ = ${JSON.stringify(version)}` } } = wheel;
  const below = (folder: string, texts: Record<string, string>) =>
    Object.fromEntries(
      Object.entries(texts).map(([file, content]) => [`${folder}${file}`, text([content])]),
    );
  const info = `${name}-${version}.dist-info`;
  const files = {
    ...below("", top),
    ...below(`${name}/`, more),
    ...below(`${info}/`, about),
    ...below("", anywhere),
    ...(scripts === undefined
      ? {}
      : { [`${info}/entry_points.txt`]: text(["[console_scripts]", ...lines(scripts)]) }),
    ...(padding > 0 ? { [`${name}/noise.bin`]: noise(padding) } : {}),
    [`${info}/METADATA`]: text([
      "Metadata-Version: 2.1",
      `Name: ${name}`,
      `Version: ${version}`,
      ...requires.map((requirement) => `Requires-Dist: ${requirement}`),
      ...metadata,
    ]),
    [`${info}/WHEEL`]: text(["Wheel-Version: 1.0", "Root-Is-Purelib: true", `Tag: ${tag}`]),
  };
  const hash = (bytes: Uint8Array) =>
    new Bun.CryptoHasher("sha256").update(bytes).digest("base64url").replace(/=+$/, "");
  const record = [
    ...Object.entries(files).map(
      ([file, bytes]) => `${file},sha256=${hash(bytes)},${bytes.length}`,
    ),
    `${info}/RECORD,,`,
  ];
  return zipSync({ ...files, [`${info}/RECORD`]: text(record) }, { level: 0 });
}

/** Writes a wheel into a folder; gives its path. */
export async function writeWheel(folder: string, wheel: MadeWheel): Promise<string> {
  const { name, version = "1.0", tag = "py3-none-any", build } = wheel;
  const parts = [name, version, ...(build === undefined ? [] : [build]), tag];
  const path = join(folder, `${parts.join("-")}.whl`);
  await mkdir(dirname(path), { recursive: true });
  await Bun.write(path, wheelBytes(wheel));
  return path;
}
