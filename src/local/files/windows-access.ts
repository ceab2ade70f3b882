// Tells who may use a file on Windows, by its owner and its access list.

import { dlopen, ptr } from "bun:ffi";

/** The system itself and the administrators, who can do what they like anyway, as root can elsewhere. */
const systems: ReadonlySet<string> = new Set(["SY", "BA", "S-1-5-18", "S-1-5-32-544"]);

/** Stands in an access list for whoever owns the file. */
const ownerRights: ReadonlySet<string> = new Set(["OW", "S-1-3-4"]);

const ownerAndList = 0x5;
/** What GetCurrentProcess gives. */
const thisProcess = -1n;

/**
 * Who besides this user, the system and the administrators may use a file, by the text of its
 * security descriptor; empty where nobody may.
 *
 * Source: "Security Descriptor String Format" and "ACE Strings" in Microsoft's documentation.
 *
 * @param self this user's SID.
 */
export function othersIn(descriptor: string, self: string): string[] {
  const [, owner = "nobody known", list] = /^O:(.+?)(?:G:.*?)?(?:D:(.*))?$/s.exec(descriptor) ?? [];
  const own = new Set([...systems, self]);
  const strangers = own.has(owner) ? [] : [owner];
  // Without a list everybody may do everything; an empty one lets nobody in.
  if (list === undefined || list.startsWith("NO_ACCESS_CONTROL"))
    return [...strangers, "everybody"];
  const entries = [...list.matchAll(/\(([^;]*);([^;]*);[^;]*;[^;]*;[^;]*;([^;)]*)/g)];
  const allowed = entries.filter(([, type = "", flags = ""]) => {
    // What is only for the files in a folder says IO; types that deny end with D.
    return !type.endsWith("D") && !/^(..)*IO/.test(flags);
  });
  const names = allowed.map(([, , , name = ""]) => name);
  return [
    ...strangers,
    ...names.filter((name) => !own.has(name) && !ownerRights.has(name) && name !== owner),
  ];
}

/** A SID as text, out of its bytes (`S-1-5-…`). */
export function sidText(bytes: DataView): string {
  const authority = bytes.getUint16(2) * 2 ** 32 + bytes.getUint32(4);
  const parts = Array.from({ length: bytes.getUint8(1) }, (_, index) =>
    bytes.getUint32(8 + index * 4, true),
  );
  return ["S", bytes.getUint8(0), authority, ...parts].join("-");
}

function library() {
  const { symbols: security } = dlopen("advapi32.dll", {
    GetNamedSecurityInfoW: {
      args: ["ptr", "u32", "u32", "ptr", "ptr", "ptr", "ptr", "ptr"],
      returns: "u32",
    },
    ConvertSecurityDescriptorToStringSecurityDescriptorW: {
      args: ["u64", "u32", "u32", "ptr", "ptr"],
      returns: "i32",
    },
    OpenProcessToken: { args: ["i64", "u32", "ptr"], returns: "i32" },
    GetTokenInformation: { args: ["u64", "u32", "ptr", "u32", "ptr"], returns: "i32" },
  });
  const { symbols: kernel } = dlopen("kernel32.dll", {
    ReadProcessMemory: { args: ["i64", "u64", "ptr", "u64", "ptr"], returns: "i32" },
    CloseHandle: { args: ["u64"], returns: "i32" },
    LocalFree: { args: ["u64"], returns: "u64" },
  });
  return { security, kernel };
}

type Library = ReturnType<typeof library>;

/** What a call has written: an address or a handle. */
function writtenTo(place: BigUint64Array): bigint {
  return place[0] ?? 0n;
}

function descriptorOf(path: string, { security, kernel }: Library): string {
  const name = Buffer.from(`${path}\0`, "utf16le");
  const found = new BigUint64Array(1);
  const file = 1;
  const status = security.GetNamedSecurityInfoW(
    ptr(name),
    file,
    ownerAndList,
    null,
    null,
    null,
    null,
    ptr(found),
  );
  if (status !== 0) throw new Error(`GetNamedSecurityInfo: ${status}`);
  const text = new BigUint64Array(1);
  const length = new Uint32Array(1);
  try {
    const converted = security.ConvertSecurityDescriptorToStringSecurityDescriptorW(
      writtenTo(found),
      1,
      ownerAndList,
      ptr(text),
      ptr(length),
    );
    if (converted === 0) throw new Error("a security descriptor can't be read");
    const bytes = new Uint8Array((length[0] ?? 0) * 2);
    const size = BigInt(bytes.length);
    if (kernel.ReadProcessMemory(thisProcess, writtenTo(text), ptr(bytes), size, null) === 0)
      throw new Error("a security descriptor can't be read");
    return new TextDecoder("utf-16le").decode(bytes).replace(/\0.*$/s, "");
  } finally {
    kernel.LocalFree(writtenTo(found));
    if (writtenTo(text) !== 0n) kernel.LocalFree(writtenTo(text));
  }
}

/** This user's SID. */
function ownSid({ security, kernel }: Library): string {
  const token = new BigUint64Array(1);
  const mayAsk = 0x8;
  if (security.OpenProcessToken(thisProcess, mayAsk, ptr(token)) === 0)
    throw new Error("OpenProcessToken failed");
  try {
    // With a buffer from the start: Bun moves the bytes of a small array that gets one later.
    const bytes = new Uint8Array(new ArrayBuffer(256));
    const size = new Uint32Array(1);
    const user = 1;
    const told = security.GetTokenInformation(
      writtenTo(token),
      user,
      ptr(bytes),
      bytes.length,
      ptr(size),
    );
    if (told === 0) throw new Error("GetTokenInformation failed");
    // It begins with a pointer to the SID, which stands behind it.
    const at = Number(new DataView(bytes.buffer).getBigUint64(0, true) - BigInt(ptr(bytes)));
    return sidText(new DataView(bytes.buffer, at));
  } finally {
    kernel.CloseHandle(writtenTo(token));
  }
}

/**
 * Who besides this user, the system and the administrators may use a file; empty where nobody may.
 *
 * @throws Error where Windows doesn't tell.
 */
export function othersWithAccess(path: string): string[] {
  const loaded = library();
  return othersIn(descriptorOf(path, loaded), ownSid(loaded));
}
