import { expect } from "bun:test";
import { pour } from "../../../../src/remote/ssh/process.ts";
import { posixOnly } from "../../../support/systems.ts";

posixOnly("its shell closes what it reads from")(
  "a pipe that nobody reads any more fails for who waits, and for nobody else",
  async () => {
    const unheard: unknown[] = [];
    const hear = (error: unknown) => unheard.push(error);
    process.on("unhandledRejection", hear);
    try {
      const child = Bun.spawn(["sh", "-c", "exec 0<&-; echo closed; exec sleep 60"], {
        stdin: "pipe",
        stdout: "pipe",
      });
      await child.stdout.getReader().read();
      // Few enough for the pipe, and too many for Bun to keep them for later.
      const poured = (async () => await pour(child.stdin, new Uint8Array(60_000)))();
      expect(await poured.catch(({ code }) => code)).toBe("EPIPE");
      child.kill();
      await child.exited;
      expect(unheard).toEqual([]);
    } finally {
      process.off("unhandledRejection", hear);
    }
  },
);
