import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { LastBytes } from "../../../../src/remote/pip/last-bytes.ts";

describe("LastBytes", () => {
  test("keeps the last bytes and counts the others, however they come", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 20 }),
        fc.array(fc.stringMatching(/^[a-z]{0,30}$/)),
        (limit, pieces) => {
          const tail = new LastBytes(limit);
          for (const piece of pieces) tail.push(new TextEncoder().encode(piece));
          const all = pieces.join("");
          expect(tail.text()).toBe(all.slice(Math.max(0, all.length - limit)));
          expect(tail.dropped).toBe(Math.max(0, all.length - limit));
        },
      ),
    );
  });

  test("a character over two pieces is one", () => {
    const tail = new LastBytes(10);
    const [first = 0, ...rest] = new TextEncoder().encode("ä");
    tail.push(Uint8Array.of(first));
    tail.push(Uint8Array.from(rest));
    expect(tail.text()).toBe("ä");
  });
});
