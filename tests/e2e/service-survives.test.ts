import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { everyBlender } from "../support/every-blender.ts";
import { hostileCode } from "../support/hostile-code.ts";
import { runs } from "../support/process.ts";
import { rawClient } from "../support/raw-client.ts";
import { type Sandbox, sandbox } from "../support/sandbox.ts";
import { startConfigured, startService } from "../support/servers.ts";
import { until } from "../support/until.ts";

/** Runs code and waits for its answer, which may be that the connection has gone. */
async function run(box: Sandbox, code: string) {
  await using client = await rawClient(box.port);
  return await client.ask("execute_code", { code });
}

/** Fails where the service doesn't answer both kinds of request to a new client. */
async function expectAnswers(box: Sandbox) {
  await using client = await rawClient(box.port);
  expect(await client.ask("hello")).toMatchObject({ status: "success" });
  expect(await client.ask("execute_code", { code: "print(6 * 7)" })).toMatchObject({
    status: "success",
    result: { result: "42\n" },
  });
}

describe.each(everyBlender)("%s", (_name, launcher) => {
  let box: Sandbox;
  let pid = 0;
  let ended = false;
  beforeAll(async () => {
    box = await sandbox();
    ({ pid } = await startService(box, launcher));
  });
  afterAll(() => box[Symbol.asyncDispose]());
  beforeEach(async () => {
    if (!ended && (await runs(pid))) return;
    box.owns(pid);
    if (await runs(pid)) process.kill(pid, "SIGKILL");
    await until(async () => !(await runs(pid)));
    pid = await startConfigured(box);
    ended = true;
  });
  afterEach(async () => {
    ended = true;
    expect(await runs(pid)).toBe(true);
    await expectAnswers(box);
    ended = false;
  });

  test.each(hostileCode)("after: %s", async (_what, code) => {
    await run(box, code);
    await expectAnswers(box);
  });

  test("a client that closes before its large answer", async () => {
    const code = "import time\ntime.sleep(0.2)\nprint('x' * 1_000_000)";
    for (let n = 0; n < 5; n++) {
      const client = await rawClient(box.port);
      client.send(JSON.stringify({ type: "execute_code", params: { code } }));
      client.socket.resetAndDestroy();
      await expectAnswers(box);
    }
  });
});
