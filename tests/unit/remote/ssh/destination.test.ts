import { describe, expect, test } from "bun:test";
import {
  checkSshOption,
  forwardedTo,
  machineOf,
  parseDestination,
} from "../../../../src/remote/ssh/destination.ts";
import { failureOfCall } from "../../../support/failure.ts";

describe("a destination", () => {
  const none = { user: undefined, port: undefined };
  test.each([
    ["render1", { ...none, host: "render1" }],
    ["render-1.example.org:2222", { ...none, host: "render-1.example.org", port: 2222 }],
    ["ann@render1", { ...none, user: "ann", host: "render1" }],
    ["ann@example.org@render1:22", { user: "ann@example.org", host: "render1", port: 22 }],
    ["STUDIO\\ann@render1", { ...none, user: "STUDIO\\ann", host: "render1" }],
    ["10.0.0.7:22", { ...none, host: "10.0.0.7", port: 22 }],
    ["2001:db8::1", { ...none, host: "2001:db8::1" }],
    ["[2001:db8::1]", { ...none, host: "2001:db8::1" }],
    ["ann@[fe80::1%eth0]:2200", { user: "ann", host: "fe80::1%eth0", port: 2200 }],
    ["rénder", { ...none, host: "rénder" }],
  ])("%s", (word, expected) => {
    expect(parseDestination(word)).toEqual(expected);
    // An IPv6 address alone needs no brackets.
    expect(parseDestination(machineOf(expected))).toEqual(expected);
  });

  test.each([
    "",
    "-oProxyCommand=id",
    "ann@-oProxyCommand=id",
    "-lroot@render1",
    "--@render1",
    "@render1",
    "ann@",
    "$(id)",
    "`id`",
    "a;id",
    "a b",
    "a|b",
    "a&b",
    "a\nb",
    "a'b",
    'a"b',
    "a/b",
    "a%h",
    "ann;id@render1",
    "$USER@render1",
    "ann\\@render1",
    "ssh://render1",
    "render1:",
    "render1:0",
    "render1:65536",
    "render1:22x",
    "render1:22:23",
    "[render1",
    "[::1]22",
    "[-x]:22",
    "fe80::1%e;id",
    "::1:::",
  ])("%j is refused", (word) => {
    const { code, exitCode } = failureOfCall(() => parseDestination(word));
    expect({ code, exitCode }).toEqual({ code: "bad-ssh", exitCode: 2 });
  });
});

describe("an option for ssh", () => {
  test.each(["ProxyJump=gate", "SetEnv=A=B C"])("%s", (word) => {
    expect(checkSshOption(word)).toBe(word);
  });

  test.each(["", "ProxyJump", "ProxyJump=", "=x", "-x=y", "A b=c", "A=b\nProxyCommand=id", "A=\0"])(
    "%j is refused",
    (word) => {
      const { code, exitCode } = failureOfCall(() => checkSshOption(word));
      expect({ code, exitCode }).toEqual({ code: "bad-ssh-option", exitCode: 2 });
    },
  );
});

test("the host behind it can't be an option, and IPv6 has brackets", () => {
  expect(forwardedTo("127.0.0.1", 6688)).toBe("127.0.0.1:6688");
  expect(forwardedTo("::1", 6688)).toBe("[::1]:6688");
  expect(failureOfCall(() => forwardedTo("-x", 6688)).code).toBe("bad-host");
});
