// One connection to a server, with its deadlines: requests out, answers in.

import { Failure, messageOf } from "../../failure.ts";
import type { JsonValue } from "../../script.ts";
import { type Answer, answerIn, usualAnswer } from "./answer.ts";
import type { Access } from "./authentication.ts";
import { type Carrier, openTcp, type Route } from "./carrier.ts";
import { deadline } from "./deadline.ts";
import {
  answerBroken,
  closed,
  connectTimeout,
  expired,
  notAService,
  refused,
  requestTooLarge,
  silent,
  stalled,
  unasked,
} from "./failures.ts";
import { MessageError, MessageReader } from "./message.ts";

/** Where a service listens, and how one gets in. */
export interface Endpoint {
  /** As the machine sees it that the service is reached from: with a route, the far end's. */
  host: string;
  port: number;
  /** Without it no token is known. */
  access?: Access;
  /** The way there; TCP from this machine unless given. */
  route?: Route;
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

/** Seconds without a byte after which an answer that has begun isn't waited for any more. */
const midwaySeconds = 30;

/** Bytes that may be under way when the last one was handed over: both systems' buffers. */
const unseenBytes = 16 * 1024 * 1024;

/**
 * One connection that carries JSON objects both ways (see the wire in ARCHITECTURE.md).
 * Requests go one at a time; after a deadline or an error the connection is closed, because an
 * answer that comes too late would be taken for the next one's.
 */
export class Connection {
  readonly endpoint: Endpoint;
  /** The most bytes of a request that the other end takes, once that is known. */
  requestLimit = Number.POSITIVE_INFINITY;
  readonly #signal: AbortSignal;
  readonly #answerSeconds: number;
  readonly #reader = new MessageReader(usualAnswer);
  readonly #ends: number;
  #carrier: Carrier | undefined;
  #unsent: Uint8Array = new Uint8Array(0);
  /** Resolved when the system has taken all that there is to send. */
  #taken: PromiseWithResolvers<void> | undefined;
  readonly #midwaySeconds: number;
  /** When bytes moved for the last time, either way. */
  #moved = 0;
  #heard = false;
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
   * Makes the connection and nothing else.
   *
   * @throws Failure `connection-refused`, `connection-failed` or `connect-timeout`, all of kind
   *   `no-service`; as the endpoint's route; `interrupted`.
   */
  static async open(
    endpoint: Endpoint,
    deadlines: Deadlines,
    signal: AbortSignal,
  ): Promise<Connection> {
    const connection = new Connection(endpoint, deadlines, signal);
    const { route } = endpoint;
    const seconds = route?.connectSeconds ?? deadlines.connect;
    const limit = deadline(Math.min(seconds, deadlines.total), signal, () =>
      connectTimeout(endpoint, Math.min(seconds, deadlines.total)),
    );
    const events = {
      data: (chunk: Uint8Array) => connection.#receive(chunk),
      drain: () => connection.#flush(),
      ended: (failure: Failure) => connection.#fail(failure),
    };
    const connecting = route?.open(endpoint, events) ?? openTcp(endpoint, events);
    try {
      connection.#carrier = await Promise.race([connecting, limit.promise]);
    } catch (error) {
      connecting.then(
        (late) => late.terminate(),
        () => {},
      );
      throw error instanceof Failure ? error : refused(endpoint, error);
    } finally {
      limit.dispose();
    }
    return connection;
  }

  /** Whether requests can go on it; false for ever once it was closed or broke. */
  get usable(): boolean {
    return this.#broken === undefined;
  }

  /** Whether the other end has sent anything yet. */
  get heard(): boolean {
    return this.#heard;
  }

  /** The port of this end; undefined once it is closed, and where no TCP socket of ours carries it. */
  get localPort(): number | undefined {
    return this.#carrier?.localPort;
  }

  /** Seconds left of the total. */
  get secondsLeft(): number {
    return Math.max(0, (this.#ends - performance.now()) / 1000);
  }

  /**
   * Sends one request and waits for its answer.
   *
   * @param seconds limit for this answer; the connection's total holds besides.
   * @param longest limit for its size, in bytes.
   * @throws Failure `timeout` (kind `timeout`) when the total passed, `silent` (kind `no-service`)
   *   when `seconds` did, `answer-broken` (kind `no-service`) when nothing more came of an answer
   *   that had begun, `no-room` (kind `no-service`), `request-too-large` before anything is sent,
   *   `connection-lost`, `not-a-service`, `interrupted`.
   */
  async request(
    type: string,
    params: { readonly [key: string]: JsonValue },
    seconds = this.#answerSeconds,
    longest = usualAnswer,
  ): Promise<Answer> {
    this.#reader.limit = longest;
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
    const stopped = Promise.withResolvers<never>();
    stopped.promise.catch(() => {});
    const began = performance.now();
    this.#moved = began;
    let sent = 0;
    let allowed = stall;
    const watch = setInterval(() => {
      const silence = (performance.now() - this.#moved) / 1000;
      if (silence > allowed) stopped.reject(stalled(this.endpoint, silence));
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
        Promise.race([send(answered), stopped.promise]).then(() => stopped.promise),
      );
      if (answer.status !== "success") this.close();
      return answer;
    } finally {
      clearInterval(watch);
    }
  }

  /**
   * Sends text that is a request and waits for its answer: for a greeting, which is more than JSON.
   *
   * @param seconds limit for this answer.
   * @throws Failure as `request`.
   */
  async requestText(request: string, seconds: number): Promise<Answer> {
    return this.#exchange(request, seconds);
  }

  /** Closes the connection; what is under way on it fails. */
  close(): void {
    this.#fail(closed(this.endpoint));
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
    const bytes = new TextEncoder().encode(text);
    if (bytes.length > this.requestLimit)
      throw requestTooLarge(this.endpoint, bytes.length, this.requestLimit);
    const total = this.secondsLeft;
    const limit = deadline(Math.min(seconds, total), this.#signal, () =>
      seconds < total ? silent(this.endpoint, seconds) : expired(this.endpoint),
    );
    this.#waiting = Promise.withResolvers<string>();
    const answered = this.#waiting.promise;
    const sent = this.#send(bytes);
    // Without anything alongside, what fails the sending fails the answer too.
    sent.catch(() => {});
    const along = alongside === undefined ? [] : [sent.then(() => alongside(answered))];
    const watch = setInterval(() => {
      const silence = (performance.now() - this.#moved) / 1000;
      if (this.#reader.midway && silence > this.#midwaySeconds)
        this.#fail(answerBroken(this.endpoint, silence));
    }, this.#midwaySeconds * 50);
    try {
      const answer = await Promise.race([answered, limit.promise, ...along]);
      return answerIn(answer, this.endpoint);
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

  #receive(chunk: Uint8Array): void {
    this.#moved = performance.now();
    this.#heard = true;
    try {
      for (const message of this.#reader.push(chunk)) this.#answered(message);
    } catch (error) {
      const seen = error instanceof MessageError ? error.seen : "";
      this.#fail(notAService(this.endpoint, error, seen));
    }
  }

  /** Takes one answer; what nobody asked for would be taken for the next one's. */
  #answered(message: string): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) this.#fail(unasked(this.endpoint));
    else waiting.resolve(message);
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
    const carrier = this.#carrier;
    if (carrier === undefined) return;
    while (this.#unsent.length > 0) {
      const taken = carrier.write(this.#unsent);
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
    this.#carrier?.terminate();
    this.#carrier = undefined;
  }
}
