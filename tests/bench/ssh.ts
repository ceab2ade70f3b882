// What commands through --ssh cost, against ssh and scp themselves.

import { join } from "node:path";
import { mustRun } from "../../scripts/process.ts";
import { launcherOf } from "../support/blender.ts";
import { executable, type Sandbox, sandbox } from "../support/sandbox.ts";
import { startService } from "../support/servers.ts";
import { sshHome } from "../support/ssh-server.ts";
import { aboveRow, inTurn, type Row, seconds, timesRow } from "./measure.ts";
import { bigWheel, emptied } from "./pushes.ts";

/** An SSH server with the sandbox's home, and an ssh that knows it as `there`. */
export async function sshBeside(box: Sandbox) {
  const home = await sshHome(box.dir);
  const server = await home.server({ env: { HOME: box.env["HOME"] ?? "" } });
  await home.host("there", server);
  box.env["PATH"] = `${home.bin}:${box.env["PATH"]}`;
  await mustRun([join(home.bin, "ssh"), "there", "true"]); // learns the host key
  return {
    ssh: [join(home.bin, "ssh"), "there"],
    scp: [join(home.bin, "scp"), "-q"],
    target: (path: string) => `there:${path}`,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** A command through ssh against `ssh true`, and a push of 380 MB against scp of it. */
export async function throughSsh(): Promise<Row[]> {
  await using box = await sandbox();
  await startService(box, await launcherOf("bpy"));
  await using beside = await sshBeside(box);
  const ours = (...args: string[]) => {
    const command = [executable, ...args, "--ssh", "there", "--quiet"];
    return seconds(() => mustRun(command, { env: box.env }));
  };
  const commands = await inTurn(
    {
      plain: () => seconds(() => mustRun([...beside.ssh, "true"])),
      execute: () => ours("execute", "--code", "pass"),
      status: () => ours("status"),
    },
    15,
  );
  const wheel = await bigWheel(join(box.dir, "local"));
  const there = join(box.dir, "there");
  const moved = await inTurn({
    push: async () => {
      await emptied(there);
      return ours("pkg", "push", wheel, "--remote-wheelhouse", there);
    },
    scp: async () => {
      await emptied(there);
      const copy = beside.target(join(there, "copy.whl"));
      return seconds(() => mustRun([...beside.scp, wheel, copy]));
    },
  });
  const { plain, execute, status } = commands;
  return [
    aboveRow("execute through --ssh - ssh there true", execute, plain, 0.05),
    aboveRow("status through --ssh - ssh there true", status, plain, 0.05),
    timesRow("push of 380 MB through --ssh / scp", moved.push, moved.scp, 1),
  ];
}
