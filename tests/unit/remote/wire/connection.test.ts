import { afterEach, describe, expect, test } from "bun:test";
import { createServer } from "node:http";
import type { Socket, SocketHandler } from "bun";
import { Failure } from "../../../../src/failure.ts";
import {
  Connection,
  type Deadlines,
  type Endpoint,
} from "../../../../src/remote/wire/connection.ts";
import type { Hello } from "../../../../src/remote/wire/server.ts";
import { Session } from "../../../../src/remote/wire/session.ts";
import { rendered } from "../../../../src/text.ts";
import { failureOf } from "../../../support/failure.ts";
import { pythonCommand } from "../../../support/systems.ts";

const patient: Deadlines = { connect: 60, firstAnswer: 60, total: 60 };
const never = new AbortController().signal;
const hello: Hello = {
  protocol: 1,
  server: "bld_remote_mcp",
  service_version: "2.0.0",
  capabilities: ["status"],
  blender_version: "5.0.1",
  pid: 4711,
  background: true,
  authentication: "none",
};

const opened: { close(): void }[] = [];
afterEach(() => {
  for (const one of opened.splice(0)) one.close();
});

function listen(handler: SocketHandler): Endpoint {
  const listener = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: { data() {}, ...handler },
  });
  opened.push({ close: () => listener.stop(true) });
  return { host: "127.0.0.1", port: listener.port };
}

/** A peer that gives this answer to whatever is sent first. */
function answering(answer: unknown): Endpoint {
  const text = typeof answer === "string" ? answer : JSON.stringify(answer);
  return listen({ data: (socket) => void socket.write(text) });
}

async function open(endpoint: Endpoint, limits: Partial<Deadlines> = {}, signal = never) {
  const connection = await Connection.open(endpoint, { ...patient, ...limits }, signal);
  opened.push(connection);
  return connection;
}

async function expectFailure(promise: Promise<unknown>, code: string, exitCode: number) {
  const failure = await failureOf(promise);
  expect({ code: failure.code, exit: failure.exitCode }).toEqual({ code, exit: exitCode });
  expect(rendered(failure.hint ?? "")).not.toBe("");
  return failure;
}

/** Sends all of it, as fast as the other end takes it. */
function writer(text: string): { flush: (socket: Socket) => void } {
  let left = Buffer.from(text);
  return {
    flush: (socket) => {
      left = left.subarray(socket.write(left));
    },
  };
}

