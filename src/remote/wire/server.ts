// Who is at the other end of a connection, and what it says that it can do.

import * as v from "valibot";
import { Failure } from "../../failure.ts";
import { ours, text } from "../../text.ts";
import { checked } from "../checked.ts";
import { countSchema, pidSchema } from "../numbers.ts";
import { authenticate, freshNonce, tokenFor } from "./authentication.ts";
import type { Connection } from "./connection.ts";
import { addressOf, closedUnheard } from "./failures.ts";

const helloSchema = v.object({
  protocol: countSchema,
  server: v.string(),
  service_version: v.string(),
  capabilities: v.array(v.string()),
  blender_version: v.string(),
  pid: pidSchema,
  background: v.boolean(),
  authentication: v.string(),
  /** Bytes of one request; services of earlier versions don't say it. */
  request_limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
});

/** What our service says of itself in answer to `hello`. */
export type Hello = v.InferOutput<typeof helloSchema>;

/**
 * The server at the other end: ours, or a plain one that only promises `execute_code`
 * (the published BLD_Remote_MCP, the add-on of mcp-for-blender).
 */
export type Server = { kind: "service"; hello: Hello } | { kind: "plain" };

/** The protocol that this client speaks. */
export const protocolVersion = 1;

/**
 * Asks who is at the other end, and authenticates both ends where a token is asked for or known. The
 * line ends behind the object make servers that read lines, such as HTTP ones, answer at once instead
 * of waiting for more.
 *
 * @param seconds limit for each answer.
 * @param client who we are, for others who ask what the service does (see `clientName`).
 * @throws Failure `silent`, `closed-unheard`, `not-a-service`, `bad-answer`, `protocol-mismatch`; as
 *   `tokenFor` and `authenticate`.
 */
export async function greet(
  connection: Connection,
  seconds: number,
  client: string,
): Promise<Server> {
  const nonce = freshNonce();
  const request = `${JSON.stringify({ type: "hello", params: { client, nonce } })}\n\n`;
  const answer = await connection.requestText(request, seconds).catch((error: unknown) => {
    const closed = error instanceof Failure && error.code === "connection-lost";
    throw closed && !connection.heard ? closedUnheard(connection.endpoint, error) : error;
  });
  // What knows no 'hello' may call anything a success.
  const known = v.is(v.looseObject({ protocol: v.number() }), answer.result);
  if (answer.status !== "success" || !known) {
    await tokenFor(connection, "none");
    return { kind: "plain" };
  }
  const hello = checked(helloSchema, answer.result, "'hello'");
  if (hello.protocol !== protocolVersion) {
    throw new Failure(
      "protocol-mismatch",
      `the service on ${addressOf(connection.endpoint)} speaks protocol ${hello.protocol}, this executable ${protocolVersion}`,
      { kind: "no-service", hint: text`${ours("install")}, then start Blender again` },
    );
  }
  const token = await tokenFor(connection, hello.authentication);
  if (token !== undefined) await authenticate(connection, seconds, token, nonce, answer.result);
  return { kind: "service", hello };
}
