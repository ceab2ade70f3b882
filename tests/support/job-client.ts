// Requests about jobs as the newest source of blender-remote makes them, with what it reads of answers.

import type { Socket } from "bun";
import * as v from "valibot";

/** A job as that source describes one: every key is always there. */
const snapshot = v.object({
  job_id: v.pipe(v.string(), v.regex(/^bld-job-\d+$/)),
  status: v.picklist([
    "queued",
    "running",
    "cancelling",
    "cancelled",
    "completed",
    "failed",
    "timed_out",
    "killed",
  ]),
  cancel_requested: v.boolean(),
  terminal: v.boolean(),
  created_at: v.number(),
  updated_at: v.number(),
  started_at: v.nullable(v.number()),
  completed_at: v.nullable(v.number()),
  job_timeout_seconds: v.nullable(v.number()),
  error: v.nullable(v.string()),
  traceback: v.nullable(v.string()),
  metadata: v.record(v.string(), v.unknown()),
  active: v.boolean(),
  queue_position: v.nullable(v.number()),
  queue_name: v.nullable(v.string()),
});

/** What completed code has come to. */
const completed = v.object({
  executed: v.literal(true),
  status: v.literal("completed"),
  result: v.string(),
  output: v.object({ stdout: v.string(), stderr: v.string() }),
  duration: v.number(),
  result_is_base64: v.optional(v.boolean()),
});

const unknownJob = v.object({ found: v.literal(false), job_id: v.string() });

/** Of which kind the item is that has Blender's main thread. */
const item = v.object({
  kind: v.picklist(["user_job", "system_operation"]),
  item_id: v.string(),
  job_id: v.nullable(v.string()),
  operation_id: v.nullable(v.string()),
  command_type: v.nullable(v.string()),
  started_at: v.number(),
});

const found = { ...snapshot.entries, found: v.literal(true) };

/** The requests, and what their results must be. */
const results = {
  submit_code_job: snapshot,
  get_job_status: v.union([v.object(found), unknownJob]),
  get_job_result: v.union([
    v.object({ ...found, result: v.nullable(completed), message: v.optional(v.string()) }),
    unknownJob,
  ]),
  cancel_job: v.union([
    v.object(found),
    v.object({ ...unknownJob.entries, cancel_requested: v.literal(false) }),
  ]),
  get_queue_status: v.object({
    active_item: v.nullable(item),
    queued_user_jobs: v.number(),
    queued_user_job_ids: v.array(v.string()),
    queued_system_operations: v.number(),
    queued_system_operation_ids: v.array(v.string()),
    queued_system_operation_details: v.array(
      v.object({
        operation_id: v.string(),
        command_type: v.string(),
        queue_position: v.number(),
        created_at: v.number(),
      }),
    ),
    capacity: v.object({
      max_queued_user_jobs: v.nullable(v.number()),
      max_queued_system_operations: v.nullable(v.number()),
      terminal_job_retention_limit: v.nullable(v.number()),
    }),
  }),
  get_active_item: v.object({ active_item: v.nullable(item) }),
  list_jobs: v.object({
    jobs: v.array(v.object({ ...snapshot.entries, result: v.optional(v.nullable(completed)) })),
    count: v.number(),
    limit: v.nullable(v.number()),
  }),
};

type Requests = typeof results;

/** One request over a connection of its own, as that source has it; the answer, not yet checked. */
export async function asked(
  port: number,
  type: string,
  params: Record<string, unknown>,
): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  let text = "";
  // It takes an answer as whole when it has as many opening as closing braces, and is JSON.
  const data = (_: Socket, bytes: Uint8Array) => {
    text += new TextDecoder().decode(bytes);
    if (text.split("{").length !== text.split("}").length) return;
    try {
      resolve(JSON.parse(text));
    } catch {
      // Braces in a text that isn't whole yet.
    }
  };
  const closed = () => reject(new Error(`no whole answer to ${type}: ${text}`));
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: { data, close: closed, error: closed },
  });
  socket.write(JSON.stringify({ type, params }));
  try {
    return await promise;
  } finally {
    socket.end();
  }
}

/** Makes one of the requests, and checks what is answered. */
export async function request<T extends keyof Requests>(
  port: number,
  type: T,
  params: Record<string, unknown> = {},
): Promise<v.InferOutput<Requests[T]>> {
  const success = v.object({ status: v.literal("success"), result: v.unknown() });
  const schema: Requests[T] = results[type];
  return v.parse(schema, v.parse(success, await asked(port, type, params)).result);
}
