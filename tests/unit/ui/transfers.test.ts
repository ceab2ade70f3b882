import { expect, test } from "bun:test";
import { AllTransfers, Transfer } from "../../../src/ui/transfers.ts";

/** A clock in ms that goes on when it's told. */
function clock() {
  let time = 5000;
  const pass = (seconds: number) => {
    time += seconds * 1000;
  };
  return { now: () => time, pass };
}

test("what was there from an earlier run is done, but no part of the speed", () => {
  const { now, pass } = clock();
  const transfer = new Transfer(now);
  transfer.total = 100_000_000;
  transfer.done = 80_000_000;
  pass(2);
  transfer.move(4_000_000);
  expect(transfer.rate).toBe(2_000_000);
  expect(transfer.words).toEqual({
    done: "84.0 MB",
    all: "100.0 MB",
    rate: "2.0 MB",
    left: "8s",
  });
});

test("of several files only what is to be sent counts, also where less was there than it seemed", () => {
  const { now, pass } = clock();
  const files = [
    { name: "a", bytes: 10_000_000 },
    { name: "b", bytes: 5_000_000 },
  ];
  const all = new AllTransfers(files, now);
  all.start("a", 50_000_000, 40_000_000);
  // The part file's last blocks were wrong.
  all.start("b", 20_000_000, 14_000_000);
  expect(all.total).toBe(16_000_000);
  pass(4);
  all.sent("a", 8_000_000);
  expect(all.rate).toBe(2_000_000);
  expect(all.words).toEqual({ done: "8.0 MB", all: "16.0 MB", rate: "2.0 MB", left: "4s" });
});

test("what must be sent again is more to send, and all that moves is part of the speed", () => {
  const { now, pass } = clock();
  const all = new AllTransfers([{ name: "a", bytes: 10_000_000 }], now);
  all.start("a", 10_000_000, 0);
  pass(1);
  all.sent("a", 6_000_000);
  // Of that, 4 MB have arrived when it is taken up again.
  all.start("a", 10_000_000, 4_000_000);
  expect(all.total).toBe(12_000_000);
  pass(1);
  all.sent("a", 6_000_000);
  expect(all.done).toBe(all.total);
  expect(all.rate).toBe(6_000_000);
});

test("nothing moved yet", () => {
  const { words } = new AllTransfers([{ name: "a", bytes: 10 }]);
  expect(words).toEqual({ done: "0 B", all: "10 B", rate: "0 B", left: "?" });
});
