import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { installPeers } from "../../scripts/blenders.ts";
import { freePort } from "../../scripts/port.ts";
import { launcherOf } from "../support/blender.ts";
import { asked, request } from "../support/job-client.ts";
import { expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { startConfigured, startService } from "../support/servers.ts";
import { until } from "../support/until.ts";

let box: Sandbox;
beforeAll(async () => {
  box = await sandbox();
  await startService(box, await launcherOf("bpy"), "--no-auth");
});
afterAll(() => box[Symbol.asyncDispose]());

/**
 * The published package, and where a folder of its newest source is named (`src` of its repository)
 * that as well, in the same environment.
 */
const sources: [string, Record<string, string>][] = [["published", {}]];
const newest = process.env["BLENDER_REMOTE_NEWEST_SOURCE"];
if (newest !== undefined) sources.push(["newest", { PYTHONPATH: newest }]);

let python: string;
beforeAll(async () => {
  python = await installPeers();
}, 900_000);

/** Runs Python of theirs in the sandbox to its end. */
async function theirs(args: string[], env: Record<string, string>) {
  const child = Bun.spawn([python, ...args], {
    env: { ...box.env, ...env },
    cwd: box.dir,
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { stdout, stderr, code: await child.exited };
}

describe.each(sources)("the %s clients", (_, env) => {
  const cli = (port: number, ...args: string[]) =>
    theirs(["-m", "blender_remote.cli", ...args, "--port", String(port)], env);

  async function published(...args: string[]): Promise<string> {
    const { stdout, stderr, code } = await cli(box.port, ...args);
    expect(code, stderr).toBe(0);
    return stdout;
  }

  /** What their Python client and their MCP server gave. */
  async function others(port: number) {
    const script = join(import.meta.dir, "../support/published_clients.py");
    const { stdout, stderr, code } = await theirs([script, String(port)], env);
    expect(code, stderr).toBe(0);
    return JSON.parse(stdout);
  }

  test("status", async () => {
    expect(await published("status")).toContain("Connected to Blender");
  });

  test.each([
    [[]],
    [["--use-base64"]],
    [["--return-base64"]],
    [["--use-base64", "--return-base64"]],
  ])("execute %j", async (flags) => {
    const said = await published("execute", "-c", "print('ä', bpy.app.version[0])", ...flags);
    expect(said).toContain("ä 5\n");
    const file = join(box.dir, "code.py");
    await Bun.write(file, "import bpy\ndef f():\n    return bpy.app.background\nprint(f())\n");
    expect(await published("execute", file, ...flags)).toContain("True\n");
  });

  test("execute of code that fails", async () => {
    const said = await published("execute", "-c", "1 / 0");
    expect(said).toContain("[ERROR] Code execution failed");
    expect(said).toContain("division by zero");
  });

  test("the Python client and the MCP server", async () => {
    const printed = "ä 5\n";
    expect(await others(box.port)).toEqual({
      python: {
        execute_python: printed,
        "as text": printed,
        get_scene_info: "success",
        list_objects: 3,
      },
      mcp: {
        tools: expect.arrayContaining(["execute_code", "get_scene_info"]),
        execute_code: expect.objectContaining({ executed: true, result: printed }),
        get_scene_info: expect.objectContaining({ object_count: 3 }),
        put_persist_data: expect.objectContaining({ success: true }),
        get_persist_data: { data: [1], found: true },
      },
    });
  });

  test("a service that asks for a token refuses them, and says what to do", async () => {
    const port = await freePort();
    await startConfigured(box, "--port", String(port));
    const words = "this service asks for a token";
    const more = "start --no-auth";
    const executed = await cli(port, "execute", "-c", "print(1)");
    expect(executed.stdout + executed.stderr).toContain(words);
    expect(executed.stdout + executed.stderr).toContain(more);
    const { python: client, mcp } = await others(port);
    const refused = { error: expect.stringMatching(new RegExp(`${words}.*${more}`)) };
    expect(client).toEqual({
      execute_python: refused,
      "as text": refused,
      get_scene_info: refused,
      list_objects: refused,
    });
    expect(mcp.execute_code).toEqual(refused);
    expectSuccess(await box.cli(["stop", "--port", String(port)]));
  });
});

describe("jobs as the newest source of the published client asks for them", () => {
  const submit = (code: string, more: Record<string, unknown> = {}) =>
    request(box.port, "submit_code_job", {
      code,
      code_is_base64: false,
      return_as_base64: false,
      ...more,
    });
  const look = async (job_id: string) => {
    const state = await request(box.port, "get_job_status", { job_id });
    if (!state.found) throw new Error(`${job_id} isn't known`);
    return state;
  };
  const ended = async (job_id: string) => {
    await until(async () => (await look(job_id)).terminal);
    const result = await request(box.port, "get_job_result", { job_id });
    if (!result.found) throw new Error(`${job_id} isn't known`);
    return result;
  };
  /** Code that runs until the file is gone. */
  const holding = (gate: string) =>
    `import os, time\nopen(${JSON.stringify(gate)}, "w").close()\nwhile os.path.exists(${JSON.stringify(gate)}): time.sleep(0.01)`;

  test("submit, status, result", async () => {
    const job = await submit("import sys; print('ä'); print('e', file=sys.stderr)");
    expect(job.terminal).toBe(["completed"].includes(job.status));
    const { result, status, error } = await ended(job.job_id);
    expect({ status, error }).toEqual({ status: "completed", error: null });
    expect(result).toMatchObject({ result: "ä\n", output: { stdout: "ä\n", stderr: "e\n" } });
  });

  test("base64 both ways", async () => {
    const code = Buffer.from("print('ä')").toString("base64");
    const job = await submit(code, { code_is_base64: true, return_as_base64: true });
    const { result } = await ended(job.job_id);
    expect(result).toMatchObject({ result_is_base64: true });
    expect(Buffer.from(result?.result ?? "", "base64").toString()).toBe("ä\n");
  });

  test("code that raises", async () => {
    const { status, error, traceback, result } = await ended((await submit("1 / 0")).job_id);
    expect({ status, result }).toEqual({ status: "failed", result: null });
    expect(error).toContain("division by zero");
    expect(traceback).toContain("ZeroDivisionError");
  });

  test("the queue, the active item, cancelling what waits and what runs", async () => {
    const gate = join(box.dir, "gate");
    const first = await submit(holding(gate));
    await until(() => Bun.file(gate).exists());
    const second = await submit("print('never')");
    expect(second).toMatchObject({ status: "queued", queue_position: 1, queue_name: "user_job" });
    const queue = await request(box.port, "get_queue_status");
    expect(queue).toMatchObject({
      active_item: { kind: "user_job", item_id: first.job_id, job_id: first.job_id },
      queued_user_jobs: 1,
      queued_user_job_ids: [second.job_id],
    });
    const { active_item: active } = await request(box.port, "get_active_item");
    expect(active).toEqual(queue.active_item);
    expect(await look(first.job_id)).toMatchObject({ status: "running", active: true });
    const running = await request(box.port, "get_job_result", { job_id: first.job_id });
    expect(running).toMatchObject({ result: null, message: expect.any(String) });

    const cancelled = await request(box.port, "cancel_job", {
      job_id: second.job_id,
      reason: "not needed",
    });
    expect(cancelled).toMatchObject({
      found: true,
      cancel_requested: true,
      metadata: { cancel_reason: "not needed" },
    });
    await request(box.port, "cancel_job", { job_id: first.job_id });
    for (const { job_id } of [first, second]) {
      expect(await ended(job_id)).toMatchObject({ status: "cancelled", result: null });
    }
    expect(await request(box.port, "get_active_item")).toEqual({ active_item: null });
  });

  test("cooperating code sees that it is cancelled, and a time limit of its own", async () => {
    const code = "import time\nwhile True:\n    check_cancelled()\n    time.sleep(0.01)";
    const job = await submit(code);
    await until(async () => (await look(job.job_id)).status === "running");
    await request(box.port, "cancel_job", { job_id: job.job_id });
    expect((await ended(job.job_id)).status).toBe("cancelled");
    const limited = await submit(code, { job_timeout_seconds: 0.2 });
    expect(limited.job_timeout_seconds).toBe(0.2);
    expect((await ended(limited.job_id)).status).toBe("timed_out");
  });

  test("the list, by status, with results, and limited", async () => {
    const { job_id } = await submit("print('listed')");
    await ended(job_id);
    const all = { include_terminal: true, include_result: true, limit: 100 };
    const { jobs, count, limit } = await request(box.port, "list_jobs", all);
    expect({ count, limit }).toEqual({ count: jobs.length, limit: 100 });
    const mine = jobs.find((job) => job.job_id === job_id);
    expect(mine?.result).toMatchObject({ result: "listed\n" });
    const failed = await request(box.port, "list_jobs", { ...all, status: "failed" });
    expect(new Set(failed.jobs.map(({ status }) => status))).toEqual(new Set(["failed"]));
    const open = await request(box.port, "list_jobs", { ...all, include_terminal: false });
    expect(open.jobs).toEqual([]);
    const one = await request(box.port, "list_jobs", { ...all, include_result: false, limit: 1 });
    expect(one).toMatchObject({ count: 1, limit: 1 });
    expect(one.jobs[0]).not.toHaveProperty("result");
  });

  test("a job that nobody knows", async () => {
    const job_id = "bld-job-99999";
    for (const type of ["get_job_status", "get_job_result", "cancel_job"] as const) {
      expect(await request(box.port, type, { job_id })).toMatchObject({ found: false, job_id });
    }
  });

  test.each([
    ["submit_code_job", {}],
    ["get_job_status", {}],
    ["submit_code_job", { code: "%%%", code_is_base64: true }],
    ["list_jobs", { status: "nonsense" }],
  ])("an error for %s %j", async (type, params) => {
    const answer = await asked(box.port, type, params);
    expect(answer).toMatchObject({ status: "error", message: expect.any(String) });
  });

  test("execute_code with its newer parameters", async () => {
    const params = { code: "print(1)", code_is_base64: false, return_as_base64: false };
    const more = { detach_on_wait_timeout: false, wait_timeout_seconds: 5, job_timeout_seconds: 5 };
    expect(await asked(box.port, "execute_code", { ...params, ...more })).toMatchObject({
      status: "success",
      result: { executed: true, result: "1\n" },
    });
  });
});
