import type { Socket } from "bun";
import * as v from "valibot";
import { Failure, messageOf, systemCodeOf } from "../../failure.ts";
import type { JsonValue } from "../../script.ts";
import { MessageError, MessageReader } from "./message.ts";

/** Where a service listens. */
export interface Endpoint {
  host: string;
  port: number;
}

/** The limits of one connection, in seconds. */
export interface Deadlines {
  /** Until the system has made the connection. */
  connect: number;
  /** Until the first answer. */
  firstAnswer: number;
  /** Until any later answer, where a request has no limit of its own; without it the total holds. */
  answer?: number;
  /** Without a byte, once an answer has begun; 30 by default. */
  midway?: number;
  /** For everything together; `Infinity` for none. */
  total: number;
}

const answerSchema = v.looseObject({
  status: v.optional(v.string()),
  result: v.optional(v.unknown()),
  message: v.optional(v.string()),
});

/** One answer of a server; what a command means by `result` is for its caller to check. */
export type Answer = v.InferOutput<typeof answerSchema>;

const helloSchema = v.object({
  protocol: v.number(),
  server: v.string(),
  service_version: v.string(),
  capabilities: v.array(v.string()),
  blender_version: v.string(),
  pid: v.number(),
  background: v.boolean(),
  authentication: v.string(),
});

/** What our service says of itself in answer to `hello`. */
export type Hello = v.InferOutput<typeof helloSchema>;

/**
 * The server at the other end: ours, or a plain one that only promises `execute_code`
 * (the published BLD_Remote_MCP, the add-on of mcp-for-blender).
 */
export type Server = { kind: "service"; hello: Hello } | { kind: "plain" };

/** Whether a server said in `hello` that it has this capability. */
export function can(server: Server, capability: string): boolean {
  return server.kind === "service" && server.hello.capabilities.includes(capability);
}

/** The protocol that this client speaks. */
export const protocolVersion = 1;

/** The longest answer that is taken, in bytes. */
const answerLimit = 256 * 1024 * 1024;

/** Seconds without a byte after which an answer that has begun isn't waited for any more. */
const midwaySeconds = 30;

/** Bytes that may be under way when the last one was handed over: both systems' buffers. */
const unseenBytes = 16 * 1024 * 1024;

function nameOf(endpoint: Endpoint): string {
  return `${endpoint.host}:${endpoint.port}`;
}

function refused(endpoint: Endpoint, cause: unknown): Failure {
  const code = systemCodeOf(cause);
  if (code === "ECONNREFUSED") {
    return new Failure("connection-refused", `nothing listens on ${nameOf(endpoint)}`, {
      kind: "no-service",
      hint: "blender-remote-cli start --background --detach (or give the right --host and --port)",
      cause,
    });
  }
  return new Failure(
    "connection-failed",
    `can't connect to ${nameOf(endpoint)}: ${code ?? messageOf(cause)}`,
    { kind: "no-service", hint: "check --host and --port", cause },
  );
}

/** Rejects after `seconds`, or when `signal` aborts, whichever is first; `dispose` ends it. */
function deadline(
  seconds: number,
  signal: AbortSignal,
  expired: () => Failure,
): { promise: Promise<never>; dispose: () => void } {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => {});
  const abort = () => reject(signal.reason);
  // setTimeout takes at most 2^31-1 ms; anything longer is as good as no limit.
  const timer =
    seconds * 1000 < 2 ** 31 ? setTimeout(() => reject(expired()), seconds * 1000) : undefined;
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort);
  return {
    promise,
    dispose: () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
    },
  };
}

/**
 * One TCP connection that carries JSON objects both ways (see the wire in ARCHITECTURE.md).
 * Requests go one at a time; after a deadline or an error the connection is closed, because an
 * answer that comes too late would be taken for the next one's.
 */
export class Connection {
  readonly endpoint: Endpoint;
  readonly #signal: AbortSignal;
  readonly #answerSeconds: number;
  readonly #reader = new MessageReader(answerLimit);
  readonly #ends: number;
  #socket: Socket | undefined;
  #unsent: Uint8Array = new Uint8Array(0);
  /** Resolved when the system has taken all that there is to send. */
  #taken: PromiseWithResolvers<void> | undefined;
  readonly #midwaySeconds: number;
  /** When bytes moved for the last time, either way. */
  #moved = 0;
  #waiting: PromiseWithResolvers<string> | undefined;
  #broken: Failure | undefined;

