import { expect, test } from "bun:test";
import { ownStart } from "../../../src/cmd/_own-start.ts";
import type { StartedWith } from "../../../src/remote/service/started-with.ts";
import type { Server } from "../../../src/remote/wire/server.ts";
import { madeUpHello } from "../remote/made-up-service.ts";

const executable = "/opt/blender/blender";
const local = {
  executable: undefined,
  configuration: {
    path: "/c.yaml",
    exists: true,
    blender: { executable, version: undefined },
    timeoutSeconds: 1,
    port: 1,
    logLevel: "INFO",
  },
  seconds: 1,
  profile: { folder: undefined, isolated: false },
};
const plain: StartedWith = {
  executable,
  background: true,
  host: "127.0.0.1",
  port: 6688,
  authentication: "own",
  folder: "/elsewhere",
  scene: null,
  blender_args: [],
  profile: null,
  isolated: false,
  detached: true,
  log_level: "INFO",
  log_file: null,
};

/** Behind a tunnel, or on a system that doesn't tell whose the other end is. */
function unknown(authentication: string): { connection: never; server: Server } {
  const connection = { endpoint: { host: "127.0.0.1", port: 6688 }, localPort: undefined };
  const hello = { ...madeUpHello, authentication };
  return { connection: connection as never, server: { kind: "service", hello } };
}

test.each([
  [{ executable: "/tmp/evil" }],
  [{ blender_args: ["--python-expr", "evil()"] }],
  [{ scene: "/tmp/evil.blend" }],
  [{ profile: "/tmp/evil" }],
  [{ host: "0.0.0.0" }],
  [{ log_file: "/home/me/.bashrc" }],
  // Whoever took the port could get into what is started then.
  [{ authentication: "none" as const }],
])("what nobody has proved isn't started: %j", (change) => {
  const start = () => ownStart(unknown("none"), { ...plain, ...change }, local);
  expect(start).toThrow("nothing shows that what listens on 127.0.0.1:6688 is a Blender of yours");
  expect(ownStart(unknown("hmac-sha256"), { ...plain, ...change }, local)).toMatchObject(change);
});

test("but the configured Blender alone, in this folder", () => {
  expect(ownStart(unknown("none"), plain, local)).toEqual({ ...plain, folder: process.cwd() });
});
