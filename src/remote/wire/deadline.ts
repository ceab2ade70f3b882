// A time limit that can be taken back.

import type { Failure } from "../../failure.ts";

/** Rejects after `seconds`, or when `signal` aborts, whichever is first; `dispose` ends it. */
export function deadline(
  seconds: number,
  signal: AbortSignal,
  expired: () => Failure,
): { promise: Promise<never>; dispose: () => void } {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => {});
  const abort = () => reject(signal.reason);
  // setTimeout takes at most 2^31-1 ms; anything longer is as good as no limit.
  const timer =
    seconds * 1000 < 2 ** 31 ? setTimeout(() => reject(expired()), seconds * 1000) : undefined;
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort);
  return {
    promise,
    dispose: () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
    },
  };
}