  private constructor(endpoint: Endpoint, deadlines: Deadlines, signal: AbortSignal) {
    this.endpoint = endpoint;
    this.#signal = signal;
    this.#answerSeconds = deadlines.answer ?? Number.POSITIVE_INFINITY;
    this.#midwaySeconds = deadlines.midway ?? midwaySeconds;
    this.#ends = performance.now() + deadlines.total * 1000;
  }

  /**
   * Makes the TCP connection and nothing else.
   *
   * @throws Failure `connection-refused`, `connection-failed` or `connect-timeout`, all of kind
   *   `no-service`; `interrupted`.
   */
  static async open(
    endpoint: Endpoint,
    deadlines: Deadlines,
    signal: AbortSignal,
  ): Promise<Connection> {
    const connection = new Connection(endpoint, deadlines, signal);
    const limit = deadline(
      Math.min(deadlines.connect, deadlines.total),
      signal,
      () =>
        new Failure(
          "connect-timeout",
          `${nameOf(endpoint)} didn't take the connection within ${deadlines.connect} s`,
          { kind: "no-service", hint: "check --host and --port, and firewalls on the way" },
        ),
    );
    const connecting = Bun.connect({
      hostname: endpoint.host,
      port: endpoint.port,
      socket: {
        data: (_, chunk) => connection.#receive(chunk),
        drain: () => connection.#flush(),
        close: () => connection.#fail(connection.#closed()),
        end: () => connection.#fail(connection.#closed()),
        error: (_, error) => connection.#fail(refused(endpoint, error)),
      },
    });
    try {
      connection.#socket = await Promise.race([connecting, limit.promise]);
    } catch (error) {
      connecting.then(
        (late) => late.terminate(),
        () => {},
      );
      throw error instanceof Failure ? error : refused(endpoint, error);
    } finally {
      limit.dispose();
    }
    connection.#socket.setNoDelay(true);
    return connection;
  }

  /** Whether requests can go on it; false for ever once it was closed or broke. */
  get usable(): boolean {
    return this.#broken === undefined;
  }

