// Messages to the service that nobody would send, the same ones for the same seed.

/** One message. */
export interface FuzzedMessage {
  bytes: Buffer;
  /** It may rightly end the connection, so that nothing after it is read. */
  ends: boolean;
}

export interface Fuzzer {
  message(): FuzzedMessage;
  /** Whether the service is to be stopped now, which no message does by chance. */
  isTimeToStop(): boolean;
}

type Value = null | boolean | number | string | readonly Value[] | { [name: string]: Value };

/** All of it is harmless for the machine: it prints, computes, fails, or doesn't parse. */
const codes = [
  "pass",
  "print('x' * 1000)",
  "1 / 0",
  "raise SystemExit(3)",
  "raise KeyboardInterrupt",
  "x = [",
  "print(chr(0xd800))",
  "import bpy; print(len(bpy.data.objects))",
  "\0",
  "\ufeffprint(1)",
  "# -*- coding: none -*-\nprint(1)",
  "def f(): f()\nf()",
  "import sys; sys.stdout.write(b'')",
  "yield",
];

/** Draws messages from a seed; uploads that are complete go into `folder`. */
export function fuzzer(seed: number, folder: string): Fuzzer {
  let state = seed >>> 0 || 1;
  const below = (limit: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
  const one = <T>(list: readonly [T, ...T[]] | readonly T[]): T => {
    const found = list[below(list.length)];
    if (found === undefined) throw new Error("nothing to choose from");
    return found;
  };

  const requests: readonly (() => { [name: string]: Value })[] = [
    () => ({ type: "hello", params: { client: "fuzz" } }),
    () => ({ type: "status" }),
    () => ({ type: "interrupt", params: { request_id: "a" } }),
    () => ({ type: "execute_code", params: { code: one(codes), _request_id: "a" } }),
    () => ({
      type: "execute_code",
      params: {
        code: Buffer.from(one(codes)).toString("base64"),
        code_is_base64: true,
        return_as_base64: true,
        timeout_seconds: 5,
      },
    }),
    () => ({ type: "submit_code_job", params: { code: one(codes), title: "fuzz" } }),
    () => ({ type: "job_output", params: { job_id: "bld-job-1", offset: 0, wait_seconds: 0 } }),
    () => ({
      type: one(["get_job_status", "get_job_result", "cancel_job"]),
      params: { job_id: "bld-job-1" },
    }),
    () => ({ type: one(["get_queue_status", "get_active_item", "list_jobs"]) }),
    () => ({ type: "get_scene_info" }),
    () => ({ type: "get_object_info", params: { name: "Cube" } }),
    () => ({
      type: "get_viewport_screenshot",
      params: { max_size: 10, filepath: `${folder}/shot.png` },
    }),
    () => ({ type: "put_persist_data", params: { key: "k", data: [1, { a: null }] } }),
    () => ({ type: "get_persist_data", params: { key: "k", default: 1 } }),
    () => ({ type: "remove_persist_data", params: { key: "k" } }),
    () => ({ type: "run_script", params: { call: "{}", digest: "0" } }),
    () => ({
      type: "upload",
      params: { part: `${folder}/p`, target: `${folder}/t`, size: 3, offset: 0, digest: "0" },
    }),
    () => ({ message: "hi", code: one(codes) }),
  ];

  const odd = (depth: number): Value =>
    one<() => Value>([
      () => null,
      () => below(2) === 0,
      () => one([0, -1, 1e308, 2 ** 53, 0.5, -0]),
      () => one(["", "\0", "é😀", "\ud800", "x".repeat(1 + below(3000)), "execute_code", "nul"]),
      () => (depth > 3 ? [] : Array.from({ length: below(5) }, () => odd(depth + 1))),
      () => (depth > 3 ? {} : { [one(["type", "params", "", "\udfff", "code"])]: odd(depth + 1) }),
    ])();

  /** One place of a request is something else, or gone. */
  const spoil = (request: { [name: string]: Value }): { [name: string]: Value } => {
    const params = request["params"];
    const deep = params !== null && typeof params === "object" && !Array.isArray(params);
    if (deep && below(4) > 0) {
      return { ...request, params: spoil({ ...(params as { [name: string]: Value }) }) };
    }
    const name = one([...Object.keys(request), "extra"]);
    if (below(5) === 0)
      return Object.fromEntries(Object.entries(request).filter(([n]) => n !== name));
    // What code is stays one of ours: fuzzed code could do anything.
    return { ...request, [name]: odd(0) };
  };

  const raw = (): string => {
    const count = 1 + below(50);
    return one([
      () => "[".repeat(count * 100),
      () => `{"type":${"[".repeat(count * 2000)}${"]".repeat(count * 2000)}}`,
      () => `${'{"a":'.repeat(count * 40)}1${"}".repeat(count * 40)}`,
      () => `{"type":"hello","n":${"9".repeat(count * 200)}}`,
      () => '{"type":"execute_code","params":{"code":"pass","timeout_seconds":1e999}}',
      () => '{"type":"hello","params":NaN}',
      () => '{"type":"get_object_info","params":{"name":"\\ud800"}}',
      () => '{"type":"hello","type":"status"}',
      () => "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
      () => '{"type":"server_shutdown","params":{"force":"yes","quit":[]}}',
      () => "{}",
    ])();
  };

  const drawn = (): FuzzedMessage => {
    const kind = below(10);
    const message = (bytes: Buffer, ends: boolean) => ({ bytes, ends });
    if (kind === 0) {
      const bytes = Array.from({ length: 1 + below(300) }, () => below(256));
      return message(Buffer.from(bytes), true);
    }
    if (kind === 1) return message(Buffer.from(raw()), true);
    const request = one(requests)();
    const text = Buffer.from(JSON.stringify(kind < 7 ? spoil(request) : request));
    if (kind === 7) return message(text.subarray(0, below(text.length)), true);
    if (kind === 8) {
      // A byte of its frame is another; the code within is left alone.
      text[below(Math.min(8, text.length))] = below(256);
      return message(text, true);
    }
    return message(text, request["type"] === "upload");
  };

  return { message: drawn, isTimeToStop: () => below(1000) === 0 };
}
