// The text of a requirements file, in the encoding that pip would read it in.

import { TextDecoder } from "node:util";

/** Byte order marks, the longer ones first: UTF-32's begins with one of UTF-16's. */
const marks: readonly (readonly [bytes: readonly number[], encoding: string])[] = [
  [[0xef, 0xbb, 0xbf], "utf-8"],
  [[0xff, 0xfe, 0, 0], "utf-32-le"],
  [[0, 0, 0xfe, 0xff], "utf-32-be"],
  [[0xff, 0xfe], "utf-16-le"],
  [[0xfe, 0xff], "utf-16-be"],
];

/** Names of Python's that the Encoding Standard doesn't have, after `_` became `-`. */
const pythonNames: Readonly<Record<string, string>> = {
  "latin-1": "latin1",
  "utf-16-le": "utf-16le",
  "utf-16-be": "utf-16be",
  "utf-8-sig": "utf-8",
  cp932: "shift_jis",
  cp936: "gbk",
  cp949: "euc-kr",
  cp950: "big5",
};

/** A text, or why there is none. */
export type DecodedText = { ok: true; text: string } | { ok: false; reason: string };

function utf32(bytes: Uint8Array, littleEndian: boolean): string {
  if (bytes.length % 4 !== 0) throw new RangeError("a character is cut off");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let text = "";
  for (let at = 0; at < bytes.length; at += 4) {
    text += String.fromCodePoint(view.getUint32(at, littleEndian));
  }
  return text;
}

function decoderOf(encoding: string): ((bytes: Uint8Array) => string) | undefined {
  const name = encoding.toLowerCase().replaceAll("_", "-");
  if (name === "utf-32-le" || name === "utf-32-be") {
    return (bytes) => utf32(bytes, name === "utf-32-le");
  }
  const label = pythonNames[name] ?? name.replace(/^cp(?=125\d$)/, "windows-");
  try {
    const decoder = new TextDecoder(label, { fatal: true });
    return (bytes) => decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** What a comment in one of the first two lines declares (PEP 263). */
function declaredEncoding(bytes: Uint8Array): string | undefined {
  const head = new TextDecoder("latin1").decode(bytes.subarray(0, 4096));
  for (const line of head.split("\n").slice(0, 2)) {
    const found = line.startsWith("#") ? /coding[:=]\s*([-\w.]+)/.exec(line)?.[1] : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * Decodes a requirements file as pip does, or another text that an editor or a shell has written: by its byte order mark, by what a comment in its first
 * two lines declares (PEP 263), or else as UTF-8.
 */
export function decodedText(bytes: Uint8Array): DecodedText {
  const mark = marks.find(([start]) => start.every((byte, at) => bytes[at] === byte));
  const declared = mark === undefined ? declaredEncoding(bytes) : undefined;
  const encoding = mark?.[1] ?? declared ?? "utf-8";
  const decode = decoderOf(encoding);
  if (decode === undefined) return { ok: false, reason: `its encoding '${encoding}' isn't known` };
  try {
    return { ok: true, text: decode(bytes.subarray(mark?.[0].length ?? 0)) };
  } catch {
    const why = declared === undefined && mark === undefined ? " and declares no encoding" : "";
    return { ok: false, reason: `it isn't ${encoding.toUpperCase()}${why}` };
  }
}
