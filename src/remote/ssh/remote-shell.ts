// A POSIX shell on the other machine, over one ssh that stays for the command's life.

import { Failure } from "../../failure.ts";
import { closeStdin } from "./channel.ts";
import { type SshSettings, sshCommand } from "./command.ts";
import { noRemoteShell, sshFailed, sshFailure, sshTimeout } from "./failures.ts";
import { type SshProcess, startSsh, tell } from "./process.ts";

/** The longest answer to one question, in characters. */
const mostAnswered = 1024 * 1024;

/** How long ssh may take to get there where nobody is asked anything, in seconds. */
export const arrivalSeconds = 30;

/** A question under way. */
interface RemoteQuestion {
  mark: string;
  answered: PromiseWithResolvers<ShellAnswer>;
}

/** What a script there wrote to stdout, and its exit code. */
export interface ShellAnswer {
  status: number;
  output: string;
}

/**
 * `sh` there reads what it is asked from its stdin, so that nothing depends on the user's own shell
 * and nothing is quoted for it. When this program ends, however it does, that stdin ends, and with it
 * the shell and the ssh connection, which others may share.
 */
export class RemoteShell {
  readonly #settings: SshSettings;
  readonly #ssh: SshProcess;
  /** Questions go one at a time. */
  #turn: Promise<unknown> = Promise.resolve();
  #output = "";
  #asked: RemoteQuestion | undefined;
  readonly #arrived = Promise.withResolvers<void>();
  #isThere = false;
  #failure: Failure | undefined;

  /**
   * @param control the options by which other connections share this one.
   * @throws Failure `no-ssh`.
   */
  constructor(settings: SshSettings, control: readonly string[]) {
    this.#settings = settings;
    this.#arrived.promise.catch(() => {});
    this.#ssh = startSsh(sshCommand(settings, ["-T", ...control], true, "sh"), settings);
    void this.#listen();
  }

  /** What ssh has said on stderr. */
  get said(): string {
    return this.#ssh.said();
  }

  /** Settled once the first question is being answered there: rejects as `ask`. */
  get arrived(): Promise<void> {
    return this.#arrived.promise;
  }

  /** Whether it can be asked, and others can share its connection. */
  get alive(): boolean {
    return this.#failure === undefined;
  }

  /**
   * Has the shell there run a script, whose stdin is empty.
   *
   * @returns its exit code and what it wrote to stdout, 1 MiB at most.
   * @throws Failure as `sshFailure`; `ssh-timeout`; `no-remote-shell` where ssh got there and no `sh`
   *   answered.
   */
  ask(script: string): Promise<ShellAnswer> {
    const asking = this.#turn.then(() => this.#exchange(script));
    this.#turn = asking.catch(() => {});
    return asking;
  }

  async #exchange(script: string): Promise<ShellAnswer> {
    if (this.#failure !== undefined) throw this.#failure;
    const mark = crypto.randomUUID();
    const answered = Promise.withResolvers<ShellAnswer>();
    answered.promise.catch(() => {});
    this.#asked = { mark, answered };
    this.#output = "";
    // What a login script prints stands before the first mark.
    const text = `printf '\\n%s\\n' ${mark}\n{ ${script}\n} </dev/null 2>/dev/null\nprintf '\\n%s %s\\n' ${mark} "$?"\n`;
    void tell(this.#ssh, text);
    const limit = this.#limit();
    try {
      return await answered.promise;
    } finally {
      clearTimeout(limit);
      this.#asked = undefined;
    }
  }

  /** Ends it and, where it is the one that others share, their connections. */
  close(): Promise<unknown> {
    this.#fail(new Failure("ssh-lost", "the ssh connection was closed", { kind: "no-service" }));
    closeStdin(this.#ssh);
    this.#ssh.child.kill();
    // One that was asking on the terminal still has to put that in order.
    return this.#settings.mayAsk ? this.#ssh.child.exited : Promise.resolve();
  }

  #limit() {
    if (this.#settings.mayAsk && !this.#isThere) return undefined;
    return setTimeout(() => {
      this.#fail(sshTimeout(this.#settings.destination, arrivalSeconds, this.said));
      this.#ssh.child.kill();
    }, arrivalSeconds * 1000);
  }

  async #listen(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of this.#ssh.received()) {
      this.#output += decoder.decode(chunk, { stream: true });
      this.#read();
      if (this.#output.length > mostAnswered) this.#output = this.#output.slice(-mostAnswered);
    }
    const status = await this.#ssh.ended;
    const { destination } = this.#settings;
    this.#fail(
      status === sshFailed || typeof status === "string" || this.#isThere
        ? sshFailure(destination, this.said, status)
        : noRemoteShell(destination, this.said),
    );
  }

  /** Finds an answer between its two marks. */
  #read(): void {
    if (this.#asked === undefined) return;
    const { mark, answered } = this.#asked;
    const begin = this.#output.indexOf(`\n${mark}\n`);
    if (begin === -1) return;
    this.#isThere = true;
    this.#arrived.resolve();
    const rest = this.#output.slice(begin + mark.length + 2);
    const end = new RegExp(`\\n${mark} (\\d+)\\n`).exec(rest);
    if (end === null) return;
    answered.resolve({ status: Number(end[1]), output: rest.slice(0, end.index) });
  }

  #fail(failure: Failure): void {
    this.#failure ??= failure;
    this.#arrived.reject(this.#failure);
    this.#asked?.answered.reject(this.#failure);
  }
}
