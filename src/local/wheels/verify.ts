// Reads every member of a wheel, to find the damage that its archive's directory doesn't show.

import { type Entry, openPromise, type ZipFile } from "yauzl";
import { messageOf } from "../../failure.ts";
import { zipContent } from "../files/zip-content.ts";

/** What a wheel's RECORD says of a file. */
interface Recorded {
  /** URL-safe base64 without padding, as there; undefined where it has none of SHA-256. */
  sha256: string | undefined;
}

/** A RECORD's largest size in bytes that is read; the largest real ones have a tenth of it. */
const largestRecord = 64 * 1024 * 1024;

/** The cells of a RECORD's lines, which are CSV (PEP 376: commas, double quotes, any line end). */
function recordOf(text: string): Map<string, Recorded> {
  const cell = /(?:"((?:[^"]|"")*)"|([^,\r\n"]*))(,|\r\n|\r|\n|$)/y;
  const found = new Map<string, Recorded>();
  let row: string[] = [];
  for (let match = cell.exec(text); match !== null; match = cell.exec(text)) {
    const [whole, quoted, plain = "", end] = match;
    row.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end !== ",") {
      const [path = "", hash = ""] = row;
      const sha256 = /^sha256=([\w-]+)=*$/.exec(hash)?.[1];
      if (path !== "") found.set(path, { sha256 });
      row = [];
    }
    if (whole === "" || cell.lastIndex >= text.length) break;
  }
  return found;
}

function shown(entry: Entry): string {
  return JSON.stringify(entry.fileName.slice(0, 200));
}

/**
 * What is wrong with a member; undefined where nothing is, and once the signal has come.
 *
 * @param wanted its hash in RECORD.
 */
async function damageOf(
  zip: ZipFile,
  entry: Entry,
  wanted: string | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (entry.isEncrypted()) return "it is encrypted";
  if (!entry.canDecodeFileData()) {
    return `it is packed by method ${entry.compressionMethod}; wheels have 0 (stored) or 8 (deflate)`;
  }
  try {
    // pip refuses a member whose own header has another name than the archive's directory.
    const header = await zip.readLocalFileHeaderPromise(entry);
    if (Buffer.compare(header.fileName, entry.fileNameRaw) !== 0) {
      return "it has another name in its own header";
    }
    const hasher = wanted === undefined ? undefined : new Bun.CryptoHasher("sha256");
    for await (const piece of zipContent(zip, entry)) {
      if (signal.aborted) return undefined;
      hasher?.update(piece);
    }
    const sha256 = hasher?.digest("base64url").replace(/=+$/, "");
    if (sha256 !== wanted) return "it hasn't the SHA-256 that RECORD lists";
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

async function textOf(zip: ZipFile, entry: Entry): Promise<string> {
  if (entry.uncompressedSize > largestRecord) throw new Error("it is too large");
  const pieces: Buffer[] = [];
  for await (const piece of zipContent(zip, entry)) pieces.push(piece);
  return Buffer.concat(pieces).toString("utf8");
}

/**
 * Looks for damage in a wheel: every member is unpacked, its checksum (CRC-32) and the SHA-256 that
 * RECORD lists for it are compared.
 *
 * @returns what is wrong with the first damaged member, naming it; undefined where nothing is.
 * @throws the signal's reason.
 */
export async function verifyWheel(path: string, signal: AbortSignal): Promise<string | undefined> {
  let zip: ZipFile | undefined;
  try {
    zip = await openPromise(path, { autoClose: false });
    const entries: Entry[] = [];
    for await (const entry of zip.eachEntry()) entries.push(entry);
    return await firstDamage(zip, entries, signal);
  } catch (error) {
    signal.throwIfAborted();
    return `it can't be read: ${messageOf(error)}`;
  } finally {
    zip?.close();
  }
}

async function firstDamage(
  zip: ZipFile,
  entries: readonly Entry[],
  signal: AbortSignal,
): Promise<string | undefined> {
  const record = entries.find(({ fileName }) => /^[^/]+\.dist-info\/RECORD$/.test(fileName));
  if (record === undefined) return "it has no .dist-info/RECORD";
  const text = await textOf(zip, record).catch((error: unknown) => {
    return { damage: `${shown(record)} in it is damaged: ${messageOf(error)}` };
  });
  if (typeof text !== "string") return text.damage;
  const recorded = recordOf(text);
  for (const entry of entries) {
    const damage = await damageOf(zip, entry, recorded.get(entry.fileName)?.sha256, signal);
    signal.throwIfAborted();
    if (damage !== undefined) return `${shown(entry)} in it is damaged: ${damage}`;
    recorded.delete(entry.fileName);
  }
  // RECORD and its signatures may stand in it without being there (PEP 427).
  const [missing] = [...recorded.keys()].filter((name) => !/\.dist-info\/RECORD/.test(name));
  return missing === undefined
    ? undefined
    : `${JSON.stringify(missing.slice(0, 200))} is missing in it, and RECORD lists it`;
}
