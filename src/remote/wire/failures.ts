// What can go wrong with a connection, in words that users can act on.

import { Failure, messageOf, systemCodeOf } from "../../failure.ts";
import { megabytes } from "../../megabytes.ts";
import { ours, text } from "../../text.ts";
import { isLoopback } from "./address.ts";
import type { Endpoint } from "./connection.ts";

/** An address as messages show it. */
export function addressOf({ host, port, route }: Endpoint): string {
  const address = `${host}:${port}`;
  return route === undefined ? address : `${address} on ${route.machine}`;
}

/** The connection couldn't be made. */
export function refused(endpoint: Endpoint, cause: unknown): Failure {
  const code = systemCodeOf(cause);
  if (code === "ECONNREFUSED") {
    // On another machine nothing of ours can start a Blender.
    const hint = isLoopback(endpoint.host)
      ? text`${ours("start", "--background", "--detach")} (or give the right --host and --port)`
      : "start Blender with the service on that machine, or give the right --host and --port";
    const what = `nothing listens on ${addressOf(endpoint)}`;
    return new Failure("connection-refused", what, { kind: "no-service", hint, cause });
  }
  return new Failure(
    "connection-failed",
    `can't connect to ${addressOf(endpoint)}: ${messageOf(cause)}`,
    { kind: "no-service", hint: "check --host and --port", cause },
  );
}

/** The system didn't make the connection in time. */
export function connectTimeout(endpoint: Endpoint, seconds: number): Failure {
  return new Failure(
    "connect-timeout",
    `${addressOf(endpoint)} didn't take the connection within ${seconds} s`,
    { kind: "no-service", hint: "check --host and --port, and firewalls on the way" },
  );
}

/** A request has more bytes than the service takes. */
export function requestTooLarge(endpoint: Endpoint, bytes: number, limit: number): Failure {
  return new Failure(
    "request-too-large",
    `the request has ${megabytes(bytes)}, and the service on ${addressOf(endpoint)} takes at most ${megabytes(limit)}`,
    {
      hint: "code needn't carry its data (in a request it is a third larger than its file): have it read a file of Blender's machine",
      details: { bytes, limit },
    },
  );
}

/** The service has no place for another client. `reason`: its own words. */
export function noRoom(endpoint: Endpoint, reason: string): Failure {
  return new Failure("no-room", `the service on ${addressOf(endpoint)} refuses: ${reason}`, {
    kind: "no-service",
    hint: text`try again when others have ended: '${ours("status", "--wait", "60")}'`,
  });
}

/** The other end closed the connection. */
export function closed(endpoint: Endpoint): Failure {
  return new Failure("connection-lost", `${addressOf(endpoint)} closed the connection`, {
    kind: "no-service",
    hint: text`Blender may have ended, or another program uses that port: ${ours("status")}`,
  });
}

/** The other end took the connection and closed it before it had sent anything. */
export function closedUnheard(endpoint: Endpoint, cause: unknown): Failure {
  return new Failure(
    "closed-unheard",
    `something accepts connections on ${addressOf(endpoint)} and closes them at once, as an SSH tunnel does whose far end has no service`,
    {
      kind: "no-service",
      hint: "start Blender at the far end, on the port that the tunnel leads to (or give the right --host and --port)",
      cause,
    },
  );
}

/** The other end takes no more bytes. */
export function stalled(endpoint: Endpoint, seconds: number): Failure {
  return new Failure("stalled", `${addressOf(endpoint)} took no byte for ${seconds.toFixed(0)} s`, {
    kind: "no-service",
    hint: text`the network may be gone, or the disk on Blender's machine: ${ours("status")}`,
  });
}

/** An answer had begun, and nothing more came. */
export function answerBroken(endpoint: Endpoint, seconds: number): Failure {
  return new Failure(
    "answer-broken",
    `${addressOf(endpoint)} began an answer, and then nothing came for ${seconds.toFixed(0)} s`,
    {
      kind: "no-service",
      hint: text`the network may be gone, or the server gave up sending: ${ours("status")}`,
    },
  );
}

/** Nothing came within the limit of one answer. */
export function silent(endpoint: Endpoint, seconds: number): Failure {
  return new Failure(
    "silent",
    `${addressOf(endpoint)} accepts connections but didn't answer within ${seconds} s`,
    {
      kind: "no-service",
      hint: text`a render, a modal dialog or a long script may hold Blender's main thread: ${ours("status", "--wait", "60")}`,
    },
  );
}

/** Nothing came within the limit for everything together. */
export function expired(endpoint: Endpoint): Failure {
  return new Failure("timeout", `no answer from ${addressOf(endpoint)} within the time limit`, {
    kind: "timeout",
    hint: text`what was started in Blender may still run there; look with '${ours("status")}', allow more with --timeout SECONDS`,
  });
}

/** What came isn't what a Blender service sends. `seen`: its first characters, if any. */
export function notAService(endpoint: Endpoint, error: unknown, seen: string): Failure {
  const what =
    seen === ""
      ? `${addressOf(endpoint)}: ${messageOf(error)}`
      : `${addressOf(endpoint)} isn't a Blender service: it answered ${JSON.stringify(seen)}`;
  return new Failure("not-a-service", what, {
    kind: "no-service",
    hint: "another program uses that port: give the right --port",
  });
}

/** An answer that is no JSON object, or one of another shape. */
export function brokenJson(endpoint: Endpoint, cause: unknown): Failure {
  return new Failure("not-a-service", `${addressOf(endpoint)} answered with broken JSON`, {
    kind: "no-service",
    hint: text`another program may use that port: ${ours("status")}`,
    cause,
  });
}

/** More answers than requests. */
export function unasked(endpoint: Endpoint): Failure {
  return new Failure("not-a-service", `${addressOf(endpoint)} answered what nobody had asked`, {
    kind: "no-service",
    hint: "another program uses that port: give the right --port",
  });
}
