import { afterEach, describe, expect, test } from "bun:test";
import { createHmac, randomBytes } from "node:crypto";
import { join } from "node:path";
import * as v from "valibot";
import { type Access, proofOf } from "../../../../src/remote/wire/authentication.ts";
import { MessageReader } from "../../../../src/remote/wire/message.ts";
import { Session } from "../../../../src/remote/wire/session.ts";
import { rendered } from "../../../../src/text.ts";
import { failureOf } from "../../../support/failure.ts";
import { madeUpHello } from "../made-up-service.ts";

const secret = "0123456789abcdef".repeat(4);
const patient = { connect: 60, firstAnswer: 60, total: 60 };
const never = new AbortController().signal;

const opened: { close(): void }[] = [];
afterEach(() => {
  for (const one of opened.splice(0)) one.close();
});

const known: Access = {
  token: async () => ({ value: secret, whose: "whose token is in FILE", otherwise: "remove FILE" }),
  missing: "give one",
};
const unknown: Access = { token: async () => undefined, missing: "give one" };

const requestSchema = v.object({ type: v.string(), params: v.record(v.string(), v.unknown()) });
type Request = v.InferOutput<typeof requestSchema>;

/** What a made-up service answers to `hello`, given the nonce of the client. */
type Greeting = (nonce: string) => object;

function proof(key: string, whose: string, nonces: string): string {
  const hmac = createHmac("sha256", key).update(`blender-remote ${whose}\0`);
  return hmac.update(Buffer.from(nonces, "hex")).digest("hex");
}

/** As our service greets, with this token. */
function proving(key: string): Greeting {
  return (nonce) => {
    const own = randomBytes(32).toString("hex");
    const proves = proof(key, "service", nonce + own);
    return { ...madeUpHello, authentication: "hmac-sha256", nonce: own, proof: proves };
  };
}

/**
 * A service that greets as it is told and takes every `authenticate`; and all that came to it.
 *
 * @param ends a request that ends its connection instead of being answered.
 */
function listening(
  greeting: Greeting,
  taken: unknown = { authenticated: true },
  ends: (type: string, connection: number) => boolean = () => false,
) {
  const requests: Request[] = [];
  let connections = 0;
  const listener = Bun.listen<{ reader: MessageReader }>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(socket) {
        connections++;
        socket.data = { reader: new MessageReader(1024 * 1024) };
      },
      data(socket, chunk) {
        for (const message of socket.data.reader.push(chunk)) {
          const request = v.parse(requestSchema, JSON.parse(message));
          requests.push(request);
          const { type, params } = request;
          if (ends(type, connections)) {
            socket.end();
            return;
          }
          const result = type === "hello" ? greeting(`${params["nonce"]}`) : taken;
          const status = result === null ? "error" : "success";
          socket.write(JSON.stringify({ status, result, message: "no" }));
        }
      },
    },
  });
  opened.push({ close: () => listener.stop(true) });
  const endpoint = { host: "127.0.0.1", port: listener.port };
  return { endpoint, requests, connections: () => connections };
}

async function open(endpoint: { host: string; port: number }, access?: Access) {
  const at = access === undefined ? endpoint : { ...endpoint, access };
  const session = await Session.open(at, patient, never, { client: "somebody" });
  opened.push(session);
  return session;
}

