import { expect, test } from "bun:test";
import { extended, Failure } from "../../src/failure.ts";

const cause = new Error("why");
const failure = new Failure("code", "message", {
  kind: "usage",
  hint: "hint",
  details: { one: 1 },
  cause,
});

test("an extended failure keeps what isn't changed, its details and its cause too", () => {
  const longer = extended(failure, { message: "a longer message", details: { two: 2 } });
  expect(longer).toMatchObject({
    code: "code",
    message: "a longer message",
    kind: "usage",
    hint: "hint",
    details: { one: 1, two: 2 },
    cause,
  });
});

test("an extended failure without a cause has the failure itself as one", () => {
  const plain = new Failure("code", "message");
  const longer = extended(plain, { code: "other", kind: "timeout", hint: "way" });
  expect(longer).toMatchObject({ code: "other", exitCode: 124, hint: "way", cause: plain });
  expect(longer.details).toBeUndefined();
});

test("a hint can be taken away", () => {
  expect(extended(failure, { hint: null }).hint).toBeUndefined();
});

test("no message has the names and passwords of addresses", () => {
  const { message } = new Failure(
    "bad",
    "x @ https://me:s3c@ret@host/a@b and 'ssh://git@host', a@b",
  );
  expect(message).toBe("x @ https://…@host/a@b and 'ssh://…@host', a@b");
});