  /** Seconds left of the total. */
  get secondsLeft(): number {
    return Math.max(0, (this.#ends - performance.now()) / 1000);
  }

  /**
   * Sends one request and waits for its answer.
   *
   * @param seconds limit for this answer; the connection's total holds besides.
   * @throws Failure `timeout` (kind `timeout`) when the total passed, `silent` (kind `no-service`)
   *   when `seconds` did, `answer-broken` (kind `no-service`) when nothing more came of an answer
   *   that had begun, `connection-lost`, `not-a-service`, `interrupted`.
   */
  async request(
    type: string,
    params: { readonly [key: string]: JsonValue },
    seconds = this.#answerSeconds,
  ): Promise<Answer> {
    return this.#exchange(JSON.stringify({ type, params }), seconds);
  }

  /**
   * Sends one request and the bytes that belong to it, as fast as the other end takes them, and
   * waits for the answer. An answer that comes before the last byte ends the sending; the
   * connection is closed then, since nobody waits for the rest.
   *
   * @param body pieces, which may be overwritten once the next one is asked for.
   * @param stall seconds in which at least one byte must move.
   * @throws Failure `stalled` (kind `no-service`); what `body` throws; as `request`.
   */
  async requestWithBody(
    type: string,
    params: { readonly [key: string]: JsonValue },
    body: AsyncIterable<Uint8Array>,
    stall: number,
  ): Promise<Answer> {
    const stalled = Promise.withResolvers<never>();
    stalled.promise.catch(() => {});
    const began = performance.now();
    this.#moved = began;
    let sent = 0;
    let allowed = stall;
    const watch = setInterval(() => {
      const silence = (performance.now() - this.#moved) / 1000;
      if (silence > allowed) stalled.reject(this.#stalled(silence));
    }, 250);
    const send = async (answered: Promise<unknown>) => {
      let early = false;
      const answer = answered.then(() => {
        early = true;
      });
      answer.catch(() => {}); // Nobody may be waiting for it when it fails.
      for await (const piece of body) {
        if (early) return;
        await Promise.race([this.#send(piece), answer]);
        sent += piece.length;
      }
      if (early) return;
      // What the system holds is still to be carried and written, as fast as the rest was.
      const rate = sent / Math.max(1, performance.now() - began);
      allowed = stall + unseenBytes / Math.max(rate, 1) / 1000;
    };
    try {
      const text = JSON.stringify({ type, params });
      const answer = await this.#exchange(text, Number.POSITIVE_INFINITY, (answered) =>
        Promise.race([send(answered), stalled.promise]).then(() => stalled.promise),
      );
      if (answer.status !== "success") this.close();
      return answer;
    } finally {
      clearInterval(watch);
    }
  }

  /**
   * Asks who is there. The line ends behind the object make servers that read lines, such as HTTP
   * ones, answer at once instead of waiting for more.
   *
   * @throws Failure `silent`, `not-a-service`, `protocol-mismatch`.
   */
  async greet(seconds: number): Promise<Server> {
    const text = `${JSON.stringify({ type: "hello", params: {} })}\n\n`;
    const answer = await this.#exchange(text, seconds);
    if (answer.status !== "success") return { kind: "plain" };
    const hello = v.safeParse(helloSchema, answer.result);
    if (!hello.success) return { kind: "plain" };
    if (hello.output.protocol !== protocolVersion) {
      throw new Failure(
        "protocol-mismatch",
        `the service on ${nameOf(this.endpoint)} speaks protocol ${hello.output.protocol}, this executable ${protocolVersion}`,
        { kind: "no-service", hint: "blender-remote-cli install, then start Blender again" },
      );
    }
    return { kind: "service", hello: hello.output };
  }

  /** Closes the connection; what is under way on it fails. */
  close(): void {
    this.#fail(this.#closed());
  }

  /**
   * @param alongside goes on while the answer is awaited, and may fail the exchange; it gets a
   *   promise that the answer settles.
   */
  async #exchange(
    text: string,
    seconds: number,
    alongside?: (answered: Promise<unknown>) => Promise<never>,
  ): Promise<Answer> {
    if (this.#broken !== undefined) throw this.#broken;
    if (this.#waiting !== undefined) throw new Error("a connection takes one request at a time");
    const total = this.secondsLeft;
    const limit = deadline(Math.min(seconds, total), this.#signal, () =>
      seconds < total ? this.#silent(seconds) : this.#expired(),
    );
    this.#waiting = Promise.withResolvers<string>();
    const answered = this.#waiting.promise;
    const sent = this.#send(new TextEncoder().encode(text));
    // Without anything alongside, what fails the sending fails the answer too.
    sent.catch(() => {});
    const along = alongside === undefined ? [] : [sent.then(() => alongside(answered))];
    const watch = setInterval(() => {
      const silence = (performance.now() - this.#moved) / 1000;
      if (this.#reader.midway && silence > this.#midwaySeconds) this.#fail(this.#broke(silence));
    }, this.#midwaySeconds * 50);
    try {
      const answer = await Promise.race([answered, limit.promise, ...along]);
      return this.#parse(answer);
    } catch (error) {
      const failure =
        error instanceof Failure ? error : new Failure("connection-lost", messageOf(error));
      this.#waiting = undefined;
      this.#fail(failure);
      throw failure;
    } finally {
      this.#waiting = undefined;
      limit.dispose();
      clearInterval(watch);
    }
  }

  #parse(text: string): Answer {
    const notJson = (cause: unknown) =>
      new Failure("not-a-service", `${nameOf(this.endpoint)} answered with broken JSON`, {
        kind: "no-service",
        hint: "another program may use that port: blender-remote-cli status",
        cause,
      });
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      throw notJson(error);
    }
    const answer = v.safeParse(answerSchema, value);
    if (!answer.success) throw notJson(new v.ValiError(answer.issues));
    return answer.output;
  }

  #receive(chunk: Uint8Array): void {
    this.#moved = performance.now();
    try {
      for (const message of this.#reader.push(chunk)) this.#waiting?.resolve(message);
    } catch (error) {
      const seen = error instanceof MessageError ? error.seen : "";
      this.#fail(
        new Failure(
          "not-a-service",
          seen === ""
            ? `${nameOf(this.endpoint)}: ${messageOf(error)}`
            : `${nameOf(this.endpoint)} isn't a Blender service: it answered ${JSON.stringify(seen)}`,
          { kind: "no-service", hint: "another program uses that port: give the right --port" },
        ),
      );
    }
  }

  /** Resolves when the system has taken all of it; rejects when the connection fails before. */
  #send(bytes: Uint8Array): Promise<void> {
    if (this.#broken !== undefined) return Promise.reject(this.#broken);
    this.#unsent = bytes;
    this.#taken = Promise.withResolvers<void>();
    const { promise } = this.#taken;
    promise.catch(() => {});
    this.#flush();
    return promise;
  }

  #flush(): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    while (this.#unsent.length > 0) {
      const taken = socket.write(this.#unsent);
      if (taken <= 0) return; // `drain` comes when there is room again, `close` when not
      this.#moved = performance.now();
      this.#unsent = this.#unsent.subarray(taken);
    }
    this.#taken?.resolve();
    this.#taken = undefined;
  }

  #fail(failure: Failure): void {
    this.#broken ??= failure;
    this.#waiting?.promise.catch(() => {});
    this.#waiting?.reject(failure);
    this.#unsent = new Uint8Array(0);
    this.#taken?.reject(failure);
    this.#taken = undefined;
    this.#socket?.terminate();
    this.#socket = undefined;
  }

  #closed(): Failure {
    return new Failure("connection-lost", `${nameOf(this.endpoint)} closed the connection`, {
      kind: "no-service",
      hint: "Blender may have ended, or another program uses that port: blender-remote-cli status",
    });
  }

  #stalled(seconds: number): Failure {
    return new Failure(
      "stalled",
      `${nameOf(this.endpoint)} took no byte for ${seconds.toFixed(0)} s`,
      {
        kind: "no-service",
        hint: "the network may be gone, or the disk there: blender-remote-cli status",
      },
    );
  }

  #broke(seconds: number): Failure {
    return new Failure(
      "answer-broken",
      `${nameOf(this.endpoint)} began an answer, and then nothing came for ${seconds.toFixed(0)} s`,
      {
        kind: "no-service",
        hint: "the network may be gone, or the server gave up sending: blender-remote-cli status",
      },
    );
  }

  #silent(seconds: number): Failure {
    return new Failure(
      "silent",
      `${nameOf(this.endpoint)} accepts connections but didn't answer within ${seconds} s`,
      {
        kind: "no-service",
        hint: "a render, a modal dialog or a long script may hold Blender's main thread: blender-remote-cli status --wait 60",
      },
    );
  }

