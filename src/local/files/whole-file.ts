// Opens files that somebody else may have made, and reads what is to be held in memory whole.

import { constants } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { basename } from "node:path";
import { systemCodeOf } from "../../failure.ts";
import { megabytes } from "../../megabytes.ts";
import { isDevice } from "./windows-names.ts";

/** How often a pipe is looked at that is still empty, in ms. */
const pause = 20;
const pieceSize = 256 * 1024;

/** What a shell has opened for us, so that somebody writes there: `<(…)`, or standard input. */
const opened = /^\/(?:dev\/(?:fd\/\d+|stdin)|proc\/self\/fd\/\d+)$/;

type FileInfo = Awaited<ReturnType<FileHandle["stat"]>>;

/** What something is that is no plain file; undefined of one. */
function otherKind(info: FileInfo): string | undefined {
  if (info.isFile()) return undefined;
  if (info.isDirectory()) return "it is a folder";
  if (info.isFIFO()) return "it is a pipe, and no file";
  return "it is a device, and no file";
}

/** `/dev/null`, and what leads to it: the way to say that a file is to be empty. */
async function isNothing(info: FileInfo): Promise<boolean> {
  if (!info.isCharacterDevice()) return false;
  const nothing = await stat("/dev/null").catch(() => undefined);
  return nothing !== undefined && nothing.rdev === info.rdev;
}

/** @param isTaken says of what is no plain file whether it is taken all the same. */
async function openedTo(
  path: string,
  isTaken: (info: FileInfo) => boolean | Promise<boolean>,
): Promise<FileHandle> {
  if (process.platform === "win32" && isDevice(basename(path)))
    throw new Error("it is a device, and no file");
  // To open a pipe would wait for somebody who writes. Windows has no such flag.
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch(
    (error: unknown) => {
      // So Linux and macOS say that it is a socket.
      if (["ENXIO", "EOPNOTSUPP"].includes(systemCodeOf(error) ?? ""))
        throw new Error("it is a socket, and no file", { cause: error });
      throw error;
    },
  );
  try {
    const info = await file.stat();
    const other = otherKind(info);
    if (other !== undefined && !(await isTaken(info))) throw new Error(other);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/**
 * Opens a plain file to be read in parts; links are followed. Nothing is waited for.
 *
 * @throws the system's error; one without a code for a folder, pipe, device or socket.
 */
export async function openPlain(path: string): Promise<FileHandle> {
  return await openedTo(path, () => false);
}

/**
 * All bytes of a stream.
 *
 * @param most how many bytes it may have.
 * @throws an error without a code where it has more.
 */
export async function wholeStream(
  pieces: AsyncIterable<Uint8Array>,
  most: number,
): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  let size = 0;
  for await (const piece of pieces) {
    size += piece.length;
    if (size > most) throw new Error(`it has more than ${megabytes(most)}`);
    all.push(piece);
  }
  return Buffer.concat(all);
}

/**
 * All bytes of a plain file, of `/dev/null`, or of what another program writes into a pipe that a
 * shell has opened (`<(…)`). Other pipes, devices and sockets are refused: nobody is waited for who
 * might write there one day.
 *
 * @param most how many bytes it may have.
 * @throws the system's error; one without a code where it has more, or is no file.
 */
export async function wholeFile(path: string, most: number): Promise<Uint8Array> {
  if (process.platform === "win32" && basename(path).toLowerCase() === "nul")
    return new Uint8Array();
  const isOurs = opened.test(path);
  const file = await openedTo(
    path,
    async (info) => (isOurs && !info.isDirectory()) || (await isNothing(info)),
  );
  try {
    return await wholeStream(piecesOf(file), most);
  } finally {
    await file.close();
  }
}

/** The same of a text in UTF-8; a mark at its beginning is no part of it. */
export async function wholeText(path: string, most: number): Promise<string> {
  return new TextDecoder().decode(await wholeFile(path, most));
}

/** The bytes of an open file, from where it stands, as they come. */
export async function* piecesOf(file: FileHandle): AsyncGenerator<Uint8Array> {
  while (true) {
    try {
      const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(pieceSize), 0, pieceSize);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    } catch (error) {
      if (systemCodeOf(error) !== "EAGAIN") throw error;
      await Bun.sleep(pause);
    }
  }
}
