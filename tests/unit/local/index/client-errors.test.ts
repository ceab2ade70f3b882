import { expect, test } from "bun:test";
import { failed, why } from "../../../../src/local/index/client-errors.ts";

const refused = Object.assign(new Error("Unable to connect"), { code: "ConnectionRefused" });
const unknown = Object.assign(new Error("getaddrinfo ENOTFOUND"), { code: "ENOTFOUND" });

test.each([
  [refused, "nobody answers there", "HTTPS_PROXY"],
  [unknown, "this machine doesn't find it", "--index-url"],
  [new Error("unable to verify: CERT_UNTRUSTED"), "isn't trusted", "--cert FILE"],
])("%# has a cause and a way on", (error, cause, hint) => {
  const failure = failed("https://index.invalid/simple/a/", why(error), error);
  expect(failure.message).toContain(`couldn't be got: `);
  expect(failure.message).toContain(cause);
  expect(failure.hint).toContain(hint);
});