  #expired(): Failure {
    return new Failure("timeout", `no answer from ${nameOf(this.endpoint)} within the time limit`, {
      kind: "timeout",
      hint: "what was started in Blender may still run there; look with 'blender-remote-cli status', allow more with --timeout SECONDS",
    });
  }
}

/** A connection, and who is at its other end. */
export interface Session {
  connection: Connection;
  server: Server;
}

/**
 * Connects, greets and (once services ask for it) authenticates: what every command that speaks
 * to Blender begins with.
 *
 * @throws Failure as `Connection.open` and `Connection.greet`; `authentication-required` (kind
 *   `not-authorised`).
 */
export async function connect(
  endpoint: Endpoint,
  deadlines: Deadlines,
  signal: AbortSignal,
): Promise<Session> {
  const connection = await Connection.open(endpoint, deadlines, signal);
  try {
    const server = await connection.greet(deadlines.firstAnswer);
    if (server.kind === "service" && server.hello.authentication !== "none") {
      throw new Failure(
        "authentication-required",
        `the service on ${nameOf(endpoint)} asks for ${server.hello.authentication} authentication, which this version can't give`,
        { kind: "not-authorised", hint: "use the blender-remote-cli that started this Blender" },
      );
    }
    return { connection, server };
  } catch (error) {
    connection.close();
    throw error;
  }
}
