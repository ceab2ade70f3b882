// Which service a command speaks to, and a session with it.

import { Failure, wrongUsage } from "../failure.ts";
import {
  type Configuration,
  configurationPath,
  readConfiguration,
} from "../local/config/config.ts";
import { isHost, meantHost } from "../remote/wire/address.ts";
import { clientName } from "../remote/wire/client.ts";
import type { Deadlines, Endpoint } from "../remote/wire/connection.ts";
import { addressOf } from "../remote/wire/failures.ts";
import { Session } from "../remote/wire/session.ts";
import { examplePath, ours, text } from "../text.ts";
import type { Output } from "../ui/output.ts";
import { type AccessFlags, accessTo } from "./_access.ts";
import type { Context } from "./_command.ts";
import type { SshFlags } from "./_ssh.ts";
import { Waits } from "./_waits.ts";

/** The global flags that say which service a command speaks to, and for how long. */
export interface TargetFlags extends AccessFlags, SshFlags {
  host?: string | undefined;
  port?: string | undefined;
  timeout?: string | undefined;
  config?: string | undefined;
}

/** A service, how one gets in, and the limits for speaking to it. */
export interface Target {
  endpoint: Endpoint;
  deadlines: Deadlines;
}

/** A port number out of a flag or the environment; 1 to 65535. */
export function parsePort(word: string, from: string): number {
  const port = Number(word);
  if (!/^\d+$/.test(word) || port < 1 || port > 65535) {
    throw wrongUsage("bad-port", `${from} is '${word}'`, "a port is a number from 1 to 65535");
  }
  return port;
}

/** A duration out of a flag, in seconds; more than 0. */
export function parseSeconds(word: string, from: string): number {
  const seconds = Number(word);
  if (!/^\d+(\.\d+)?$/.test(word) || seconds <= 0) {
    throw wrongUsage("bad-duration", `${from} is '${word}'`, "give seconds, such as 30 or 2.5");
  }
  return seconds;
}

/**
 * The configuration that the flags, the environment or the usual place name.
 *
 * @throws Failure `no-config` where `--config` names a file that doesn't exist: another one would
 *   mean another Blender.
 */
export async function configurationOf(flags: TargetFlags): Promise<Configuration> {
  const configuration = await readConfiguration(configurationPath(flags.config));
  if (flags.config !== undefined && !configuration.exists) {
    throw new Failure("no-config", `there is no configuration file '${flags.config}'`, {
      kind: "not-configured",
      hint: text`${ours("init", examplePath)} writes it`,
    });
  }
  return configuration;
}

/**
 * The host out of a flag. What stands before an @ there may be a password, which nothing repeats.
 *
 * @throws Failure `bad-host`, kind `usage`.
 */
export function parseHost(word: string, from: string): string {
  if (isHost(word)) return meantHost(word);
  const [, host, port] = /^([^:]+):(\d+)$/.exec(word) ?? /^\[(.*)\](?::(\d+))?$/.exec(word) ?? [];
  throw wrongUsage(
    "bad-host",
    `${from} is '${word.replace(/^.*@/s, "…@")}', which is no name or address of a machine`,
    host !== undefined && isHost(host)
      ? text`give ${from} ${host}${port === undefined ? "" : ` --port ${port}`}`
      : "give a name or an address alone, such as 192.168.1.5; the port is --port's",
  );
}

function portOf(configuration: Configuration): number {
  const environment = process.env["BLENDER_REMOTE_PORT"];
  return environment ? parsePort(environment, "BLENDER_REMOTE_PORT") : configuration.port;
}

/** The port where the command line names none: BLENDER_REMOTE_PORT, the configuration, 6688. */
export async function usualPort(config: string | undefined): Promise<number> {
  return portOf(await configurationOf({ config }));
}

/** The way that `--ssh` asks for. What leads there is loaded for nobody else: that takes a while. */
async function throughSsh(flags: SshFlags) {
  if (flags.ssh === undefined && (flags["ssh-option"] ?? []).length === 0) return undefined;
  const { sshRouteOf } = await import("./_ssh.ts");
  const { accessThere } = await import("./_access-there.ts");
  const route = sshRouteOf(flags);
  return { route, access: (address: Endpoint) => accessThere(route, address) };
}

/**
 * Where the service is: `--ssh`, `--host`; `--port`, BLENDER_REMOTE_PORT, the configuration, 6688; limits
 * from `--timeout` or the configuration.
 *
 * @param total seconds instead of the configuration's, for commands without a limit of their own.
 * @throws Failure as `configurationOf` and `accessTo`; `bad-host`, `bad-port`, `bad-duration`, kind
 *   `usage`.
 */
export async function targetOf(flags: TargetFlags, total?: number): Promise<Target> {
  const configuration = await configurationOf(flags);
  const { port: given } = flags;
  const port = given === undefined ? portOf(configuration) : parsePort(given, "--port");
  const limit =
    flags.timeout === undefined
      ? (total ?? configuration.timeoutSeconds)
      : parseSeconds(flags.timeout, "--timeout");
  const ssh = await throughSsh(flags);
  const address = { host: parseHost(flags.host ?? "127.0.0.1", "--host"), port };
  const access = accessTo(address, flags, ssh?.access);
  return {
    endpoint: { ...address, access, ...(ssh && { route: ssh.route }) },
    deadlines: { connect: 5, firstAnswer: 5, total: limit },
  };
}

/** Says who is at the other end, with `--verbose`. */
function introduce({ server, endpoint }: Session, asked: number, output: Output): void {
  const address = addressOf(endpoint);
  if (server.kind === "plain") {
    output.debug(`${address} is a server without 'hello': only execute_code is used there`);
    return;
  }
  const { server: name, service_version: version, blender_version: blender } = server.hello;
  const { pid, capabilities, authentication } = server.hello;
  const seconds = ((performance.now() - asked) / 1000).toFixed(3);
  output.debug(
    `${address} is ${name} ${version} in Blender ${blender} (pid ${pid}), greeted after ${seconds} s, authentication ${authentication}; it can: ${capabilities.join(", ")}`,
  );
}

/** Connects to the service that the flags name; the work's result, and the connection closed. */
export async function withSession<T>(
  target: Target,
  { output, signal, command }: Context,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const { endpoint, deadlines } = target;
  const asked = performance.now();
  const waits = new Waits(output, endpoint);
  const client = clientName(command);
  const opening = Session.open(endpoint, deadlines, signal, { waits, client });
  try {
    const session = await waits.during(`connecting to ${addressOf(endpoint)}`, opening);
    waits.tells = session.server.kind === "service";
    try {
      introduce(session, asked, output);
      return await work(session);
    } finally {
      session.close();
    }
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== "silent") throw error;
    const { withProcess } = await import("./_silent-blender.ts");
    throw await withProcess(error, endpoint);
  }
}