describe("a service that ends connections which aren't through, as one does that is crowded", () => {
  test.each(["hello", "authenticate"])("is tried again (%s)", async (at) => {
    const crowded = (type: string, connection: number) => type === at && connection < 4;
    const { endpoint, connections } = listening(proving(secret), undefined, crowded);
    await open(endpoint, known);
    expect(connections()).toBe(4);
  });

  test("for each connection of a session", async () => {
    const crowded = (_: string, connection: number) => connection === 2;
    const { endpoint, connections } = listening(proving(secret), undefined, crowded);
    const session = await open(endpoint, known);
    opened.push(await session.anotherConnection());
    expect(connections()).toBe(3);
  });

  test("not for ever", async () => {
    const { endpoint, connections } = listening(proving(secret), undefined, () => true);
    expect((await failureOf(open(endpoint, known))).code).toBe("closed-unheard");
    expect(connections()).toBe(5);
  });

  test("not beyond the time that there is", async () => {
    const { endpoint, connections } = listening(proving(secret), undefined, () => true);
    const short = { connect: 60, firstAnswer: 60, total: 0.04 };
    const failure = await failureOf(Session.open({ ...endpoint, access: known }, short, never));
    expect([failure.code, connections()]).toEqual(["closed-unheard", 1]);
  });

  test("not where no token is known: it may be anything", async () => {
    const { endpoint, connections } = listening(proving(secret), undefined, () => true);
    expect((await failureOf(open(endpoint, unknown))).code).toBe("closed-unheard");
    expect(connections()).toBe(1);
  });
});

describe("a token that can't be got, as from a machine whose disk hangs", () => {
  const hanging = (asked: () => void): Access => ({
    token: () => {
      asked();
      return Promise.withResolvers<never>().promise;
    },
    missing: "give one",
  });

  test("isn't waited for after Ctrl-C", async () => {
    const { endpoint } = listening(proving(secret));
    const controller = new AbortController();
    const access = hanging(() => controller.abort(new Error("interrupted")));
    const opening = Session.open({ ...endpoint, access }, patient, controller.signal);
    expect(await opening.catch((error: unknown) => error)).toBe(controller.signal.reason);
  });

  test("isn't waited for beyond the time limit", async () => {
    const { endpoint } = listening(proving(secret));
    const short = { connect: 60, firstAnswer: 60, total: 0.3 };
    const opening = Session.open({ ...endpoint, access: hanging(() => {}) }, short, never);
    expect((await failureOf(opening)).code).toBe("timeout");
  });
});

