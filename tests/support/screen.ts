// A virtual display, for Blenders with a window.

import { canRunWindow } from "../../scripts/blenders.ts";
import type { Sandbox } from "./sandbox.ts";

export interface Screen extends AsyncDisposable {
  /** The value of DISPLAY. */
  display: string;
}

/** Starts an X server that shows its screen to nobody; disposing it ends it. */
export async function virtualScreen(box: Sandbox): Promise<Screen> {
  if (!(await canRunWindow())) throw new Error("no virtual display: run ./dev blenders");
  const server = Bun.spawn(["Xvfb", "-displayfd", "1", "-screen", "0", "800x600x24"], {
    stdout: "pipe",
    stderr: "ignore",
  });
  box.owns(server.pid);
  let number = "";
  for await (const bytes of server.stdout) {
    number += new TextDecoder().decode(bytes);
    if (number.includes("\n")) break;
  }
  if (number === "") throw new Error(`Xvfb ended with ${await server.exited}`);
  return {
    display: `:${number.trim()}`,
    [Symbol.asyncDispose]: async () => {
      server.kill();
      await server.exited;
    },
  };
}
