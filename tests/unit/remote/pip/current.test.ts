import { afterEach, expect, test } from "bun:test";
import { currentPip } from "../../../../src/remote/pip/current.ts";
import { madeUpRun, madeUpServers } from "./made-up-run.ts";

const { serve, close } = madeUpServers();
afterEach(close);

test("one that ended and was seen to its end isn't there any more, unless it's asked for", async () => {
  const ended = { ...madeUpRun, returncode: 0, seen: true };
  const session = await serve(() => ({ run: ended }));
  expect(await currentPip(session)).toBeUndefined();
  expect(await currentPip(session, { seen: true })).toMatchObject({ pid: 4711 });
});
