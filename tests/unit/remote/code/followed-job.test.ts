import { describe, expect, test } from "bun:test";
import { endJob } from "../../../../src/remote/code/end-job.ts";
import { FollowedJob, type StreamName } from "../../../../src/remote/code/followed-job.ts";
import { failureOf } from "../../../support/failure.ts";
import { idleLoad, madeUpServices } from "../made-up-service.ts";

const madeUpService = madeUpServices();
const encoded = (text: string) => new TextEncoder().encode(text).toBase64();

/** An answer to `job_output`. */
function output(chunks: [StreamName, string][], offset: number, more: object = {}) {
  return {
    found: true,
    job_id: "bld-job-1",
    status: "running",
    terminal: false,
    chunks: chunks.map(([stream, text]) => [stream, encoded(text)]),
    offset,
    begins_at: null,
    exit_status: null,
    duration_seconds: null,
    ...more,
  };
}

const ended = { status: "completed", terminal: true, exit_status: 3, duration_seconds: 1.5 };

/** What was written, in its order. */
function written() {
  const all: [StreamName, string][] = [];
  const write = async (stream: StreamName, bytes: Uint8Array) => {
    all.push([stream, new TextDecoder().decode(bytes)]);
  };
  return { all, write };
}

describe("following", () => {
  test("goes on behind the end until nothing is left, in the order of writing", async () => {
    const answers = [
      output([], 0, { status: "queued" }),
      output(
        [
          ["stdout", "a"],
          ["stdout", "b"],
          ["stderr", "c"],
          ["stdout", "d"],
        ],
        4,
      ),
      output([["stderr", "e"]], 5, ended),
      output([], 5, ended),
    ];
    const { session, requests } = await madeUpService(() => answers.shift());
    const { all, write } = written();
    const job = new FollowedJob("bld-job-1");
    expect(await job.follow(session, write)).toEqual({
      status: "completed",
      exit: 3,
      duration: 1.5,
    });
    expect(all).toEqual([
      ["stdout", "ab"],
      ["stderr", "c"],
      ["stdout", "d"],
      ["stderr", "e"],
    ]);
    expect(job.lost).toEqual({ stdout: 0, stderr: 0 });
    expect(requests.slice(1).map(({ params }) => params["offset"])).toEqual([0, 0, 4, 5]);
  });

  test("what was dropped before it came is counted", async () => {
    const answers = [
      output([["stdout", "ab"]], 2, { begins_at: { stdout: 7, stderr: 1 } }),
      output([["stderr", "c"]], 3),
      output([["stdout", "d"]], 9, { begins_at: { stdout: 19, stderr: 2 } }),
      output([], 9, ended),
    ];
    const { session } = await madeUpService(() => answers.shift());
    const job = new FollowedJob("bld-job-1");
    await job.follow(session, async () => {});
    expect(job.lost).toEqual({ stdout: 7 + 10, stderr: 1 });
  });

  test("the next piece waits until this one is taken", async () => {
    const answers = [output([["stdout", "a"]], 1), output([], 1, ended)];
    const { session, requests } = await madeUpService(() => answers.shift());
    const taken = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    const following = new FollowedJob("bld-job-1").follow(session, () => {
      asked.resolve();
      return taken.promise;
    });
    await asked.promise;
    expect(requests.length).toBe(2);
    taken.resolve();
    expect(await following).toMatchObject({ exit: 3 });
    expect(requests.length).toBe(3);
  });

  test("a job that goes on is left after its time, and taken up where it was left", async () => {
    const answers = [
      output([["stdout", "a"]], 1),
      output([["stdout", "b"]], 2),
      output([], 2, ended),
    ];
    const { session } = await madeUpService(() => answers.shift());
    const { all, write } = written();
    const job = new FollowedJob("bld-job-1");
    expect(await job.follow(session, write, 0)).toBeUndefined();
    expect(await job.follow(session, write)).toMatchObject({ exit: 3 });
    expect(all).toEqual([
      ["stdout", "a"],
      ["stdout", "b"],
    ]);
  });

  test("what couldn't be written is written by the next call, and nothing twice", async () => {
    const chunks: [StreamName, string][] = [
      ["stdout", "a"],
      ["stderr", "b"],
      ["stdout", "c"],
    ];
    const answers = [output(chunks, 3), output([], 3, ended)];
    const { session } = await madeUpService(() => answers.shift());
    const { all, write } = written();
    const job = new FollowedJob("bld-job-1");
    const first = job.follow(session, async (stream, bytes) => {
      await write(stream, bytes);
      if (stream === "stderr") throw new Error("stopped");
    });
    await expect(first).rejects.toThrow("stopped");
    await job.follow(session, write);
    expect(all).toEqual(chunks);
  });

  test("a service that refuses says why", async () => {
    const { session } = await madeUpService(() => {
      throw new Error("the service is shutting down");
    });
    const failure = await failureOf(new FollowedJob("bld-job-1").follow(session, async () => {}));
    expect(failure.code).toBe("job-refused");
    expect(failure.message).toContain("the service is shutting down");
  });
});

test("an interrupted job is followed to its end, and what Blender does then is known", async () => {
  const job = { job_id: "bld-job-1", status: "cancelling", terminal: false, created_at: 1 };
  const answers: Record<string, unknown[]> = {
    cancel_job: [{ found: true, ...job }],
    job_output: [
      output([["stderr", "KeyboardInterrupt\n"]], 18),
      output([], 18, { ...ended, status: "cancelled", exit_status: 130 }),
    ],
    status: [idleLoad],
  };
  const { session, requests } = await madeUpService(({ type }) => answers[type]?.shift());
  const { all, write } = written();
  const ending = await endJob(session, new FollowedJob("bld-job-1"), write, "interrupted");
  expect(ending).toEqual({
    end: { status: "cancelled", exit: 130, duration: 1.5 },
    load: idleLoad,
  });
  expect(all).toEqual([["stderr", "KeyboardInterrupt\n"]]);
  expect(requests[1]).toEqual({
    type: "cancel_job",
    params: { job_id: "bld-job-1", reason: "interrupted" },
  });
});
