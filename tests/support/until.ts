// Waiting for a condition that nothing announces.

/**
 * Waits until the condition holds; how long at most is up to the limit of the test. To look may cost
 * much, such as through all processes, so what takes long is looked at less often.
 */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let pause = 5; !(await holds()); pause = Math.min(pause * 1.2, 100)) await Bun.sleep(pause);
}