describe("who is at the other end", () => {
  test("nobody", async () => {
    const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const endpoint = { host: "127.0.0.1", port: listener.port };
    listener.stop(true);
    const failure = await expectFailure(open(endpoint), "connection-refused", 4);
    expect(failure.message).toBe(`nothing listens on 127.0.0.1:${endpoint.port}`);
  });

  test("a name that doesn't exist", async () => {
    const endpoint = { host: "no-such-host.invalid", port: 6688 };
    const failure = await expectFailure(open(endpoint), "connection-failed", 4);
    expect(failure.message).toContain("no-such-host.invalid:6688");
  });

  test("our service", async () => {
    const session = await Session.open(
      answering({ status: "success", result: { ...hello, later: "addition" } }),
      patient,
      never,
    );
    opened.push(session.connection);
    expect(session.server).toEqual({ kind: "service", hello });
  });

  test.each([
    ["the published add-on", { response: "OK", message: "Task received", source: "tcp://x:1" }],
    ["mcp-for-blender", { status: "error", message: "Unknown command type: hello" }],
    ["a server that takes anything", { status: "success", result: {} }],
    ["one whose hello is another", { status: "success", result: { protocol: "1" } }],
    ["one that says nothing", {}],
  ])("a plain server: %s", async (_, answer) => {
    const { connection, server } = await Session.open(answering(answer), patient, never);
    opened.push(connection);
    expect(server).toEqual({ kind: "plain" });
  });

  test("a service of another protocol", async () => {
    const endpoint = answering({ status: "success", result: { ...hello, protocol: 2 } });
    const failure = await expectFailure(
      Session.open(endpoint, patient, never),
      "protocol-mismatch",
      4,
    );
    expect(failure.message).toContain("speaks protocol 2, this executable 1");
  });

  test("a service that asks for a token", async () => {
    const endpoint = answering({
      status: "success",
      result: { ...hello, authentication: "token" },
    });
    await expectFailure(Session.open(endpoint, patient, never), "authentication-required", 5);
  });

  test("a service that has no room", async () => {
    const message = "512 clients are connected, which is the limit";
    const full = answering({ status: "error", message, refused: true });
    const failure = await expectFailure(Session.open(full, patient, never), "no-room", 4);
    expect(failure.message).toContain(message);
  });

  test("a service that says what it takes", async () => {
    const result = { ...hello, request_limit: 1000 };
    const session = await Session.open(answering({ status: "success", result }), patient, never);
    opened.push(session);
    const other = await session.anotherConnection();
    opened.push(other);
    for (const connection of [session.connection, other]) {
      const large = connection.request("execute_code", { code: "é".repeat(500) });
      const failure = await expectFailure(large, "request-too-large", 1);
      expect(failure.message).toContain("takes at most 1.0 kB");
      // Nothing was sent, so it goes on.
      expect(connection.usable).toBe(true);
      expect(await connection.request("hello", {})).toMatchObject({ status: "success" });
    }
  });

  test("HTTP servers of two makes", async () => {
    const bun = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("hi") });
    const node = createServer((_, response) => response.end("hi"));
    const ready = Promise.withResolvers<number>();
    node.listen(0, "127.0.0.1", () => {
      const address = node.address();
      if (address !== null && typeof address === "object") ready.resolve(address.port);
    });
    opened.push({ close: () => bun.stop(true) }, { close: () => node.close() });
    for (const port of [bun.port ?? 0, await ready.promise]) {
      const endpoint = { host: "127.0.0.1", port };
      const failure = await expectFailure(
        Session.open(endpoint, patient, never),
        "not-a-service",
        4,
      );
      expect(failure.message).toContain("HTTP/1.1 400");
    }
  });

  test.each([
    ["text", "220 mail.example ESMTP\r\n", "220 mail.example"],
    ["bytes", "\u0016\u0003\u0001", "\\u0016\\u0003\\u0001"],
    ["a list", "[1, 2]", "[1, 2]"],
    ["something like JSON", "{'status': 'success'}", "broken JSON"],
    ["JSON of another kind", '{"status": 200}', "broken JSON"],
  ])("another program that says %s", async (_, answer, says) => {
    const endpoint = answering(answer);
    const failure = await expectFailure(Session.open(endpoint, patient, never), "not-a-service", 4);
    expect(failure.message).toContain(says);
  });

  test("a program that speaks first", async () => {
    const endpoint = listen({ open: (socket) => void socket.write("SSH-2.0-OpenSSH_9.2\r\n") });
    const failure = await expectFailure(Session.open(endpoint, patient, never), "not-a-service", 4);
    expect(failure.message).toContain("SSH-2.0");
  });

  test("one that closes at once", async () => {
    const endpoint = listen({ open: (socket) => void socket.end() });
    await expectFailure(Session.open(endpoint, patient, never), "closed-unheard", 4);
  });

  test("one that resets", async () => {
    const endpoint = listen({ data: (socket) => socket.terminate() });
    await expectFailure(Session.open(endpoint, patient, never), "closed-unheard", 4);
  });

  test("one that goes in the middle of its answer", async () => {
    const endpoint = listen({
      data: (socket) => {
        socket.end('{"status":"success","result":{"prot');
      },
    });
    await expectFailure(Session.open(endpoint, patient, never), "connection-lost", 4);
  });
});

