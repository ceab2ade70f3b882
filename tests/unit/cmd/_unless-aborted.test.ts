import { expect, test } from "bun:test";
import { unlessAborted } from "../../../src/cmd/_unless-aborted.ts";

test("what the work gives, or fails with", async () => {
  const { signal } = new AbortController();
  expect(await unlessAborted(Promise.resolve(5), signal)).toBe(5);
  expect(unlessAborted(Promise.reject(new Error("no")), signal)).rejects.toThrow("no");
});

test("a signal before or meanwhile ends the waiting, and what fails later is nobody's", async () => {
  const controller = new AbortController();
  const { promise, reject } = Promise.withResolvers<never>();
  const meanwhile = unlessAborted(promise, controller.signal);
  controller.abort(new Error("interrupted"));
  expect(meanwhile).rejects.toThrow("interrupted");
  expect(unlessAborted(promise, controller.signal)).rejects.toThrow("interrupted");
  reject(new Error("late"));
  await Bun.sleep(1);
});
