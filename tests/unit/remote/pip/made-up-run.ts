// A pip run as a Blender would tell of it, and a Blender that tells of such runs.

import type { PipRun } from "../../../../src/remote/pip/current.ts";
import type { Session } from "../../../../src/remote/wire/session.ts";
import { type Call, plainServer } from "../plain-server.ts";

/** A run that goes on. */
export const madeUpRun: PipRun = {
  id: "a run",
  pid: 4711,
  command: ["/a b/python", "-m", "pip", "install", "--index-url=https://***@host/simple"],
  purpose: null,
  began: Date.parse("2026-11-21T08:00:00") / 1000,
  seconds: 90,
  returncode: null,
  seen: false,
  unfinished: false,
};

/** What reading its output gives. */
export function output(stdout: string, stderr: string, returncode: number | null) {
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  return {
    stdout: base64(stdout),
    stderr: base64(stderr),
    returncode,
    cancelled: false,
    seconds: 2.5,
  };
}

/** Plain servers on which scripts don't run: what they give is made up by `answer`. */
export function madeUpServers() {
  const opened: Disposable[] = [];
  return {
    serve: async (answer: (call: Call) => unknown): Promise<Session> => {
      const server = await plainServer(answer);
      opened.push(server);
      return server.session;
    },
    close: () => {
      for (const one of opened.splice(0)) one[Symbol.dispose]();
    },
  };
}