describe("deadlines", () => {
  test("connecting: a server whose queue of connections is full", async () => {
    const source =
      "import socket\ns = socket.socket()\ns.bind(('127.0.0.1', 0))\ns.listen(0)\n" +
      "print(s.getsockname()[1], flush=True)\ninput()";
    const full = Bun.spawn([pythonCommand, "-I", "-c", source], { stdin: "pipe", stdout: "pipe" });
    opened.push({ close: () => full.kill() });
    const { value } = await full.stdout.getReader().read();
    const endpoint = { host: "127.0.0.1", port: Number(new TextDecoder().decode(value)) };
    const limits = { connect: 0.3 };
    // The system takes one or two beyond the queue's length, then it leaves clients waiting.
    let failure: Failure | undefined;
    for (let tries = 0; failure === undefined && tries < 10; tries++) {
      await open(endpoint, limits).catch((error: unknown) => {
        if (error instanceof Failure) failure = error;
      });
    }
    expect(failure?.code).toBe("connect-timeout");
    expect(failure?.exitCode).toBe(4);
    expect(failure?.message).toContain("within 0.3 s");
  });

  test("the first answer", async () => {
    const silent = { ...patient, firstAnswer: 0.1 };
    const failure = await expectFailure(Session.open(listen({}), silent, never), "silent", 4);
    expect(failure.message).toContain("didn't answer within 0.1 s");
  });

  test("everything together", async () => {
    const connection = await open(listen({}), { total: 0.1 });
    const failure = await expectFailure(connection.request("any", {}), "timeout", 124);
    expect(rendered(failure.hint ?? "")).toContain("--timeout");
  });

  test("the total ends a greeting whose own limit is longer", async () => {
    const short = { ...patient, total: 0.1 };
    await expectFailure(Session.open(listen({}), short, never), "timeout", 124);
  });

  test("no limit at all is none", async () => {
    const connection = await open(answering({ status: "success" }), {
      total: Number.POSITIVE_INFINITY,
    });
    expect(await connection.request("any", {})).toEqual({ status: "success" });
    expect(connection.secondsLeft).toBe(Number.POSITIVE_INFINITY);
  });

  test("an answer that comes too late isn't taken for the next one's", async () => {
    const gate = Promise.withResolvers<void>();
    const endpoint = listen({
      data: async (socket) => {
        await gate.promise;
        socket.write('{"status":"success","result":"late"}');
      },
    });
    const connection = await open(endpoint);
    await expectFailure(connection.request("first", {}, 0.05), "silent", 4);
    gate.resolve();
    await expectFailure(connection.request("second", {}), "silent", 4);
  });

  test("an answer that begins and then breaks off isn't waited for", async () => {
    const connection = await open(answering('{"status": "succ'), { midway: 0.1 });
    const failure = await expectFailure(connection.request("first", {}), "answer-broken", 4);
    expect(failure.message).toContain("began an answer");
    expect(connection.usable).toBe(false);
  });

  test("one that comes slowly, and one that hasn't begun, are", async () => {
    const text = '{"status": "success"}';
    const endpoint = listen({
      data: async (socket) => {
        await Bun.sleep(400);
        for (const letter of text) {
          socket.write(letter);
          await Bun.sleep(20);
        }
      },
    });
    const connection = await open(endpoint, { midway: 0.2 });
    expect(await connection.request("slow", {})).toEqual({ status: "success" });
  });
});

describe("Ctrl-C", () => {
  const interrupted = new Failure("interrupted", "interrupted", { kind: "interrupted" });

  test("before anything", async () => {
    const signal = AbortSignal.abort(interrupted);
    expect(await failureOf(open(listen({}), {}, signal))).toBe(interrupted);
  });

  test("while waiting for an answer; the peer sees the connection go", async () => {
    const gone = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    const endpoint = listen({ data: () => asked.resolve(), close: () => gone.resolve() });
    const controller = new AbortController();
    const connection = await open(endpoint, {}, controller.signal);
    const answer = failureOf(connection.request("any", {}));
    await asked.promise;
    controller.abort(interrupted);
    expect(await answer).toBe(interrupted);
    await gone.promise;
  });

  test("between two requests", async () => {
    const controller = new AbortController();
    const connection = await open(answering({ status: "success" }), {}, controller.signal);
    await connection.request("first", {});
    controller.abort(interrupted);
    expect(await failureOf(connection.request("second", {}))).toBe(interrupted);
  });
});

