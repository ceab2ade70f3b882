// `pkg push` as tests call it, and what it says with `--json`.

import { sizesIn } from "./folders.ts";
import { proxyTo } from "./proxy.ts";
import type { CliResult, Sandbox } from "./sandbox.ts";
import { until } from "./until.ts";

export interface Pushed {
  op: string;
  remote_wheelhouse: string;
  files: {
    name: string;
    /** In bytes, as the two below. */
    size: number;
    sha256: string | null;
    status: string;
    transferred_bytes: number;
    resumed_bytes: number;
    replaced: boolean;
    error?: string;
  }[];
  transport: string;
  uploaded: number;
  skipped: number;
  failed: number;
  /** Of all files. */
  transferred_bytes: number;
  warnings: string[];
}

/** Pushes a wheel, or a folder of wheels, into a folder. */
export function pushTo(
  box: Sandbox,
  from: string,
  to: string,
  ...flags: string[]
): Promise<CliResult> {
  return box.cli(["pkg", "push", from, "--remote-wheelhouse", to, ...flags]);
}

/** Bytes of the part that a push has written into a folder of its own so far. */
export async function partIn(there: string): Promise<number> {
  const [size = 0] = await sizesIn(there);
  return size;
}

/** A connection that is cut for good when a push of a large wheel has come half-way. */
export function cutHalfWay(port: number, there: string): ReturnType<typeof proxyTo> {
  let full = false;
  return proxyTo(port, (passing) => {
    if (full || passing.bytesThere <= 5_000_000) return;
    full = true;
    passing.hold(async () => {
      // What has passed may still be on its way to Blender.
      await until(async () => (await partIn(there)) > 1_000_000);
      passing.cut();
    });
  });
}

/** What a push with `--json` has said. */
export function pushed({ stdout }: CliResult): Pushed {
  return JSON.parse(stdout);
}
