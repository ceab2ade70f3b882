// An SSH server of the benchmarks' own on loopback, for scp: nobody's configuration is touched.

import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ensurePackages } from "../../scripts/apt.ts";
import { freePort } from "../../scripts/port.ts";
import { DevError, mustRun, run } from "../../scripts/process.ts";

export interface SshServer extends AsyncDisposable {
  /** `scp` and its options, up to the paths. */
  scp: string[];
  /** A path there, as scp takes it. */
  target(path: string): string;
}

/** Starts one with keys of its own in a folder; its settings are Debian's defaults. */
export async function startSshServer(folder: string): Promise<SshServer> {
  await ensurePackages(["openssh-server", "openssh-client"], "comparing with scp");
  const home = join(folder, "ssh");
  await mkdir(home);
  await chmod(home, 0o700);
  for (const name of ["host", "client"]) {
    await mustRun(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", join(home, name)]);
  }
  await writeFile(join(home, "keys"), await Bun.file(join(home, "client.pub")).text());
  await mkdir("/run/sshd", { recursive: true }); // where sshd separates its privileges
  const port = await freePort();
  const settings = [
    `Port ${port}`,
    "ListenAddress 127.0.0.1",
    `HostKey ${join(home, "host")}`,
    `AuthorizedKeysFile ${join(home, "keys")}`,
    `PidFile ${join(home, "pid")}`,
    "StrictModes no",
    "PermitRootLogin prohibit-password",
    "Subsystem sftp internal-sftp",
  ];
  await writeFile(join(home, "sshd_config"), `${settings.join("\n")}\n`);
  const server = Bun.spawn(["/usr/sbin/sshd", "-D", "-e", "-f", join(home, "sshd_config")], {
    stdio: ["ignore", "ignore", Bun.file(join(home, "log"))],
  });
  const options = [
    ["Port", String(port)],
    ["IdentityFile", join(home, "client")],
    ["IdentitiesOnly", "yes"],
    ["UserKnownHostsFile", join(home, "known_hosts")],
    ["StrictHostKeyChecking", "accept-new"],
    ["BatchMode", "yes"],
  ].flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  const user = (await mustRun(["id", "-un"])).trim();
  const greet = () => run(["ssh", "-F", "none", ...options, `${user}@127.0.0.1`, "true"]);
  let greeted = await greet();
  while (greeted.code !== 0 && /refused/.test(greeted.stderr) && server.exitCode === null) {
    greeted = await greet();
  }
  if (greeted.code !== 0) {
    server.kill();
    throw new DevError(`${greeted.stderr}\nsshd: ${await Bun.file(join(home, "log")).text()}`);
  }
  return {
    scp: ["scp", "-q", "-F", "none", ...options],
    target: (path) => `${user}@127.0.0.1:${path}`,
    [Symbol.asyncDispose]: async () => {
      server.kill();
      await server.exited;
    },
  };
}