describe("a request with a body", () => {
  async function* pieces(...bytes: Uint8Array[]): AsyncGenerator<Uint8Array> {
    yield* bytes;
  }

  test("40 MB to a peer that reads now and then", async () => {
    const hasher = new Bun.CryptoHasher("sha256");
    const piece = crypto.getRandomValues(new Uint8Array(65_536));
    const header = JSON.stringify({ type: "upload", params: {} });
    const total = header.length + 600 * piece.length;
    let received = 0;
    const endpoint = listen({
      data: (socket, chunk) => {
        hasher.update(chunk);
        received += chunk.length;
        socket.pause();
        setImmediate(() => socket.resume());
        if (received === total) socket.write('{"status":"success"}');
      },
    });
    const connection = await open(endpoint);
    const body = pieces(...Array<Uint8Array>(600).fill(piece));
    const answer = await connection.requestWithBody("upload", {}, body, 60);
    expect(answer).toEqual({ status: "success" });
    const expected = new Bun.CryptoHasher("sha256").update(header);
    for (let index = 0; index < 600; index++) expected.update(piece);
    expect(hasher.digest("hex")).toBe(expected.digest("hex"));
    expect(connection.usable).toBe(true);
  });

  test("an answer before the last byte ends it, and the connection", async () => {
    let asked = 0;
    async function* endless() {
      for (;;) {
        asked++;
        yield new Uint8Array(65_536);
      }
    }
    const connection = await open(answering({ status: "error", message: "no space" }));
    const answer = await connection.requestWithBody("upload", {}, endless(), 60);
    expect(answer.message).toBe("no space");
    expect(connection.usable).toBe(false);
    const before = asked;
    await new Promise(setImmediate);
    expect(asked - before).toBeLessThanOrEqual(1);
  });

  test("a peer that takes no byte any more", async () => {
    const connection = await open(listen({ open: (socket) => void socket.pause() }));
    async function* endless() {
      for (;;) yield new Uint8Array(1_000_000);
    }
    const failure = await failureOf(connection.requestWithBody("upload", {}, endless(), 0.3));
    expect(failure).toMatchObject({ code: "stalled", kind: "no-service" });
    expect(connection.usable).toBe(false);
  });

  test("a body that fails is the sender's to hear of; nothing goes on that connection", async () => {
    const connection = await open(listen({}));
    async function* broken() {
      yield new Uint8Array(10);
      throw new Failure("file-changed", "changed while it was sent");
    }
    const failure = await failureOf(connection.requestWithBody("upload", {}, broken(), 60));
    expect(failure.code).toBe("file-changed");
    expect(connection.usable).toBe(false);
  });

  test("a peer that goes in the middle", async () => {
    let received = 0;
    const endpoint = listen({
      data: (socket, chunk) => {
        received += chunk.length;
        if (received > 1_000_000) socket.terminate();
      },
    });
    const connection = await open(endpoint);
    async function* endless() {
      for (;;) yield new Uint8Array(100_000);
    }
    const failure = await failureOf(connection.requestWithBody("upload", {}, endless(), 60));
    expect(failure).toMatchObject({ code: "connection-lost", kind: "no-service" });
  });
});

describe("what is carried", () => {
  test("a request and its answer, again and again on one connection", async () => {
    const endpoint = listen({
      data: (socket, chunk) => {
        const { type, params } = JSON.parse(chunk.toString()) as { type: string; params: unknown };
        socket.write(JSON.stringify({ status: "success", result: { type, params } }));
      },
    });
    const connection = await open(endpoint);
    for (const text of ["one", "zwei ä 😀", '"}{\\']) {
      const answer = await connection.request("echo", { text });
      expect(answer.result).toEqual({ type: "echo", params: { text } });
    }
  });

  test("an error answer is the caller's to read", async () => {
    const connection = await open(answering({ status: "error", message: "no such thing" }));
    const answer = await connection.request("any", {});
    expect(answer).toEqual({ status: "error", message: "no such thing" });
  });

  test("one request at a time", async () => {
    const connection = await open(listen({}));
    const first = failureOf(connection.request("first", {}));
    await expect(connection.request("second", {})).rejects.toThrow("one request at a time");
    connection.close();
    expect((await first).code).toBe("connection-lost");
  });

  test("40 MB to a peer that reads now and then", async () => {
    const hasher = new Bun.CryptoHasher("sha256");
    let received = 0;
    const text = "x".repeat(40_000_000);
    const request = JSON.stringify({ type: "big", params: { text } });
    const endpoint = listen({
      data: (socket, chunk) => {
        hasher.update(chunk);
        received += chunk.length;
        socket.pause();
        setImmediate(() => socket.resume());
        if (received === request.length) socket.write('{"status":"success"}');
      },
    });
    const connection = await open(endpoint);
    expect(await connection.request("big", { text })).toEqual({ status: "success" });
    expect(hasher.digest("hex")).toBe(Bun.SHA256.hash(request, "hex"));
  });

  test("an answer of 20 MB", async () => {
    const text = "ä\n".repeat(7_000_000);
    const out = writer(JSON.stringify({ status: "success", result: text }));
    const connection = await open(listen({ data: out.flush, drain: out.flush }));
    const answer = await connection.request("big", {});
    expect(answer.result === text).toBe(true);
  });

  test("an answer in single bytes", async () => {
    const text = JSON.stringify({ status: "success", result: 'ä😀"}\\' });
    const bytes = Buffer.from(text);
    const endpoint = listen({
      open: (socket) => void socket.setNoDelay(true),
      data: async (socket) => {
        for (const byte of bytes) {
          socket.write(new Uint8Array([byte]));
          await new Promise(setImmediate);
        }
      },
    });
    const connection = await open(endpoint);
    expect((await connection.request("any", {})).result).toBe('ä😀"}\\');
  });

  test("a peer that goes in the middle of a big request", async () => {
    const endpoint = listen({ data: (socket) => socket.terminate() });
    const connection = await open(endpoint);
    const request = connection.request("big", { text: "x".repeat(40_000_000) });
    await expectFailure(request, "connection-lost", 4);
  });
});
