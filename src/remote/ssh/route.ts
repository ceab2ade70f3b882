// The way to services on another machine: one ssh connection that all of a command's connections share.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../../failure.ts";
import type { Carrier, CarrierEvents, Route } from "../wire/carrier.ts";
import type { Endpoint } from "../wire/connection.ts";
import { channelOver, closeStdin } from "./channel.ts";
import { type SshSettings, sshCommand } from "./command.ts";
import { forwardedTo, machineOf } from "./destination.ts";
import { forwardingFailure, sshFailure } from "./failures.ts";
import { type SshProcess, startSsh } from "./process.ts";
import { arrivalSeconds, RemoteShell, type ShellAnswer } from "./remote-shell.ts";

/** Systems take paths of 104 characters for a socket, and ssh adds 17 to it while it is made. */
const longestSocket = 86;

/** What ssh says of its configuration, in characters. */
const mostConfigured = 1024 * 1024;

/** A route through ssh to one machine, for one command. */
export class SshRoute implements Route {
  readonly machine: string;
  readonly connectSeconds: number;
  readonly #settings: SshSettings;
  #control: Promise<Control> | undefined;
  #shared = false;
  #shell: RemoteShell | undefined;
  /** What will be asked once a shell is there, and its answer. */
  #expected: { script: string; answer?: Promise<ShellAnswer> } | undefined;
  /** Why there is no shell; then each connection is an ssh of its own. */
  #noShell: Failure | undefined;
  readonly #closed = new AbortController();

  constructor(settings: SshSettings) {
    this.#settings = settings;
    this.machine = machineOf(settings.destination);
    this.connectSeconds = settings.mayAsk ? Number.POSITIVE_INFINITY : arrivalSeconds + 5;
  }

  /** Finds out what needs no connection, while others do something else. */
  prepare(): void {
    this.#controlled().catch(() => {});
  }

  /** Has this asked as soon as a shell is there: `ask` gives its answer, once. */
  expect(script: string): void {
    this.#expected = { script };
  }

  /** An ssh of its own may still be on its way when it counts as a connection. */
  get lateSeconds(): number {
    if (this.#isShared) return 0;
    return this.#settings.mayAsk ? Number.POSITIVE_INFINITY : arrivalSeconds;
  }

  /** Each that isn't shared costs both machines a whole handshake. */
  get connections(): number {
    return this.#isShared ? Number.POSITIVE_INFINITY : 2;
  }

  /** Whether further connections go over the one that the shell there has made. */
  get #isShared(): boolean {
    return this.#shared && this.#noShell === undefined;
  }

