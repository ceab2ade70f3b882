// Waiting that ends with the command.

/**
 * Waits for work, but no longer than the signal allows; the work itself goes on.
 *
 * @throws what the work throws; the signal's reason.
 */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => {});
  work.catch(() => {}); // Nobody may be waiting for it when it fails.
  const abort = () => reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort);
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
