// Which system and processors a program's file is for, by its first bytes.

import { closeSync, openSync, readSync } from "node:fs";
import { systemCodeOf } from "../../failure.ts";

/** What a program needs in order to run. */
export interface ProgramKind {
  system: "Linux" | "macOS" | "Windows";
  /** `x64`, `arm64`; a universal program of macOS has several. */
  processors: readonly string[];
}

/** Why a program can't run on this machine, and what helps. */
export interface ProgramMisfit {
  why: string;
  hint: string | undefined;
}

/** Enough for the headers, in bytes; a linker may put Windows' behind some text for DOS. */
const headSize = 4096;
const otherProcessor = "another processor";
const systems: Partial<Record<NodeJS.Platform, ProgramKind["system"]>> = {
  linux: "Linux",
  darwin: "macOS",
  win32: "Windows",
};

const elfMachines = new Map([
  [62, "x64"],
  [183, "arm64"],
]);
const peMachines = new Map([
  [0x8664, "x64"],
  [0xaa64, "arm64"],
]);
const macProcessors = new Map([
  [0x1000007, "x64"],
  [0x100000c, "arm64"],
]);

function kind(
  system: ProgramKind["system"],
  names: ReadonlyMap<number, string>,
  ...numbers: number[]
): ProgramKind {
  return { system, processors: numbers.map((number) => names.get(number) ?? otherProcessor) };
}

/** What the file is for that begins so; undefined for what is no program of these systems. */
export function programKind(head: Buffer): ProgramKind | undefined {
  if (head.length < 20) return undefined;
  const magic = head.readUInt32BE(0);
  if (magic === 0x7f454c46) return kind("Linux", elfMachines, head.readUInt16LE(18));
  if (magic === 0xcffaedfe) return kind("macOS", macProcessors, head.readUInt32LE(4));
  if (magic === 0xcafebabe) {
    const count = head.readUInt32BE(4);
    // Of a Java class this is the version, 45 at least.
    if (count > 20 || head.length < 8 + 20 * count) return undefined;
    const numbers = Array.from({ length: count }, (_, index) => head.readUInt32BE(8 + 20 * index));
    return kind("macOS", macProcessors, ...numbers);
  }
  if (head.length < 64 || head.toString("latin1", 0, 2) !== "MZ") return undefined;
  const at = head.readUInt32LE(60);
  if (at + 6 > head.length || head.toString("latin1", at, at + 4) !== "PE\0\0") return undefined;
  return kind("Windows", peMachines, head.readUInt16LE(at + 4));
}

/** `macOS (x64, arm64)` */
export function kindText({ system, processors }: ProgramKind): string {
  return `${system} (${processors.join(", ")})`;
}

/** Why this file can't be started here, if that is because it is another system's, or processor's. */
export function misfitOf(
  path: string,
  platform: NodeJS.Platform = process.platform,
  arch: string = process.arch,
): ProgramMisfit | undefined {
  const found = programKind(headOf(path));
  const system = systems[platform];
  if (found === undefined || system === undefined) return undefined;
  const same = found.system === system;
  if (same && found.processors.includes(arch)) return undefined;
  const here = kindText({ system, processors: [arch] });
  const translated = same && platform === "darwin" && arch === "arm64";
  return {
    why: `it is a program for ${kindText(found)}, and this is ${here}`,
    hint: translated
      ? "take Blender for Apple Silicon; or let macOS translate it: softwareupdate --install-rosetta"
      : undefined,
  };
}

/** The beginning of a file; nothing of what can't be read, such as a folder. */
export function headOf(path: string): Buffer {
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    const head = Buffer.alloc(headSize);
    return head.subarray(0, readSync(file, head, 0, headSize, 0));
  } catch (error) {
    if (systemCodeOf(error) === undefined) throw error;
    return Buffer.alloc(0);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
