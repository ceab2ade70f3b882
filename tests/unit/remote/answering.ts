// A Blender whose scripts give what a test has made up.

import { afterEach } from "bun:test";
import type { Hello } from "../../../src/remote/wire/server.ts";
import type { Session } from "../../../src/remote/wire/session.ts";
import type { JsonValue } from "../../../src/script.ts";
import { type Call, plainServer } from "./plain-server.ts";

/** A session with such a Blender, and the calls that scripts had so far. */
export interface AnsweringBlender {
  session: Session;
  calls: Call[];
}

/**
 * Gives a function that makes servers which answer each script with the next of some values, or
 * with what a function says; they end with each test.
 */
export function answeringBlenders() {
  const servers: Disposable[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server[Symbol.dispose]();
  });
  return async (
    values: readonly JsonValue[] | ((call: Call) => unknown),
    hello?: Hello,
  ): Promise<AnsweringBlender> => {
    const left = typeof values === "function" ? [] : [...values];
    const calls: Call[] = [];
    const answer = (call: Call) => {
      calls.push(call);
      return typeof values === "function" ? values(call) : (left.shift() ?? null);
    };
    const server = await plainServer(answer, undefined, hello);
    servers.push(server);
    return { session: server.session, calls };
  };
}
