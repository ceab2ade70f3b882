// A machine without any network, but for one port that another one reaches: for tests by root.

import { join } from "node:path";
import { freePort } from "../../scripts/port.ts";
import { executable, type Sandbox, sandbox } from "./sandbox.ts";

const relay = join(import.meta.dir, "relay.py");

/** Two machines: where Blender is, and where the internet is. */
export interface Island extends AsyncDisposable {
  /** Commands of it run in a network namespace that has nothing but its own loopback. */
  blenders: Sandbox;
  /** Its default port is the one of the service there. */
  ours: Sandbox;
}

/** Whether this machine makes network namespaces for us. */
export const makesIslands =
  process.platform === "linux" &&
  Bun.spawnSync(["unshare", "--net", "true"], { stderr: "ignore" }).exitCode === 0;

async function relayed(command: readonly string[], from: string, to: string) {
  const child = Bun.spawn([...command, from, to], { stdout: "pipe", stderr: "inherit" });
  const { value } = await child.stdout.getReader().read();
  if (value === undefined) throw new Error("the relay ended");
  return child;
}

/** Makes both; its processes end with it, and the namespace with them. */
export async function island(): Promise<Island> {
  const ours = await sandbox();
  const inside = await freePort();
  const socket = join(ours.dir, "service");
  const alone = ["unshare", "--net", "python3", relay, "--alone"];
  const there = await relayed(alone, `unix:${socket}`, `tcp:${inside}`);
  const here = await relayed(["python3", relay], `tcp:${ours.port}`, `unix:${socket}`);
  const blenders = await sandbox(["nsenter", `--net=/proc/${there.pid}/ns/net`, executable]);
  blenders.env["BLENDER_REMOTE_PORT"] = String(inside);
  return {
    ours,
    blenders,
    [Symbol.asyncDispose]: async () => {
      await blenders[Symbol.asyncDispose]();
      await ours[Symbol.asyncDispose]();
      for (const child of [here, there]) {
        child.kill();
        await child.exited;
      }
    },
  };
}
