// The parts of a 64-bit Mach-O file that say how it is signed (macOS' loader.h and cs_blobs.h).

const MAGIC = 0xfeedfacf;
const LC_SEGMENT_64 = 0x19;
const LC_CODE_SIGNATURE = 0x1d;
const HEADER = 32;
const CODE_DIRECTORY = 0xfade0c02;

/** A program for macOS, as far as its signature goes. */
export interface MachO {
  arch: "x64" | "arm64" | "other";
  /** The load command that names the signature, in bytes of the file; undefined where there is none. */
  signature: { command: number; offset: number; size: number } | undefined;
  /** Where the load command of the segment __LINKEDIT is, which holds the signature at its end. */
  linkEdit: number;
}

/** @throws Error where it is no 64-bit Mach-O file of a processor that counts as x64 and arm64 do. */
export function machO(file: Buffer): MachO {
  if (file.readUInt32LE(0) !== MAGIC) throw new Error("no 64-bit Mach-O file");
  const cpu = file.readUInt32LE(4);
  let signature: MachO["signature"];
  let linkEdit = 0;
  let at = HEADER;
  for (let left = file.readUInt32LE(16); left > 0; left--) {
    const kind = file.readUInt32LE(at);
    if (kind === LC_CODE_SIGNATURE)
      signature = {
        command: at,
        offset: file.readUInt32LE(at + 8),
        size: file.readUInt32LE(at + 12),
      };
    if (kind === LC_SEGMENT_64 && file.toString("latin1", at + 8, at + 18) === "__LINKEDIT")
      linkEdit = at;
    at += file.readUInt32LE(at + 4);
  }
  const arch = cpu === 0x1000007 ? "x64" : cpu === 0x100000c ? "arm64" : "other";
  return { arch, signature, linkEdit };
}

/** How many of the pages that its signature has hashes of are others; undefined without a signature. */
export function pagesChanged(file: Buffer): number | undefined {
  const { signature } = machO(file);
  if (signature === undefined) return undefined;
  const blobs = file.readUInt32BE(signature.offset + 8);
  for (let index = 0; index < blobs; index++) {
    const at = signature.offset + file.readUInt32BE(signature.offset + 16 + 8 * index);
    if (file.readUInt32BE(at) === CODE_DIRECTORY) return changedIn(file, at);
  }
  throw new Error("a signature without a code directory");
}

function changedIn(file: Buffer, directory: number): number {
  const hashes = directory + file.readUInt32BE(directory + 16);
  const pages = file.readUInt32BE(directory + 28);
  const limit = file.readUInt32BE(directory + 32);
  const size = file.readUInt8(directory + 36);
  const page = 2 ** file.readUInt8(directory + 39);
  let changed = 0;
  for (let index = 0; index < pages; index++) {
    const content = file.subarray(index * page, Math.min((index + 1) * page, limit));
    const hash = new Bun.CryptoHasher("sha256").update(content).digest();
    const at = hashes + index * size;
    if (!hash.subarray(0, size).equals(file.subarray(at, at + size))) changed++;
  }
  return changed;
}

/** The file without its signature, as `codesign --remove-signature` leaves it. */
export function withoutSignature(file: Buffer): Buffer {
  const { signature, linkEdit } = machO(file);
  if (signature === undefined) return file;
  const { command, offset, size } = signature;
  const commands = file.readUInt32LE(16);
  const commandBytes = file.readUInt32LE(20);
  const length = file.readUInt32LE(command + 4);
  if (command + length !== HEADER + commandBytes || offset + size !== file.length)
    throw new Error("something follows the signature");
  const rest = Buffer.from(file.subarray(0, offset));
  rest.fill(0, command, command + length);
  rest.writeUInt32LE(commands - 1, 16);
  rest.writeUInt32LE(commandBytes - length, 20);
  // The segment ends where the file does.
  const start = Number(rest.readBigUInt64LE(linkEdit + 40));
  rest.writeBigUInt64LE(BigInt(offset - start), linkEdit + 48);
  return rest;
}
