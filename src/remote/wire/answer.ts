// One answer of a server, read out of its text.

import * as v from "valibot";
import type { Endpoint } from "./connection.ts";
import { brokenJson, noRoom } from "./failures.ts";

const answerSchema = v.looseObject({
  status: v.optional(v.string()),
  result: v.optional(v.unknown()),
  message: v.optional(v.string()),
});

/** One answer of a server; what a command means by `result` is for its caller to check. */
export type Answer = v.InferOutput<typeof answerSchema>;

/** The longest answer that is taken, in bytes: parsed, it can take ten times that. */
export const usualAnswer = 64 * 1024 * 1024;
/** The same where all that code wrote is in one answer. */
export const longestAnswer = 256 * 1024 * 1024;

/**
 * Reads one.
 *
 * @throws Failure `not-a-service` for what is none; as `noRoom` where the service is full.
 */
export function answerIn(text: string, endpoint: Endpoint): Answer {
  let answer: Answer;
  try {
    answer = v.parse(answerSchema, JSON.parse(text));
  } catch (error) {
    throw brokenJson(endpoint, error);
  }
  if (answer.status === "error" && answer["refused"] === true)
    throw noRoom(endpoint, answer.message ?? "it doesn't say why");
  return answer;
}
