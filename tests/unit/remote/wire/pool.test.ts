import { afterEach, describe, expect, test } from "bun:test";
import type { Connection } from "../../../../src/remote/wire/connection.ts";
import { ConnectionPool } from "../../../../src/remote/wire/pool.ts";
import { Session } from "../../../../src/remote/wire/session.ts";

const deadlines = { connect: 60, firstAnswer: 60, total: 60 };
const never = new AbortController().signal;
const opened: { close(): void }[] = [];
afterEach(() => {
  for (const one of opened.splice(0)) one.close();
});

/** Resolves when `isTrue`, which what happens on sockets makes true. */
async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise(setImmediate);
}

/** A server on loopback, and a pool of connections to it that counts them. */
async function poolTo(limit: number, places = Number.POSITIVE_INFINITY) {
  const seen = { opened: 0, clients: 0 };
  const listener = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open: () => {
        seen.clients++;
      },
      close: () => {
        seen.clients--;
      },
      data: (socket) => {
        socket.write('{"status":"success"}');
      },
    },
  });
  opened.push({ close: () => listener.stop(true) });
  const endpoint = { host: "127.0.0.1", port: listener.port };
  const session = await Session.open(endpoint, deadlines, never);
  opened.push(session);
  const pool = new ConnectionPool(session, limit, async () => {
    seen.opened++;
    if (seen.opened >= places) throw new Error("no more places");
    return session.anotherConnection();
  });
  opened.push(pool);
  return { pool, first: session.connection, seen };
}

/** Work that takes a turn to and from the server; the most that went on at once. */
async function manyRequests(pool: ConnectionPool, number: number): Promise<number> {
  const busy = new Set<Connection>();
  let most = 0;
  const work = () =>
    pool.use(async ({ connection }) => {
      expect(busy.has(connection)).toBe(false);
      busy.add(connection);
      most = Math.max(most, busy.size);
      await connection.request("anything", {});
      busy.delete(connection);
    });
  await Promise.all(Array.from({ length: number }, work));
  return most;
}

test("no more at once than the limit, each on a connection of its own", async () => {
  const { pool, seen } = await poolTo(3);
  expect(await manyRequests(pool, 60)).toBe(3);
  expect(seen.opened).toBe(2);
});

test("closed: nobody waits any more, and nothing begins", async () => {
  const { pool, first, seen } = await poolTo(1);
  const { promise: end, resolve: letGo } = Promise.withResolvers<void>();
  const busy = pool.use(() => end);
  const waiting = pool.use(async () => {});
  pool.close();
  await expect(waiting).rejects.toThrow("closed");
  letGo();
  await busy;
  // Not even where the first connection is gone.
  first.close();
  await expect(pool.use(async () => {})).rejects.toThrow("closed");
  expect(seen.opened).toBe(0);
});

test("closed while the only connection is opened: it doesn't stay", async () => {
  const { pool, first, seen } = await poolTo(3);
  first.close();
  const work = pool.use(({ connection }) => connection.request("anything", {}));
  pool.close();
  await expect(work).rejects.toThrow();
  await until(() => seen.clients === 0);
});

test("one piece of work after the other needs no further connection", async () => {
  const { pool, first, seen } = await poolTo(16);
  for (let round = 0; round < 5; round++) {
    expect(await pool.use(async ({ connection }) => connection)).toBe(first);
  }
  expect(seen.opened).toBe(0);
});

test("a server without a place for more is served with what there is", async () => {
  const { pool } = await poolTo(16, 3);
  expect(await manyRequests(pool, 60)).toBeLessThanOrEqual(3);
});

test("urgent work goes before what waits, not before what has begun", async () => {
  const { pool } = await poolTo(1);
  const order: string[] = [];
  const gate = Promise.withResolvers<void>();
  const note = (name: string) => async () => {
    order.push(name);
  };
  const all = [
    pool.use(async () => {
      order.push("first");
      await gate.promise;
    }),
    pool.use(note("second")),
    pool.use(note("third")),
    pool.use(note("urgent"), true),
  ];
  gate.resolve();
  await Promise.all(all);
  expect(order).toEqual(["first", "urgent", "second", "third"]);
});

test("work that fails gives its connection back", async () => {
  const { pool } = await poolTo(1);
  const failing = pool.use(async () => {
    throw new Error("of the work");
  });
  const next = pool.use(async () => "done");
  await expect(failing).rejects.toThrow("of the work");
  expect(await next).toBe("done");
});

test("closing leaves only the connection that was there before", async () => {
  const { pool, first, seen } = await poolTo(4);
  await manyRequests(pool, 60);
  await until(() => seen.clients === 4);
  pool.close();
  await until(() => seen.clients === 1);
  expect(await first.request("anything", {})).toEqual({ status: "success" });
});

describe("connections that break", () => {
  /** Breaks the connection it gets, as a peer that goes does. */
  const breaks = async (connection: Connection) => {
    connection.close();
    await connection.request("anything", {});
  };

  test("a new one takes the place of the only one", async () => {
    const { pool, first, seen } = await poolTo(1);
    await expect(pool.use(({ connection }) => breaks(connection))).rejects.toThrow(
      "closed the connection",
    );
    const used = await pool.use(async ({ connection }) => {
      await connection.request("anything", {});
      return connection;
    });
    expect(used).not.toBe(first);
    expect(seen.opened).toBe(1);
  });

  test("work that waits goes on, on new ones", async () => {
    const { pool } = await poolTo(2);
    const all = Array.from({ length: 20 }, (_, index) =>
      pool.use(async ({ connection }) => {
        if (index % 3 === 0) await breaks(connection);
        await connection.request("anything", {});
      }),
    );
    const outcomes = await Promise.allSettled(all);
    for (const [index, { status }] of outcomes.entries()) {
      expect(status).toBe(index % 3 === 0 ? "rejected" : "fulfilled");
    }
  });

  test("where no new one can be had, everybody who waits hears of it", async () => {
    const { pool } = await poolTo(4, 1);
    const all = Array.from({ length: 10 }, () => pool.use(({ connection }) => breaks(connection)));
    for (const { status } of await Promise.allSettled(all)) expect(status).toBe("rejected");
    await expect(pool.use(async () => "done")).rejects.toThrow("no more places");
  });
});
