// What authentication adds to a command: a service with a token against one that asks for none.

import { tokenIn } from "../../src/local/service/token-file.ts";
import type { Access } from "../../src/remote/wire/authentication.ts";
import { Session } from "../../src/remote/wire/session.ts";
import { ownBlender } from "../support/blender.ts";
import { executable, expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { startService } from "../support/servers.ts";
import { tokenFileOf } from "../support/tokens.ts";
import { inTurn, median, ms, type Row, seconds } from "./measure.ts";

const aim = 0.001;
const rounds = 101;

/** How commands get into the sandbox's service: they look for the token each time. */
export function accessOf(box: Sandbox): Access {
  const path = tokenFileOf(box);
  return {
    token: async () => {
      const value = tokenIn(path);
      return value === undefined ? undefined : { value, whose: path, otherwise: path };
    },
    missing: path,
  };
}

function open(box: Sandbox): Promise<number> {
  const deadlines = { connect: 5, firstAnswer: 10, total: 120 };
  const endpoint = { host: "127.0.0.1", port: box.port, access: accessOf(box) };
  return seconds(async () => {
    const session = await Session.open(endpoint, deadlines, new AbortController().signal);
    session.close();
  });
}

function execute(box: Sandbox): Promise<number> {
  return seconds(async () => {
    const command = [executable, "execute", "-c", "pass"];
    const child = Bun.spawn(command, { env: box.env, stdio: ["ignore", "ignore", "inherit"] });
    if ((await child.exited) !== 0) throw new Error("execute failed");
  });
}

function row(what: string, taken: Record<"token" | "none", number[]>): Row {
  const [token, none] = [median(taken.token), median(taken.none)];
  const more = token - none;
  const measured = `${(more * 1000).toFixed(2)} ms (${ms(token)} - ${ms(none)})`;
  return { what, measured, aim: "<= 1 ms", met: more <= aim };
}

/** The opening of a session, and a whole command: with a token less without. */
export async function authenticating(): Promise<Row[]> {
  await using closed = await sandbox();
  await using opened = await sandbox();
  await startService(closed, await ownBlender(closed));
  await startService(opened, await ownBlender(opened), "--no-auth");
  const sessions = await inTurn(
    { token: () => open(closed), none: () => open(opened) },
    rounds * 3,
  );
  const commands = await inTurn(
    { token: () => execute(closed), none: () => execute(opened) },
    rounds,
  );
  for (const box of [closed, opened]) expectSuccess(await box.cli(["stop"]));
  return [
    row("a session's opening, with a token - with none", sessions),
    row("execute -c pass, with a token - with none", commands),
  ];
}
