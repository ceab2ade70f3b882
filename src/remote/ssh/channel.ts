// A connection to a service through ssh: `ssh -W`, whose stdin and stdout carry the bytes.

import type { Failure } from "../../failure.ts";
import type { Carrier, CarrierEvents } from "../wire/carrier.ts";
import { pour, type SshProcess } from "./process.ts";

/** How much is handed over at once, in bytes. */
const handful = 1024 * 1024;

/** How long an ssh may take to end once the far end has closed the connection, in ms. */
const patience = 2000;

/**
 * Carries a connection's bytes over the pipes of an ssh that was started with `-W`.
 *
 * @param failure what the end of that ssh means, from its exit code.
 */
export function channelOver(
  ssh: SshProcess,
  events: CarrierEvents,
  failure: (status: number | string) => Failure,
): Carrier {
  const { child } = ssh;
  /** Bytes that were handed over, and by now were taken from us. */
  let taken = 0;
  let busy = false;
  let over = false;
  const end = () => {
    over = true;
    child.kill();
  };
  const receive = async () => {
    for await (const chunk of ssh.received()) events.data(chunk);
    // It has ended, or the far end has closed its direction: nobody speaks half a dialogue.
    const late = setTimeout(end, patience);
    closeStdin(ssh);
    const status = await ssh.ended;
    clearTimeout(late);
    events.ended(failure(over ? 0 : status));
  };
  void receive();
  return {
    write: (bytes) => {
      if (busy || over) return 0;
      if (taken > 0) {
        const before = taken;
        taken = 0;
        return before;
      }
      const piece = bytes.subarray(0, handful);
      const flushed = handOver(child, piece);
      if (!(flushed instanceof Promise)) return piece.length;
      // The bytes are ours until then: whoever gave them may write others over them.
      busy = true;
      const drained = () => {
        busy = false;
        taken = piece.length;
        if (!over) events.drain();
      };
      // An ssh that has ended takes nothing more; its end is told where stdout ends.
      flushed.then(drained, () => {});
      return 0;
    },
    terminate: end,
  };
}

/** @returns what is to be waited for; of an ssh that has ended nothing that ever comes. */
function handOver(child: SshProcess["child"], piece: Uint8Array): Promise<unknown> | number {
  try {
    return pour(child.stdin, piece);
  } catch {
    return Promise.withResolvers<never>().promise;
  }
}

/** Tells an ssh that nothing more comes; one that has ended needn't hear it. */
export function closeStdin({ child }: SshProcess): void {
  try {
    Promise.resolve(child.stdin.end()).catch(() => {});
  } catch {
    // Its pipe is gone already.
  }
}
