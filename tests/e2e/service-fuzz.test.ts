import { expect, test } from "bun:test";
import { everyBlender } from "../support/every-blender.ts";
import { type FuzzedMessage, fuzzer } from "../support/fuzzer.ts";
import { ended, runs } from "../support/process.ts";
import { ownClient } from "../support/raw-client.ts";
import { sandbox } from "../support/sandbox.ts";
import { startConfigured, startService } from "../support/servers.ts";

const total = 20_000;
const mostPerClient = 10;
const seed = Number(process.env["FUZZ_SEED"] ?? 20261126);
const share = Math.ceil(total / everyBlender.length);

test.each(everyBlender)(
  `%s: ${share} messages of seed ${seed} leave a service that answers`,
  async (name, launcher) => {
    await using box = await sandbox();
    let { pid } = await startService(box, launcher);
    const fuzz = fuzzer(seed + everyBlender.findIndex(([one]) => one === name), box.dir);
    for (let sent = 0; sent < share; ) {
      const messages: FuzzedMessage[] = [];
      do messages.push(fuzz.message());
      while (messages.at(-1)?.ends === false && messages.length < mostPerClient);
      sent += messages.length;
      using client = await ownClient(box);
      client.send(Buffer.concat(messages.map(({ bytes }) => bytes)));
      client.end();
      await client.closed;
      if (!(await runs(pid))) {
        const shown = messages.map(({ bytes }) => bytes.toString("latin1").slice(0, 500));
        throw new Error(`seed ${seed}: Blender has ended after\n${shown.join("\n")}`);
      }
      if (fuzz.isTimeToStop()) {
        using stopping = await ownClient(box);
        const answer = await stopping.ask("server_shutdown", { quit: true });
        expect(answer).toMatchObject({ status: "success" });
        await ended(pid);
        pid = await startConfigured(box);
      }
    }
    using client = await ownClient(box);
    expect(await client.ask("hello")).toMatchObject({ status: "success" });
    expect(await client.ask("execute_code", { code: "print(1)" })).toMatchObject({
      status: "success",
      result: { result: "1\n" },
    });
  },
  300_000,
);
