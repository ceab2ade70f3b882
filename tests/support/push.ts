// `pkg push` as tests call it, and what it says with `--json`.

import type { CliResult, Sandbox } from "./sandbox.ts";

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

/** What a push with `--json` has said. */
export function pushed({ stdout }: CliResult): Pushed {
  return JSON.parse(stdout);
}
