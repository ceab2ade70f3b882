import { expect, test } from "bun:test";
import { PieceSize } from "../../../../src/remote/wheelhouse/piece-size.ts";

const k = 1024;

/** A server that takes so many ms for a piece of that size; pieces go one after the other. */
function sending(smallest: number, largest: number, milliseconds: (size: number) => number) {
  let now = 0;
  const pieces = new PieceSize(smallest, largest, 1, () => now);
  const send = async (count: number) => {
    const sizes = new Set<number>();
    for (let piece = 0; piece < count; piece++) {
      const size = pieces.bytes;
      sizes.add(size);
      await pieces.timed(size, async () => {
        now += milliseconds(size);
      });
    }
    return sizes;
  };
  return { pieces, send };
}

test("a server that takes large pieces as well as small ones gets large ones", async () => {
  // 10 ms for each piece, whatever its size.
  const { pieces, send } = sending(128 * k, 5 * 1024 * k, () => 10);
  await send(200);
  expect(pieces.bytes).toBe(5 * 1024 * k);
});

test("where a larger size doesn't pay, the one before stays", async () => {
  // Twice the size takes four times as long.
  const { pieces, send } = sending(128 * k, 5 * 1024 * k, (size) => (size / k) ** 2 / 1000);
  expect(await send(200)).toEqual(new Set([128 * k, 256 * k]));
  expect(pieces.bytes).toBe(128 * k);
});

test("the best size in between is found", async () => {
  // A fixed effort, and a quadratic one: the rate is best at 512 KiB.
  const effort = (size: number) => 50 + 50 * (size / (512 * k)) ** 2;
  const { pieces, send } = sending(64 * k, 8 * 1024 * k, effort);
  await send(500);
  expect(pieces.bytes).toBe(512 * k);
});

test("the upper bound is obeyed from the first piece on", async () => {
  const { send } = sending(128 * k, 10 * k, () => 1);
  expect(await send(500)).toEqual(new Set([10 * k]));
});

test("a piece that fails is the sender's to hear of, and says nothing of the best size", async () => {
  const pieces = new PieceSize(128 * k, 256 * k, 1);
  const broken = pieces.timed(128 * k, () => Promise.reject(new Error("cut")));
  await expect(broken).rejects.toThrow("cut");
  expect(pieces.bytes).toBe(128 * k);
});
