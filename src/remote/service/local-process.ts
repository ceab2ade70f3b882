// The process of a Blender, where it is on this machine and can be looked at.

import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import * as v from "valibot";
import { Failure, systemCodeOf } from "../../failure.ts";
import type { Script } from "../../script.ts";
import { callBeside } from "../script/call.ts";
import type { Session } from "../wire/session.ts";
import machineSource from "./machine.py" with { type: "text" };

const machineScript: Script = { name: "machine.py", source: machineSource };
const machineSchema = v.object({ host: v.string(), boot: v.string(), namespace: v.string() });

/** How long the question for the machine may take, in seconds. */
const machineSeconds = 5;

/**
 * Whether the Blender at the other end is on this machine, by its own word: where it isn't, its process
 * can't be seen from here.
 */
export async function sameMachine(session: Session): Promise<boolean> {
  try {
    const there = await callBeside(session, machineScript, null, machineSchema, machineSeconds);
    return isThisMachine(there);
  } catch (error) {
    if (error instanceof Failure && error.kind !== "interrupted") return false;
    throw error;
  }
}

/** A process of this machine, which another one with its number isn't taken for. */
export class LocalProcess {
  readonly pid: number;
  /**
   * Whether it is known to be that Blender (see `peerProcesses`). A server could name any process: one
   * that isn't certain is looked at and never ended.
   */
  readonly certain: boolean;
  readonly #started: string | undefined;

  constructor(pid: number, { certain }: { certain: boolean }) {
    this.pid = pid;
    this.certain = certain;
    this.#started = statOf(pid)?.started;
  }

  /** Whether it runs; one that has ended and that nobody has asked about (a zombie) doesn't. */
  get runs(): boolean {
    if (process.platform === "linux") {
      const stat = statOf(this.pid);
      return stat !== undefined && stat.started === this.#started && !/[ZX]/.test(stat.state);
    }
    return this.#send(0);
  }

  /** Whether it was stopped, by SIGSTOP or a debugger: then it does nothing until it is continued. */
  get stopped(): boolean {
    return this.runs && /[Tt]/.test(statOf(this.pid)?.state ?? "");
  }

  /** Has the system end it, where it is certain: politely, or at once. */
  end(how: "SIGTERM" | "SIGKILL"): void {
    if (this.certain && this.runs) this.#send(how);
  }

  #send(signal: number | "SIGTERM" | "SIGKILL"): boolean {
    try {
      process.kill(this.pid, signal);
      return true;
    } catch (error) {
      return systemCodeOf(error) === "EPERM";
    }
  }
}

function isThisMachine(there: v.InferOutput<typeof machineSchema>): boolean {
  if (process.platform !== "linux") {
    return there.boot === "" && there.host.toLowerCase() === hostname().toLowerCase();
  }
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "ascii").trim();
    return there.boot === boot && there.namespace === readlinkSync("/proc/self/ns/pid");
  } catch {
    return false;
  }
}

/** State and start time (in ticks since the machine's start) of a process, of Linux's proc(5). */
function statOf(pid: number): { state: string; started: string } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The name before it may hold spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { state: fields[0] ?? "", started: fields[19] ?? "" };
  } catch {
    return undefined;
  }
}
