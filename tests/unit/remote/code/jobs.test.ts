import { expect, test } from "bun:test";
import { lookAtJob, submitJob } from "../../../../src/remote/code/jobs.ts";
import { rendered } from "../../../../src/text.ts";
import { failureOf } from "../../../support/failure.ts";
import { type MadeUpRequest, madeUpServices } from "../made-up-service.ts";

const madeUpService = madeUpServices();

function job(name: string, status: string, terminal: boolean) {
  return { job_id: name, status, terminal, created_at: 1, started_at: null, more: "is ignored" };
}

test("code is sent as its bytes, with what Python is to make of it", async () => {
  const code = {
    source: Uint8Array.of(0xef, 0xbb, 0xbf, 0x31),
    name: "/a/t.py",
    argv: ["t.py", "x"],
    path0: "/a",
    title: "execute t.py",
  };
  const { session, requests } = await madeUpService(() => job("bld-job-7", "queued", false));
  expect(await submitJob(session, code)).toMatchObject({ job_id: "bld-job-7", status: "queued" });
  await submitJob(session, code, 9);
  const params = {
    code: "77u/MQ==",
    code_is_base64: true,
    title: "execute t.py",
    program: { name: "/a/t.py", argv: ["t.py", "x"], path0: "/a" },
  };
  expect(requests.slice(1)).toEqual([
    { type: "submit_code_job", params },
    { type: "submit_code_job", params: { ...params, job_timeout_seconds: 9 } },
  ]);
});

test.each([
  [[], "no code has run under a name"],
  [
    [job("bld-job-1", "completed", true), job("bld-job-2", "running", false)],
    "known are bld-job-1 (ended), bld-job-2 (running)",
  ],
])("an unknown job names those that are known: %j", async (jobs, says) => {
  const answer = ({ type }: MadeUpRequest) =>
    type === "list_jobs" ? { jobs, count: jobs.length, limit: null } : { found: false };
  const { session } = await madeUpService(answer);
  const failure = await failureOf(lookAtJob(session, "bld-job-9"));
  expect(failure.code).toBe("unknown-job");
  expect(failure.message).toContain("'bld-job-9'");
  expect(rendered(failure.hint ?? "")).toContain(says);
});
