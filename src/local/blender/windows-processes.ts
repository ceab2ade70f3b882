// Asks Windows about its processes: when they began, and with what they were started.

import { dlopen, ptr } from "bun:ffi";
import { isDeepStrictEqual } from "node:util";
import { argumentsIn } from "./windows-arguments.ts";

/** A process that runs on Windows. */
export interface WindowsProcess {
  pid: number;
  /** The name of its program: `blender.exe`. */
  name: string;
  /** When it began; with the id it is one process for all times. */
  started: string;
}

/** What a process was started with. */
export interface StartedAs {
  executable: string;
  args: string[];
  /** By their names in capital letters. */
  env: NodeJS.ProcessEnv;
}

const { symbols: kernel } = dlopen("kernel32.dll", {
  OpenProcess: { args: ["u32", "i32", "u32"], returns: "ptr" },
  CloseHandle: { args: ["ptr"], returns: "i32" },
  GetExitCodeProcess: { args: ["ptr", "ptr"], returns: "i32" },
  ReadProcessMemory: { args: ["ptr", "u64", "ptr", "u64", "ptr"], returns: "i32" },
});
const { symbols: native } = dlopen("ntdll.dll", {
  NtQuerySystemInformation: { args: ["u32", "ptr", "u32", "ptr"], returns: "u32" },
  NtQueryInformationProcess: { args: ["ptr", "u32", "ptr", "u32", "ptr"], returns: "u32" },
});

type Handle = NonNullable<ReturnType<typeof kernel.OpenProcess>>;

const systemProcessInformation = 5;
const tooSmall = 0xc000_0004;
/** PROCESS_QUERY_INFORMATION and PROCESS_VM_READ. */
const mayRead = 0x0410;
/** PROCESS_QUERY_LIMITED_INFORMATION. */
const mayAsk = 0x1000;

const utf16 = new TextDecoder("utf-16le");

/**
 * All processes that run, whoever's they are.
 *
 * Source: winternl.h and "NtQuerySystemInformation" in Microsoft's documentation, for 64 bits.
 */
export function windowsProcesses(): WindowsProcess[] {
  for (let size = 2 ** 20; ; size *= 2) {
    const bytes = new Uint8Array(size);
    const status = native.NtQuerySystemInformation(
      systemProcessInformation,
      ptr(bytes),
      size,
      null,
    );
    if (status === tooSmall) continue;
    if (status !== 0) throw new Error(`NtQuerySystemInformation: 0x${status.toString(16)}`);
    return [...listed(bytes, BigInt(ptr(bytes)))];
  }
}

/** The entries of that list; names in it are pointers into it. */
function* listed(bytes: Uint8Array, address: bigint): Generator<WindowsProcess> {
  const view = new DataView(bytes.buffer);
  for (let at = 0; ; ) {
    const name = Number(view.getBigUint64(at + 0x40, true) - address);
    const length = view.getUint16(at + 0x38, true);
    // What has ended has no threads, and is listed while somebody still holds it.
    if (view.getUint32(at + 0x04, true) > 0) {
      yield {
        pid: Number(view.getBigUint64(at + 0x50, true)),
        name: length === 0 ? "" : utf16.decode(bytes.subarray(name, name + length)),
        started: String(view.getBigInt64(at + 0x20, true)),
      };
    }
    const next = view.getUint32(at, true);
    if (next === 0) return;
    at += next;
  }
}

/** How often a process is looked at until it holds still, and how long to wait in between, in ms. */
const [looks, pause] = [20, 5];

/**
 * What a process was started with; undefined where this user may not look into it, or it has ended.
 *
 * It runs on meanwhile, and where it sets a variable of its own (as programs do that are starting), its
 * environment is moved to another place: for a moment it is empty, or told with the size of the old one.
 * So what counts is what two looks in a row see.
 */
export function startedAs(pid: number): StartedAs | undefined {
  const handle = kernel.OpenProcess(mayRead, 0, pid);
  if (handle === null) return undefined;
  try {
    for (let look = 0; look < looks; look += 1) {
      if (look > 0) Bun.sleepSync(pause);
      const found = parametersOf(handle);
      if (found?.environment && isDeepStrictEqual(found, parametersOf(handle))) {
        const { executable, line, environment } = found;
        return { executable, args: argumentsIn(line), env: variablesIn(environment) };
      }
    }
    return undefined;
  } finally {
    kernel.CloseHandle(handle);
  }
}

/**
 * The places in the process' memory are those of the Process Environment Block (PEB) with 64 bits:
 * winternl.h, and for the environment what debuggers show (`dt ntdll!_RTL_USER_PROCESS_PARAMETERS`).
 */
function parametersOf(handle: Handle) {
  const read = (from: bigint, size: number): DataView | undefined => {
    const bytes = new Uint8Array(size);
    const good = kernel.ReadProcessMemory(handle, from, ptr(bytes), BigInt(size), null);
    return good === 0 ? undefined : new DataView(bytes.buffer);
  };
  const basic = new BigUint64Array(6);
  if (native.NtQueryInformationProcess(handle, 0, ptr(basic), basic.byteLength, null) !== 0)
    return undefined;
  const parameters = read((basic[1] ?? 0n) + 0x20n, 8)?.getBigUint64(0, true);
  const all = parameters === undefined ? undefined : read(parameters, 0x3f8);
  if (all === undefined) return undefined;
  const text = (from: bigint, size: number): string | undefined => {
    const view = size === 0 ? new DataView(new ArrayBuffer(0)) : read(from, size);
    return view === undefined ? undefined : utf16.decode(view);
  };
  const member = (at: number) => text(all.getBigUint64(at + 8, true), all.getUint16(at, true));
  const [executable, line] = [member(0x60), member(0x70)];
  const environment = text(all.getBigUint64(0x80, true), Number(all.getBigUint64(0x3f0, true)));
  if (executable === undefined || line === undefined || environment === undefined) return undefined;
  return { executable, line, environment };
}

/**
 * Holds on to a process, to be asked once for its whole exit code when it has ended: Bun hands on eight
 * bits of it.
 *
 * @returns undefined where there is no such process any more.
 */
export function exitCodeOf(pid: number): (() => number | undefined) | undefined {
  const handle = kernel.OpenProcess(mayAsk, 0, pid);
  if (handle === null) return undefined;
  return () => {
    const code = new Uint32Array(1);
    const good = kernel.GetExitCodeProcess(handle, ptr(code)) !== 0;
    kernel.CloseHandle(handle);
    return good ? code[0] : undefined;
  };
}

/** The variables in an environment block, whose names Windows takes in any case. */
function variablesIn(block: string): NodeJS.ProcessEnv {
  const pairs = block.split("\0").flatMap((entry): [string, string][] => {
    const equals = entry.indexOf("=", 1);
    return equals === -1 ? [] : [[entry.slice(0, equals).toUpperCase(), entry.slice(equals + 1)]];
  });
  return Object.fromEntries(pairs);
}
