// Zip archives as broken, hostile and odd tools write them.

import { crc32, deflateRawSync } from "node:zlib";

/** One entry; what isn't given is what an honest tool on Unix writes. */
export interface ZipEntry {
  name: string | Uint8Array;
  data?: string | Uint8Array;
  /** Unix' mode; the upper half of the external attributes. */
  mode?: number;
  stored?: boolean;
  /** General purpose bit flag; default: names are UTF-8. */
  flags?: number;
  method?: number;
  crc?: number;
  /** The size that the directory says. */
  size?: number;
}

const bytesOf = (value: string | Uint8Array) =>
  typeof value === "string" ? Buffer.from(value) : value;

function record(
  signature: number,
  fields: readonly (readonly [size: 2 | 4, value: number])[],
): Buffer {
  const buffer = Buffer.alloc(4 + fields.reduce((sum, [size]) => sum + size, 0));
  buffer.writeUInt32LE(signature);
  let at = 4;
  for (const [size, value] of fields) {
    if (size === 2) buffer.writeUInt16LE(value, at);
    else buffer.writeUInt32LE(value, at);
    at += size;
  }
  return buffer;
}

/** A zip (APPNOTE 4.3), as honest or as false as its entries. Its count wraps around at 65,536. */
export function zip(entries: readonly ZipEntry[]): Buffer {
  const pieces: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const entry of entries) {
    const name = bytesOf(entry.name);
    const data = bytesOf(entry.data ?? "");
    const packed = entry.stored === true ? data : deflateRawSync(data);
    const method = entry.method ?? (entry.stored === true ? 0 : 8);
    const flags = entry.flags ?? 0x800;
    const crc = entry.crc ?? crc32(data);
    const size = entry.size ?? data.length;
    const common = [
      [2, 20],
      [2, flags],
      [2, method],
      [2, 0],
      [2, 0x21],
      [4, crc],
      [4, packed.length],
      [4, size],
      [2, name.length],
      [2, 0],
    ] as const;
    const local = record(0x04034b50, common);
    const mode = entry.mode ?? (Buffer.from(name).toString().endsWith("/") ? 0o40755 : 0o100644);
    directory.push(
      record(0x02014b50, [
        [2, (3 << 8) | 20],
        ...common,
        [2, 0],
        [2, 0],
        [2, 0],
        [4, (mode << 16) >>> 0],
        [4, offset],
      ]),
      name,
    );
    pieces.push(local, name, packed);
    offset += local.length + name.length + packed.length;
  }
  const listed = Buffer.concat(directory);
  const count = entries.length % 65_536;
  const end = record(0x06054b50, [
    [2, 0],
    [2, 0],
    [2, count],
    [2, count],
    [4, listed.length],
    [4, offset],
    [2, 0],
  ]);
  return Buffer.concat([...pieces, listed, end]);
}

/** A zip of these files. */
export function zipOf(files: Readonly<Record<string, string>>): Buffer {
  return zip(Object.entries(files).map(([name, data]) => ({ name, data })));
}