  /**
   * Connects to a port there.
   *
   * @throws Failure as `RemoteShell.ask`, but for `no-remote-shell`; `bad-host`. What is wrong with
   *   the connection itself comes as its end.
   */
  async open(endpoint: Endpoint, events: CarrierEvents): Promise<Carrier> {
    const target = forwardedTo(endpoint.host, endpoint.port);
    const shell = await this.#arrived();
    const { options } = await this.#controlled();
    const line = sshCommand(this.#settings, [...options, "-W", target], !this.#isShared);
    const ssh = startSsh(line, this.#settings);
    const before = shell?.said.length ?? 0;
    const said = () => `${shell?.said.slice(before) ?? ""}${ssh.said()}`;
    return channelOver(ssh, events, (status) =>
      forwardingFailure(endpoint, this.#settings.destination, said(), status),
    );
  }

  /**
   * Has a POSIX shell there run a script (see `RemoteShell.ask`).
   *
   * @throws Failure also `no-remote-shell`.
   */
  async ask(script: string): Promise<ShellAnswer> {
    const shell = await this.#arrived();
    if (shell === undefined) throw this.#noShell;
    const { answer } = this.#expected?.script === script ? this.#expected : {};
    if (answer === undefined) return await shell.ask(script);
    this.#expected = undefined;
    return await answer;
  }

  /**
   * Starts one more ssh session there, over the same connection where that can be shared.
   *
   * @param heard is told what comes on stderr, instead of whom the settings name.
   * @throws Failure as `open`.
   */
  async session(command: string, heard = this.#settings.heard): Promise<SshProcess> {
    await this.#arrived();
    const { options } = await this.#controlled();
    const line = sshCommand(this.#settings, ["-T", ...options], !this.#isShared, command);
    return startSsh(line, { ...this.#settings, heard });
  }

  /** What the end of one of its sessions means that ssh itself has failed in. */
  failure(ssh: SshProcess, status: number | string): Failure {
    return sshFailure(this.#settings.destination, ssh.said(), status);
  }

  /** Ends the connection to the machine, and all that goes over it. */
  async close(): Promise<void> {
    this.#closed.abort();
    await this.#shell?.close();
  }

  /** The shell there, once it answers; undefined where there is none. */
  async #arrived(): Promise<RemoteShell | undefined> {
    if (this.#noShell !== undefined) return undefined;
    this.#requireOpen();
    const shell = this.#shell?.alive === true ? this.#shell : await this.#start();
    using _ = this.#settings.mayAsk ? this.#settings.clearTerminal() : undefined;
    try {
      await shell.arrived;
      return shell;
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== "no-remote-shell") throw error;
      this.#noShell = error;
      return undefined;
    }
  }

  async #start(): Promise<RemoteShell> {
    const { options, shared } = await this.#controlled();
    // Another connection may have been faster.
    if (this.#shell?.alive === true) return this.#shell;
    const shell = new RemoteShell(this.#settings, options);
    this.#shell = shell;
    this.#shared = shared;
    const first = shell.ask(this.#expected?.script ?? ":");
    first.catch(() => {});
    if (this.#expected !== undefined) this.#expected.answer = first;
    return shell;
  }

  async #controlled(): Promise<Control> {
    this.#control ??= controlOf(this.#settings, this.#closed.signal);
    const control = await this.#control;
    // Nothing is started that nobody would end any more.
    this.#requireOpen();
    return control;
  }

  #requireOpen(): void {
    if (this.#closed.signal.aborted) throw new Error("the route is closed");
  }
}

/** How ssh shares one connection among several processes. */
interface Control {
  options: readonly string[];
  shared: boolean;
}

/**
 * The user's own shared connection where ssh's configuration has one, else one of ours for the
 * command's life. ssh itself says what its configuration is.
 *
 * @throws Failure `no-ssh`; as `sshFailure` for options that ssh doesn't know.
 */
async function controlOf(settings: SshSettings, closed: AbortSignal): Promise<Control> {
  // Windows' OpenSSH can't share connections.
  if (process.platform === "win32") return { options: [], shared: false };
  const configured = await configuredControl(settings, closed);
  if (configured) return { options: [], shared: true };
  const socket = join(await settings.privateFolder(), "s");
  if (socket.length > longestSocket) return { options: ["-o", "ControlPath=none"], shared: false };
  const options = ["ControlMaster=auto", `ControlPath=${socket.replaceAll("%", "%%")}`];
  return {
    options: [...options, "ControlPersist=no"].flatMap((option) => ["-o", option]),
    shared: true,
  };
}

/** Whether the user's configuration keeps a connection to that machine, or one is open to be shared. */
async function configuredControl(settings: SshSettings, closed: AbortSignal): Promise<boolean> {
  const asking = startSsh(sshCommand(settings, ["-G"], false), { ...settings, heard: () => {} });
  closeStdin(asking);
  const stop = () => asking.child.kill();
  closed.addEventListener("abort", stop);
  // A configuration can have programs run (`Match exec`), which nobody waits for without end.
  const late = setTimeout(stop, arrivalSeconds * 1000);
  const decoder = new TextDecoder();
  let said = "";
  for await (const chunk of asking.received()) {
    said += decoder.decode(chunk, { stream: true });
    if (said.length > mostConfigured) stop();
  }
  const status = await asking.ended;
  clearTimeout(late);
  // What is wrong with the configuration, the connection itself will say.
  if (status !== 0) return false;
  const value = (key: string) => new RegExp(`^${key} (.+)$`, "m").exec(said)?.[1];
  const path = value("controlpath");
  if (path === undefined || path === "none") return false;
  if (existsSync(path)) return true;
  // One that doesn't persist would be ours, and the user's sessions over it would end with it.
  return ["controlmaster", "controlpersist"].every(
    (key) => !["false", "no"].includes(value(key) ?? "no"),
  );
}
