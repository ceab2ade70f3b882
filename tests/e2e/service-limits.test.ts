import { expect, test } from "bun:test";
import { join } from "node:path";
import type { Socket } from "bun";
import { everyBlender } from "../support/every-blender.ts";
import { expectFailure } from "../support/outcome.ts";
import { expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { startService } from "../support/servers.ts";

/** Connections that send this and then nothing. */
async function silent(box: Sandbox, count: number, begin: string): Promise<Socket[]> {
  const socket = {
    data() {},
    open(opened: Socket) {
      opened.write(begin);
    },
  };
  const open = () => Bun.connect({ hostname: "127.0.0.1", port: box.port, socket });
  return await Promise.all(Array.from({ length: count }, open));
}

test.each(everyBlender)(
  "%s: who says nothing keeps nobody out, and what is too large isn't sent",
  async (_, launcher) => {
    await using box = await sandbox();
    await startService(box, launcher);
    const sockets = [
      ...(await silent(box, 600, "")),
      ...(await silent(box, 200, '{"type": "hello", "params": {"client": "')),
    ];
    try {
      const said = await box.cli(["execute", "-c", "print(6 * 7)"]);
      expect(expectSuccess(said).stdout).toBe("42\n");
      expectSuccess(await box.cli(["status"]));
    } finally {
      for (const socket of sockets) socket.terminate();
    }

    const script = join(box.dir, "large.py");
    await Bun.write(script, `print("never")\n#${"x".repeat(40_000_000)}`);
    await expectFailure(box, ["execute", script], {
      code: "request-too-large",
      exit: 1,
      says: "the request has 53.3 MB, and the service on",
    });
    await Bun.write(script, `print(len("${"x".repeat(20_000_000)}"))`);
    expect(expectSuccess(await box.cli(["execute", script])).stdout).toBe("20000000\n");
  },
);
