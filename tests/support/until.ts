// Waiting for a condition that nothing announces.

/** Waits until the condition holds; how long at most is up to the limit of the test. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await Bun.sleep(5);
}
