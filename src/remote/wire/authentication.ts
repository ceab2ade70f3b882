// Gets into a service that asks for a token: it proves first that it knows it, then we do.

import * as v from "valibot";
import { Failure } from "../../failure.ts";
import type { Text } from "../../text.ts";
import type { Connection } from "./connection.ts";
import { addressOf } from "./failures.ts";

/** A service's token, and the words about it; none of them holds it. */
export interface Token {
  value: string;
  /** Whose it is: `whose token is in FILE`. */
  whose: string;
  /** What to do where something listens that doesn't know it. */
  otherwise: Text;
}

/** How one gets into a service. */
export interface Access {
  /**
   * The token of the service that is meant, asked for with each connection, since a service that
   * starts anew has another; undefined where none is known.
   *
   * @throws Failure of kind `not-authorised` where it can't be used.
   */
  token(): Promise<Token | undefined>;
  /** What to do where a service asks for one and none is known. */
  readonly missing: Text;
  /** Why none is known, where that isn't all that there is to say. */
  readonly why?: string;
}

/** The one way to authenticate that services have; `none` where they ask for nothing. */
const method = "hmac-sha256";
const nonceBytes = 32;

const hexadecimal = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
const challengeSchema = v.object({ nonce: hexadecimal, proof: hexadecimal });
const authenticatedSchema = v.object({ authenticated: v.literal(true) });

/** A fresh nonce for a `hello`: 32 bytes as hexadecimal digits. */
export function freshNonce(): string {
  return crypto.getRandomValues(new Uint8Array(nonceBytes)).toHex();
}

/**
 * What one end sends to show that it knows the token: HMAC-SHA256 over its own name and both nonces.
 *
 * @param nonces as hexadecimal digits: the client's, then the service's.
 */
export function proofOf(token: string, whose: "service" | "client", nonces: string): Buffer {
  // Not node:crypto, which takes every command 10 ms to load.
  const hmac = new Bun.CryptoHasher("sha256", token);
  return hmac.update(`blender-remote ${whose}\0`).update(Buffer.from(nonces, "hex")).digest();
}

/**
 * What the greeting of a server has come to, where it isn't authenticated: nothing to do where no
 * token is known and none is asked for.
 *
 * @param asks what it says of itself in `hello`; `none` also for one that doesn't know `hello`.
 * @returns the token to authenticate with.
 * @throws Failure `token-missing`, `not-the-service`, `authentication-required` (kind
 *   `not-authorised`); as `Access.token`.
 */
export async function tokenFor(connection: Connection, asks: string): Promise<Token | undefined> {
  const { endpoint } = connection;
  const address = addressOf(endpoint);
  const token = await endpoint.access?.token();
  if (asks === "none") {
    if (token === undefined) return undefined;
    throw notTheService(connection, token, "it asks for none");
  }
  if (asks !== method) {
    throw new Failure(
      "authentication-required",
      `the service on ${address} asks for ${JSON.stringify(asks)} authentication, which this version can't give`,
      { kind: "not-authorised", hint: "use the blender-remote-cli that started this Blender" },
    );
  }
  if (token !== undefined) return token;
  const why = endpoint.access?.why ?? "none is known here";
  const message = `the service on ${address} asks for a token, and ${why}`;
  const hint = endpoint.access?.missing ?? "give it with --token-file FILE or BLENDER_REMOTE_TOKEN";
  throw new Failure("token-missing", message, { kind: "not-authorised", hint });
}

/**
 * Authenticates both ends of a connection. Nothing is sent to a service that can't prove itself.
 *
 * @param nonce what went with our `hello`.
 * @param challenge what came with its answer.
 * @throws Failure `not-the-service`, `token-refused` (kind `not-authorised`).
 */
export async function authenticate(
  connection: Connection,
  seconds: number,
  token: Token,
  nonce: string,
  challenge: unknown,
): Promise<void> {
  const given = v.safeParse(challengeSchema, challenge);
  if (!given.success) throw notTheService(connection, token, "it proves nothing");
  const nonces = nonce + given.output.nonce;
  const proof = Buffer.from(given.output.proof, "hex");
  if (!crypto.timingSafeEqual(proof, proofOf(token.value, "service", nonces)))
    throw notTheService(connection, token, "it has another one");
  const own = proofOf(token.value, "client", nonces).toString("hex");
  const answer = await connection.request("authenticate", { proof: own }, seconds);
  if (answer.status === "success" && v.is(authenticatedSchema, answer.result)) return;
  throw new Failure(
    "token-refused",
    `${addressOf(connection.endpoint)} doesn't let us in: ${answer.message ?? "it says nothing"}`,
    { kind: "not-authorised", hint: token.otherwise },
  );
}

function notTheService({ endpoint }: Connection, token: Token, why: string): Failure {
  return new Failure(
    "not-the-service",
    `what listens on ${addressOf(endpoint)} isn't the service ${token.whose}: ${why}`,
    { kind: "not-authorised", hint: token.otherwise },
  );
}
