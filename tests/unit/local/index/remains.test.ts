import { expect, test } from "bun:test";
import { giveBack } from "../../../../src/local/index/remains.ts";

test("what is given back is gone, but nothing that others share", () => {
  const own = new Uint8Array(100);
  giveBack(own);
  expect(own.buffer.byteLength).toBe(0);
  const shared = new Uint8Array(100).fill(7);
  giveBack(shared.subarray(50));
  expect(shared).toEqual(new Uint8Array(100).fill(7));
});
