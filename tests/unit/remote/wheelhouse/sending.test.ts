import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256Of } from "../../../../src/local/files/sha256.ts";
import { Sending } from "../../../../src/remote/wheelhouse/sending.ts";
import { Session } from "../../../../src/remote/wire/session.ts";

const deadlines = { connect: 60, firstAnswer: 60, total: 60 };
const observer = { begins() {}, starts() {}, sent() {}, finished() {}, retries() {} };

// The service ends the connection with what it refuses, since the file's bytes still come in.
test("after a file that the service refused, the session goes on", async () => {
  const dir = await mkdtemp(join(tmpdir(), "blender-remote-sending-"));
  using service = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data: (socket, chunk) => {
        const refuses = chunk.toString("latin1").includes('"upload"');
        socket.write(JSON.stringify({ status: refuses ? "error" : "success", message: "no" }));
      },
    },
  });
  try {
    const name = "a-1.0-py3-none-any.whl";
    const path = join(dir, name);
    await Bun.write(path, "content");
    const endpoint = { host: "127.0.0.1", port: service.port };
    const session = await Session.open(endpoint, deadlines, new AbortController().signal);
    const sha256 = async () => sha256Of(path);
    const upload = {
      wheel: { name, path, size: 7, fingerprint: "", knownSha256: undefined, sha256 },
      target: `/there/${name}`,
      part: `/there/.${name}.part`,
      partBytes: 0,
      replaces: false,
      knownSha256: undefined,
    };
    const options = { folder: "/there", transport: "stream", chunkSize: 1, retries: 0 } as const;
    const sending = new Sending(session, "stream", "/there", { ...options, observer });
    const first = session.connection;
    expect(await sending.all([upload])).toMatchObject([{ name, status: "failed" }]);
    expect(first.usable).toBe(false);
    expect(await session.connection.request("status", {})).toMatchObject({ status: "success" });
    session.close();
  } finally {
    await rm(dir, { recursive: true });
  }
});
