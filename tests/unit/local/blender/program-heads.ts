// The first bytes of programs, as the systems' own tools write them.

/** Of a PE file: the header's place at 60, then the processor. */
function windowsHead(machine: number): Buffer {
  const head = Buffer.alloc(256);
  head.write("MZ");
  head.writeUInt32LE(128, 60);
  head.write("PE", 128);
  head.writeUInt16LE(machine, 132);
  return head;
}

function linuxHead(machine: number): Buffer {
  const head = Buffer.alloc(64);
  head.write("\x7fELF\x02\x01\x01", "latin1");
  head.writeUInt16LE(machine, 18);
  return head;
}

function macHead(cpu: number): Buffer {
  const head = Buffer.alloc(32);
  head.writeUInt32LE(0xfeedfacf, 0);
  head.writeUInt32LE(cpu, 4);
  return head;
}

/** A universal one: a list of processors and where each one's program begins. */
function universalHead(...cpus: number[]): Buffer {
  const head = Buffer.alloc(8 + 20 * cpus.length);
  head.writeUInt32BE(0xcafebabe, 0);
  head.writeUInt32BE(cpus.length, 4);
  for (const [index, cpu] of cpus.entries()) head.writeUInt32BE(cpu, 8 + 20 * index);
  return head;
}

const macX64 = 0x1000007;
const macArm64 = 0x100000c;

export const windowsProgram = windowsHead(0x8664);
export const macArm64Program = macHead(macArm64);

/** What each is told as. */
export const heads: readonly (readonly [Buffer, string])[] = [
  [windowsProgram, "Windows (x64)"],
  [windowsHead(0xaa64), "Windows (arm64)"],
  [linuxHead(62), "Linux (x64)"],
  [linuxHead(183), "Linux (arm64)"],
  [linuxHead(8), "Linux (another processor)"],
  [macHead(macX64), "macOS (x64)"],
  [macArm64Program, "macOS (arm64)"],
  [universalHead(macX64, macArm64), "macOS (x64, arm64)"],
];

/** A Java class begins as a universal program does. */
export const javaClass = Buffer.from("cafebabe00000037", "hex");
