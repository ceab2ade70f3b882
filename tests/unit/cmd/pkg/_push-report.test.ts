import { expect, test } from "bun:test";
import { sentText } from "../../../../src/cmd/pkg/_push-report.ts";
import type { PushedFile } from "../../../../src/remote/wheelhouse/progress.ts";

function file(sent: number, resumed: number, replaced = false): PushedFile {
  return {
    name: "x.whl",
    size: sent + resumed,
    sha256: null,
    status: "uploaded",
    transferred_bytes: sent,
    resumed_bytes: resumed,
    replaced,
  };
}

test.each([
  [[], 0, ""],
  [[file(0, 0)], 1, ""],
  [[file(3_000_000, 0), file(1_000_000, 0)], 2, "; 4.0 MB in 2.0 s (2.0 MB/s)"],
  [
    [file(1_000_000, 99_000_000)],
    0.5,
    "; 1.0 MB in 0.5 s (2.0 MB/s); 99.0 MB were there from an earlier push",
  ],
  [
    [file(1000, 0, true), file(0, 0)],
    1,
    "; 1.0 kB in 1.0 s (1.0 kB/s); 1 other file of the same name replaced",
  ],
])("%#: a speed counts what this push has sent", (files, seconds, text) => {
  expect(sentText(files, seconds)).toBe(text);
});
