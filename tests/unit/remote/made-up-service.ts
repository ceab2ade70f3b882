// A service of ours whose answers a test makes up.

import { afterEach } from "bun:test";
import type { Socket } from "bun";
import * as v from "valibot";
import { MessageReader } from "../../../src/remote/wire/message.ts";
import type { Hello } from "../../../src/remote/wire/server.ts";
import { Session } from "../../../src/remote/wire/session.ts";

export const madeUpHello: Hello = {
  protocol: 1,
  server: "bld_remote_mcp",
  service_version: "2.0.0",
  capabilities: ["status", "client", "jobs"],
  blender_version: "5.0.1",
  pid: 4711,
  background: true,
  authentication: "none",
};

/** What the service does while nothing runs. */
export const idleLoad = {
  busy: false,
  running_seconds: null,
  queued: 0,
  connections: 1,
  uptime_seconds: 1.5,
  requests: 2,
  running: null,
  stopping: false,
  code_ran_since_save: false,
};

/** A request as it arrived. */
export interface MadeUpRequest {
  type: string;
  params: Record<string, unknown>;
}

const requestSchema = v.object({ type: v.string(), params: v.record(v.string(), v.unknown()) });

interface Peer {
  reader: MessageReader;
}

/**
 * Gives a function that opens a session with a service which answers each request but `hello` with
 * what a function gives for it, and with an error that it throws; all end with each test.
 */
export function madeUpServices() {
  const opened: { close(): void }[] = [];
  afterEach(() => {
    for (const one of opened.splice(0)) one.close();
  });
  return async (
    answer: (request: MadeUpRequest) => unknown,
    signal = new AbortController().signal,
  ): Promise<{ session: Session; requests: MadeUpRequest[] }> => {
    const requests: MadeUpRequest[] = [];
    const respond = async (socket: Socket<Peer>, message: string) => {
      const request = v.parse(requestSchema, JSON.parse(message));
      requests.push(request);
      let response: object;
      try {
        const result = request.type === "hello" ? madeUpHello : await answer(request);
        response = { status: "success", result };
      } catch (error) {
        response = { status: "error", message: error instanceof Error ? error.message : "?" };
      }
      socket.write(JSON.stringify(response));
    };
    const listener = Bun.listen<Peer>({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        open(socket) {
          socket.data = { reader: new MessageReader(1024 * 1024) };
        },
        data(socket, chunk) {
          for (const message of socket.data.reader.push(chunk)) void respond(socket, message);
        },
      },
    });
    const endpoint = { host: "127.0.0.1", port: listener.port };
    const deadlines = { connect: 60, firstAnswer: 60, total: 60 };
    const session = await Session.open(endpoint, deadlines, signal);
    opened.push(session, { close: () => listener.stop(true) });
    return { session, requests };
  };
}
