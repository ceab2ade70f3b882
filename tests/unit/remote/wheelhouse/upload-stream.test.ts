import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Failure } from "../../../../src/failure.ts";
import { sha256Of } from "../../../../src/local/files/sha256.ts";
import { uploadAsStream } from "../../../../src/remote/wheelhouse/upload-stream.ts";
import { ConnectionPool } from "../../../../src/remote/wire/pool.ts";
import { Session } from "../../../../src/remote/wire/session.ts";

const deadlines = { connect: 60, firstAnswer: 60, total: 60 };
const closing: { close(): void }[] = [];
let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "blender-remote-upload-"));
});
afterEach(async () => {
  for (const one of closing.splice(0)) one.close();
  await rm(dir, { recursive: true });
});

/** Streams a file to a service that answers with this hash when all of it has come. */
async function streamed(sha256: (right: string) => string, known: boolean): Promise<string> {
  const path = join(dir, "a-1.0-py3-none-any.whl");
  const content = crypto.getRandomValues(new Uint8Array(50_000));
  await Bun.write(path, content);
  const right = await sha256Of(path);
  let came = "";
  const listener = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data: (socket, chunk) => {
        came += chunk.toString("latin1");
        if (came.includes('"hello"')) {
          came = "";
          socket.write(JSON.stringify({ status: "error", message: "what is hello?" }));
          return;
        }
        if (!came.endsWith(right)) return;
        socket.write(JSON.stringify({ status: "success", result: { sha256: sha256(right) } }));
      },
    },
  });
  closing.push({ close: () => listener.stop(true) });
  const endpoint = { host: "127.0.0.1", port: listener.port };
  const session = await Session.open(endpoint, deadlines, new AbortController().signal);
  closing.push(session);
  const knownSha256 = known ? right : undefined;
  const name = "a-1.0-py3-none-any.whl";
  const wheel = { name, path, size: content.length, fingerprint: "", knownSha256 };
  const upload = {
    wheel: { ...wheel, sha256: async () => right },
    target: "/there/a-1.0-py3-none-any.whl",
    part: "/there/.a-1.0-py3-none-any.whl.part",
    partBytes: 0,
    replaces: false,
    knownSha256,
  };
  const observer = { resumed: () => {}, sent: () => {} };
  const pool = new ConnectionPool(session, 1);
  const told = await uploadAsStream(pool, upload, observer, true);
  expect(told).toEqual({ sha256: right, identity: undefined });
  return told.sha256;
}

test.each([true, false])("a stream gives the hash of what was sent (known before: %p)", (known) =>
  streamed((right) => right, known),
);

// It is remembered here: a wrong one would make every later push of that wheel fail.
test.each([true, false])(
  "a hash that was damaged on its way back (known before: %p)",
  async (known) => {
    const changed = (right: string) => (right.startsWith("0") ? "1" : "0") + right.slice(1);
    const failure = await streamed(changed, known).catch((error: Failure) => error);
    expect(failure).toMatchObject({ code: "damaged" });
  },
);