describe("a service with the same token", () => {
  test("proves itself, and then we do", async () => {
    const { endpoint, requests } = listening(proving(secret));
    const { server } = await open(endpoint, known);
    expect(server).toEqual({
      kind: "service",
      hello: { ...madeUpHello, authentication: "hmac-sha256" },
    });
    expect(requests.map(({ type }) => type)).toEqual(["hello", "authenticate"]);
    expect(requests[0]?.params).toEqual({ client: "somebody", nonce: expect.any(String) });
    expect(requests[1]?.params).toEqual({ proof: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(JSON.stringify(requests)).not.toContain(secret);
  });

  test("with a fresh nonce and proof each time", async () => {
    const { endpoint, requests } = listening(proving(secret));
    await open(endpoint, known);
    await open(endpoint, known);
    const nonces = requests.map(({ params }) => params["nonce"] ?? params["proof"]);
    expect(new Set(nonces).size).toBe(4);
  });

  test("each further connection of a session goes through it", async () => {
    const { endpoint, requests } = listening(proving(secret));
    const session = await open(endpoint, known);
    opened.push(await session.anotherConnection());
    const types = ["hello", "authenticate"];
    expect(requests.map(({ type }) => type)).toEqual([...types, ...types]);
    await session.reconnected(async () => undefined);
    expect(requests.length).toBe(6);
  });

  test("a further connection to somebody else gets nothing", async () => {
    let key = secret;
    const { endpoint, requests, connections } = listening((nonce) => proving(key)(nonce));
    const session = await open(endpoint, known);
    key = "f".repeat(64);
    const failure = await failureOf(session.anotherConnection());
    expect(failure.code).toBe("not-the-service");
    expect(requests.map(({ type }) => type)).toEqual(["hello", "authenticate", "hello"]);
    expect(connections()).toBe(2);
  });
});

describe("what isn't the service hears nothing but hello", () => {
  test.each<[string, Greeting, string]>([
    ["another token", proving("f".repeat(64)), "it has another one"],
    ["no authentication", () => madeUpHello, "it asks for none"],
    ["a plain server", () => ({}), "it asks for none"],
    [
      "no proof",
      () => ({ ...madeUpHello, authentication: "hmac-sha256", nonce: "0".repeat(64) }),
      "it proves nothing",
    ],
    ["no nonce", () => ({ ...madeUpHello, authentication: "hmac-sha256" }), "it proves nothing"],
    [
      "a proof of the wrong type",
      (nonce) => ({ ...proving(secret)(nonce), proof: 1 }),
      "it proves nothing",
    ],
    [
      "a nonce of the wrong type",
      (nonce) => ({ ...proving(secret)(nonce), nonce: [] }),
      "it proves nothing",
    ],
    [
      "a proof of another length",
      (nonce) => ({ ...proving(secret)(nonce), proof: "00" }),
      "it proves nothing",
    ],
    ["a proof of an earlier exchange", () => proving(secret)("0".repeat(64)), "it has another one"],
    [
      "our own proof in its place",
      (nonce) => ({
        ...madeUpHello,
        authentication: "hmac-sha256",
        nonce: "0".repeat(64),
        proof: proof(secret, "client", nonce + "0".repeat(64)),
      }),
      "it has another one",
    ],
  ])("%s", async (_, greeting, why) => {
    const { endpoint, requests } = listening(greeting);
    const failure = await failureOf(open(endpoint, known));
    expect({ code: failure.code, exit: failure.exitCode }).toEqual({
      code: "not-the-service",
      exit: 5,
    });
    const address = `127.0.0.1:${endpoint.port}`;
    expect(failure.message).toBe(
      `what listens on ${address} isn't the service whose token is in FILE: ${why}`,
    );
    expect(rendered(failure.hint ?? "")).toBe("remove FILE");
    expect(requests.map(({ type }) => type)).toEqual(["hello"]);
    expect(JSON.stringify(failure) + failure.message).not.toContain(secret);
  });
});

describe("without a token", () => {
  test.each([
    ["that isn't known", unknown, "give one"],
    ["that nobody asked for", undefined, "give it with --token-file FILE or BLENDER_REMOTE_TOKEN"],
  ])("%s", async (_, access, hint) => {
    const { endpoint, requests } = listening(proving(secret));
    const failure = await failureOf(open(endpoint, access));
    expect({ code: failure.code, exit: failure.exitCode }).toEqual({
      code: "token-missing",
      exit: 5,
    });
    expect(rendered(failure.hint ?? "")).toBe(hint);
    expect(requests.map(({ type }) => type)).toEqual(["hello"]);
  });

  test("a service that asks for none is spoken to as it is", async () => {
    const { endpoint, requests } = listening(() => madeUpHello);
    const session = await open(endpoint, unknown);
    opened.push(await session.anotherConnection());
    expect(requests.map(({ type }) => type)).toEqual(["hello"]);
  });
});

test("a method that isn't known", async () => {
  const { endpoint } = listening(() => ({ ...madeUpHello, authentication: "later" }));
  for (const access of [known, unknown]) {
    const failure = await failureOf(open(endpoint, access));
    expect({ code: failure.code, exit: failure.exitCode }).toEqual({
      code: "authentication-required",
      exit: 5,
    });
  }
});

test.each([null, {}, { authenticated: false }])(
  "a service that answers %j to our proof",
  async (taken) => {
    const { endpoint } = listening(proving(secret), taken);
    const failure = await failureOf(open(endpoint, known));
    expect({ code: failure.code, exit: failure.exitCode }).toEqual({
      code: "token-refused",
      exit: 5,
    });
  },
);

test("proofs as docs/authentication.md has them", async () => {
  const docs = Bun.file(join(import.meta.dir, "../../../../docs/authentication.md"));
  const written = (await docs.text()).matchAll(/^(service|client): +([0-9a-f]{64})$/gm);
  const nonces = "1".repeat(64) + "2".repeat(64);
  const proofs = (["service", "client"] as const).map((whose) => [
    whose,
    proofOf("0123456789abcdef".repeat(2), whose, nonces).toString("hex"),
  ]);
  expect([...written].map(([, whose = "", hex = ""]) => [whose, hex])).toEqual(proofs);
});
