// An SSH server of the tests' own on loopback, and an ssh that knows only that: nobody's configuration is touched.

import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ensurePackages } from "../../scripts/apt.ts";
import { freePort } from "../../scripts/port.ts";
import { DevError, mustRun } from "../../scripts/process.ts";
import { until } from "./until.ts";

/** A server that runs. */
export interface SshServer extends AsyncDisposable {
  port: number;
  /** Its process, which answers; those of connections are its children. */
  pid: number;
  log(): Promise<string>;
}

interface ServerOptions {
  settings?: readonly string[];
  env?: Record<string, string>;
  port?: number;
  letsIn?: readonly string[];
}

/** Keys, ssh's configuration and an `ssh` that uses that, in a folder. */
export interface SshHome {
  folder: string;
  /** The private key that servers let in. */
  key: string;
  /** The user's name. */
  user: string;
  /** The file that ssh reads and nothing else. */
  config: string;
  /** Its known_hosts. */
  known: string;
  /** Holds `ssh` and `scp`, for PATH. */
  bin: string;
  /**
   * Starts a server.
   *
   * Its options: `settings`, lines of sshd_config; `env`, what sessions there have in their environment:
   * another home; `letsIn`, public keys besides that of `key`.
   */
  server(options?: ServerOptions): Promise<SshServer>;
  /** Gives a server a name, in the place of what had that name before. */
  host(name: string, server: { port: number }, ...lines: string[]): Promise<void>;
}

/** Makes one; its servers have Debian's defaults but for the keys. */
export async function sshHome(parent: string): Promise<SshHome> {
  await ensurePackages(["openssh-server", "openssh-client"], "commands through ssh");
  const folder = join(parent, "ssh");
  const bin = join(folder, "bin");
  await mkdir(bin, { recursive: true });
  await chmod(folder, 0o700);
  const key = join(folder, "client");
  await mustRun(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key]);
  const config = join(folder, "config");
  for (const program of ["ssh", "scp"]) {
    await writeFile(
      join(bin, program),
      `#!/bin/sh\nexec /usr/bin/${program} -F '${config}' "$@"\n`,
    );
    await chmod(join(bin, program), 0o755);
  }
  const user = (await mustRun(["id", "-un"])).trim();
  const known = join(folder, "known_hosts");
  const hosts = new Map<string, string>();
  const home: SshHome = {
    folder,
    key,
    user,
    config,
    known,
    bin,
    server: (options = {}) => startSshServer(home, options),
    host: async (name, { port }, ...lines) => {
      const usual = [
        "HostName 127.0.0.1",
        `Port ${port}`,
        `User ${user}`,
        `IdentityFile ${key}`,
        "IdentitiesOnly yes",
        "IdentityAgent none",
        `UserKnownHostsFile ${known}`,
        "StrictHostKeyChecking accept-new",
      ];
      const given = lines.map((line) => line.split(" ")[0]);
      const rest = usual.filter((line) => !given.includes(line.split(" ")[0]));
      hosts.set(name, [`Host ${name}`, ...lines, ...rest].join("\n  "));
      await writeFile(config, `${[...hosts.values()].join("\n")}\n`);
    },
  };
  await writeFile(config, "");
  return home;
}

let servers = 0;

async function startSshServer(
  home: SshHome,
  { settings = [], env = {}, port: given, letsIn = [] }: ServerOptions,
): Promise<SshServer> {
  const folder = join(home.folder, `server-${servers++}`);
  await mkdir(folder);
  await mustRun(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", join(folder, "host")]);
  const keys = [`${home.key}.pub`, ...letsIn].map((path) => readFile(path, "utf8"));
  await writeFile(join(folder, "keys"), (await Promise.all(keys)).join(""));
  await mkdir("/run/sshd", { recursive: true }); // where sshd separates its privileges
  const port = given ?? (await freePort());
  const set = Object.entries(env).map(([name, value]) => `"${name}=${value}"`);
  const lines = [
    ...settings,
    `Port ${port}`,
    "ListenAddress 127.0.0.1",
    `HostKey ${join(folder, "host")}`,
    `AuthorizedKeysFile ${join(folder, "keys")}`,
    `PidFile ${join(folder, "pid")}`,
    "StrictModes no",
    "UsePAM no",
    "PermitRootLogin prohibit-password",
    "Subsystem sftp internal-sftp",
    ...(set.length === 0 ? [] : [`SetEnv ${set.join(" ")}`]),
  ];
  await writeFile(join(folder, "sshd_config"), `${lines.join("\n")}\n`);
  const log = join(folder, "log");
  const child = Bun.spawn(["/usr/sbin/sshd", "-D", "-e", "-f", join(folder, "sshd_config")], {
    stdio: ["ignore", "ignore", Bun.file(log)],
  });
  const said = () => readFile(log, "utf8").catch(() => "");
  await until(async () => {
    if (child.exitCode !== null) throw new DevError(`sshd: ${await said()}`);
    return /Server listening/.test(await said());
  });
  return {
    port,
    pid: child.pid,
    log: said,
    [Symbol.asyncDispose]: async () => {
      child.kill();
      await child.exited;
    },
  };
}
