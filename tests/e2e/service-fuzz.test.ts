import { expect, test } from "bun:test";
import { everyBlender } from "../support/every-blender.ts";
import { fuzzer } from "../support/fuzzer.ts";
import { ended, runs } from "../support/process.ts";
import { rawClient } from "../support/raw-client.ts";
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
      const messages = [fuzz.message()];
      while (messages.at(-1)?.ends === false && messages.length < mostPerClient) {
        messages.push(fuzz.message());
      }
      sent += messages.length;
      const bytes = Buffer.concat(messages.map(({ bytes }) => bytes));
      await using client = await rawClient(box.port);
      client.socket.end(bytes);
      await client.closed;
      if (messages.some(({ stops }) => stops)) {
        // Where force isn't a truth value it has been refused, and the service goes on.
        await using other = await rawClient(box.port);
        const refused = await other.ask("server_shutdown", { quit: true });
        if (refused !== null) expect(refused).toMatchObject({ status: "success" });
        await ended(pid);
        pid = await startConfigured(box);
      } else if (!(await runs(pid))) {
        const shown = messages.map(({ bytes }) => bytes.toString("latin1").slice(0, 500));
        throw new Error(`seed ${seed}: Blender has ended after\n${shown.join("\n")}`);
      }
    }
    await using client = await rawClient(box.port);
    expect(await client.ask("hello")).toMatchObject({ status: "success" });
    expect(await client.ask("execute_code", { code: "print(1)" })).toMatchObject({
      status: "success",
      result: { result: "1\n" },
    });
  },
  300_000,
);
