// Linux on arm64 to test on, by QEMU where this machine is another one: Debian's libraries and Bun.

import { existsSync } from "node:fs";
import { chmod, mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { shellWord } from "../src/text.ts";
import { debianMirror, hasApt } from "./apt.ts";
import { bunFor, pinnedBun } from "./bun.ts";
import { cached, fingerprint, makeOnce } from "./cache.ts";
import { aptProxies } from "./other_debian.ts";
import { DevError, mustRun, note, run } from "./process.ts";

const native = process.platform === "linux" && process.arch === "arm64";
/** Starts programs for arm64, and what they start, in a namespace of their own. */
const NAMESPACE = join(import.meta.dirname, "arm64_namespace.sh");
const KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg";
/** QEMU (statically linked) for this machine, and what Bun is linked with for the other one. */
const PACKAGES = ["qemu-user:amd64", "libc6:arm64"];

/** A system of that kind that is ready to be used. */
export interface Arm64 {
  bun: string;
  /** A command that runs this one, a program for arm64, in an environment that needs nothing else. */
  command(line: readonly string[]): string[];
  /** The same where what it starts may be for arm64, too. */
  alsoBelow(line: readonly string[]): string[];
}

/** Why there can be none on this machine, as far as that is known without trying. */
export async function arm64Unavailable(): Promise<string | undefined> {
  if (native) return undefined;
  if (process.platform !== "linux" || process.arch !== "x64")
    return `QEMU would have to run on ${process.platform} (${process.arch})`;
  if (!hasApt() || !existsSync(KEYS)) return "this is not Debian";
  // Linux 6.7 and newer have it for each user namespace.
  const { code, stderr } = await run([NAMESPACE, "/bin/true", "true"]);
  return code === 0 ? undefined : `programs for arm64 can't be given to QEMU (${stderr.trim()})`;
}

/** Debian's mirrors keep only one version of a package: it is what trixie has when this is made. */
const systemName = () => `arm64-${fingerprint(import.meta.filename, NAMESPACE)}`;

/** The installed one. */
export async function arm64System(): Promise<Arm64 | undefined> {
  if (native)
    return {
      bun: process.execPath,
      command: (line) => [...line],
      alsoBelow: (line) => [...line],
    };
  const folder = cached(systemName());
  const bun = join(
    cached(`bun-linux-aarch64-${(await pinnedBun("linux-aarch64")).version}`),
    "bun",
  );
  if (!existsSync(folder) || !existsSync(bun)) return undefined;
  const interpreter = join(folder, "interpreter");
  return {
    bun,
    command: ([program = "", ...args]) => [interpreter, program, program, ...args],
    alsoBelow: (line) => [NAMESPACE, interpreter, ...line],
  };
}

/** Makes it, where it isn't there yet. */
export async function installArm64(): Promise<Arm64> {
  if (!native) {
    await bunFor("linux-aarch64");
    await makeOnce(systemName(), async (making) => {
      note("getting QEMU and Debian's libraries for arm64 (75 MB, and 25 MB of package lists) …");
      await unpackDebian(making);
      await writeInterpreter(making, cached(systemName()));
    });
  }
  const system = await arm64System();
  if (system === undefined) throw new DevError("the system for arm64 vanished from the cache");
  const said = await mustRun(system.command([system.bun, "-p", "process.arch"]));
  if (said.trim() !== "arm64") throw new DevError(`Bun for arm64 says ${said}`);
  return system;
}

/** Unpacks packages of Debian trixie with an apt that keeps its lists there; this machine's isn't touched. */
async function unpackDebian(folder: string): Promise<void> {
  const mirror = await debianMirror();
  if (!mirror) throw new DevError("apt on this machine names no Debian archive");
  const apt = join(folder, "apt");
  for (const name of ["lists/partial", "cache/archives/partial"])
    await mkdir(join(apt, name), { recursive: true });
  await writeFile(join(apt, "sources.list"), `deb [signed-by=${KEYS}] ${mirror} trixie main\n`);
  const settings = [
    `Dir::State "${apt}";`,
    `Dir::State::status "/dev/null";`,
    `Dir::Cache "${join(apt, "cache")}";`,
    `Dir::Etc::SourceList "${join(apt, "sources.list")}";`,
    `Dir::Etc::SourceParts "/dev/null";`,
    `APT::Architectures { "amd64"; "arm64"; };`,
    `APT::Sandbox::User "";`,
    `Acquire::Languages "none";`,
  ];
  const configuration = join(apt, "apt.conf");
  await writeFile(configuration, settings.join("\n"));
  const env = { ...process.env, ...(await aptProxies()), APT_CONFIG: configuration };
  await mustRun(["apt-get", "update"], { env });
  await mustRun(["apt-get", "download", ...PACKAGES], { env, cwd: apt });
  for (const name of new Bun.Glob("*.deb").scanSync(apt)) {
    const target = name.endsWith("_arm64.deb") ? join(folder, "libraries") : apt;
    await mustRun(["dpkg-deb", "--extract", join(apt, name), target]);
  }
  // The package has a QEMU for each of thirty processors.
  await rename(join(apt, "usr/bin/qemu-aarch64"), join(folder, "qemu-aarch64"));
  // As Debian has it, in a package of its own.
  await symlink("usr/lib", join(folder, "libraries/lib"));
  await rm(apt, { recursive: true });
}

/** Takes a program, its argv[0] and its arguments, as Linux gives them with binfmt_misc's P. */
async function writeInterpreter(folder: string, home: string): Promise<void> {
  const qemu = shellWord(join(home, "qemu-aarch64"));
  const libraries = shellWord(join(home, "libraries"));
  const script = [
    "#!/bin/sh",
    "program=$1 name=$2; shift 2",
    `exec ${qemu} -L ${libraries} -0 "$name" "$program" "$@"`,
  ];
  const path = join(folder, "interpreter");
  await writeFile(path, `${script.join("\n")}\n`);
  await chmod(path, 0o755);
}
