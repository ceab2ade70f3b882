// Code for Blender that goes on until a test lets it go.

import { join } from "node:path";
import type { Sandbox } from "./sandbox.ts";
import { until } from "./until.ts";

/** Code that says that it has begun and goes on until it is let go; it can be interrupted. */
export function endlessCode(box: Sandbox, name: string) {
  const [begun, gate] = [join(box.dir, `${name}-begun`), join(box.dir, `${name}-gate`)];
  return {
    code: [
      "import os, time",
      `begun, gate = ${JSON.stringify([begun, gate])}`,
      'open(begun, "w").close()',
      "while not os.path.exists(gate): time.sleep(0.005)",
    ].join("\n"),
    hasBegun: async () => {
      await until(() => Bun.file(begun).exists());
    },
    letGo: () => Bun.write(gate, ""),
  };
}
