import { expect, test } from "bun:test";
import {
  isOwnPeer,
  listenersIn,
  peerProcesses,
  socketsIn,
} from "../../../../src/remote/service/peer.ts";
import { Connection } from "../../../../src/remote/wire/connection.ts";

const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1A20 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 100 1 0 100 0 0 10 0
   1: 0100007F:1A20 0100007F:C350 01 00000000:00000000 00:00000000 00000000  1000        0 101 1 0 20 4 30 10 -1
   2: 0100007F:C350 0100007F:1A20 01 00000000:00000000 00:00000000 00000000  1000        0 102 1 0 20 4 30 10 -1
   3: 0100007F:1A20 0100007F:C351 01 00000000:00000000 00:00000000 00000000  1001        0 103 1 0 20 4 30 10 -1
   4: 0100007F:1A20 0100007F:C350 06 00000000:00000000 03:00000000 00000000     0        0 0 3 0
`;

test("the other end of one connection, not of another nor what listens", () => {
  expect(socketsIn(table, 0x1a20, 0xc350)).toEqual(["101"]);
  expect(socketsIn(table, 0x1a20, 0xc352)).toEqual([]);
  expect(socketsIn("", 1, 1)).toEqual([]);
});

test("what listens at an address, before what listens on all of them", () => {
  const row = (address: string, port: string, inode: number, state = "0A") =>
    `  0: ${address}:${port} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000 1000 0 ${inode} 1 0 100`;
  const listeners = [
    "head",
    row("00000000", "1A20", 200),
    row("0100007F", "1A20", 201),
    row("0200007F", "1A20", 202),
    row("0300007F", "1A20", 203, "01"),
    row("0100007F", "1A21", 204),
    row("00000000000000000000000001000000", "1A20", 205),
  ].join("\n");
  expect(listenersIn(listeners, "127.0.0.1", 0x1a20)).toEqual(["201"]);
  expect(listenersIn(listeners, "127.0.0.2", 0x1a20)).toEqual(["202"]);
  expect(listenersIn(listeners, "::1", 0x1a20)).toEqual(["205"]);
  expect(listenersIn(listeners, "127.0.0.3", 0x1a20)).toEqual(["200"]);
  expect(listenersIn(listeners, "127.0.0.3", 0x1a21)).toEqual([]);
});

const deadlines = { connect: 5, firstAnswer: 5, total: 5 };

test.skipIf(process.platform !== "linux")("the system tells whose it is", async () => {
  const server = Bun.spawn(
    [
      process.execPath,
      "-e",
      "console.log(Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data(s) { s.write('{}') } } }).port)",
    ],
    { stdout: "pipe" },
  );
  try {
    let said = "";
    for await (const bytes of server.stdout) {
      said += new TextDecoder().decode(bytes);
      if (said.includes("\n")) break;
    }
    const endpoint = { host: "127.0.0.1", port: Number(said) };
    const connection = await Connection.open(endpoint, deadlines, new AbortController().signal);
    await connection.request("hello", {});
    expect([...peerProcesses(connection)]).toEqual([server.pid]);
    expect(isOwnPeer(connection)).toBe(true);
    connection.close();
    expect(peerProcesses(connection).size).toBe(0);
    expect(isOwnPeer(connection)).toBe(false);
  } finally {
    server.kill();
    await server.exited;
  }
});
