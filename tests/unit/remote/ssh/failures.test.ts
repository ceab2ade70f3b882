import { describe, expect, test } from "bun:test";
import { parseDestination } from "../../../../src/remote/ssh/destination.ts";
import { forwardingFailure, sshFailure } from "../../../../src/remote/ssh/failures.ts";
import { rendered } from "../../../../src/text.ts";

const to = parseDestination("ann@render1:2222");
const endpoint = { host: "127.0.0.1", port: 6688 };

describe("ssh's words", () => {
  // As OpenSSH 9.2, 9.7 (macOS) and 9.5 (Windows) say them.
  test.each([
    [
      "ssh: Could not resolve hostname render1: nodename nor servname provided, or not known",
      "ssh-unknown-host",
      4,
    ],
    ["ssh: Could not resolve hostname render1: No such host is known. ", "ssh-unknown-host", 4],
    ["ssh: connect to host render1 port 22: Connection refused", "ssh-refused", 4],
    ["ssh: connect to host render1 port 22: Operation timed out", "ssh-unreachable", 4],
    ["ssh: connect to host render1 port 22: No route to host", "ssh-unreachable", 4],
    ["ann@render1: Permission denied (publickey,password).", "ssh-permission-denied", 5],
    [
      "Received disconnect from 10.0.0.7 port 22:2: Too many authentication failures\r\nDisconnected from 10.0.0.7 port 22",
      "ssh-permission-denied",
      5,
    ],
    [
      "No ED25519 host key is known for render1 and you have requested strict checking.\r\nHost key verification failed.",
      "ssh-host-key-unknown",
      2,
    ],
    [
      "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\r\nHost key verification failed.",
      "ssh-host-key-changed",
      5,
    ],
    ["command-line: line 0: Bad configuration option: nonsense", "ssh-option-refused", 2],
    [
      "channel 0: open failed: connect failed: Connection refused\r\nstdio forwarding failed\r\nkex_exchange_identification: Connection closed by remote host",
      "ssh-refused",
      4,
    ],
    ["kex_exchange_identification: read: Connection reset by peer", "ssh-lost", 4],
    ["Timeout, server render1 not responding.", "ssh-lost", 4],
    ["something else", "ssh-failed", 4],
    ["", "ssh-failed", 4],
  ])("%j", (said, code, exit) => {
    const failure = sshFailure(to, said, 255);
    expect({ code: failure.code, exit: failure.exitCode }).toEqual({ code, exit });
    expect(failure.message).toStartWith("ssh to ann@render1:2222");
    expect(rendered(failure.hint ?? "")).not.toBe("");
  });

  test("are shown without what would move the cursor, and not without end", () => {
    const { message } = sshFailure(to, `\x1b[2J\x9b31m${"x".repeat(5000)}\n`, 255);
    expect(message).not.toMatch(/\p{Cc}/u);
    expect(message.length).toBeLessThan(400);
  });

  test("a hint can be typed", () => {
    const { hint } = sshFailure(to, "something else", 255);
    expect(rendered(hint ?? "")).toBe("see what 'ssh -p 2222 ann@render1 true' says");
  });
});

describe("a forwarded connection", () => {
  test.each([
    [
      "channel 0: open failed: connect failed: Connection refused\nstdio forwarding failed",
      "connection-refused",
    ],
    ["Stdio forwarding request failed: Session open refused by peer", "connection-refused"],
    ["channel 0: open failed: connect failed: No route to host", "connection-failed"],
    [
      "channel 0: open failed: administratively prohibited: open failed\nstdio forwarding failed",
      "ssh-forwarding-refused",
    ],
    ["ann@render1: Permission denied (publickey).", "ssh-permission-denied"],
    // Of the jump host, about the machine behind it.
    [
      "channel 0: open failed: connect failed: Connection refused\nstdio forwarding failed\nkex_exchange_identification: Connection closed by remote host",
      "ssh-refused",
    ],
    ["mux_client_request_session: read from master failed: Broken pipe", "ssh-lost"],
  ])("%j", (said, code) => {
    expect(forwardingFailure(endpoint, to, said, 255).code).toBe(code);
  });

  test("says of the far end's words one line, and not without end", () => {
    const said = `channel 0: open failed: connect failed: \x1b[2J${"x".repeat(5000)}\n`;
    const { message } = forwardingFailure(endpoint, to, said, 255);
    expect(message).toMatch(/^can't connect to 127.0.0.1:6688: \[2Jx{297}$/);
  });

  test("that the far end has closed is lost as any other", () => {
    expect(forwardingFailure(endpoint, to, "", 0).code).toBe("connection-lost");
  });
});
