import { afterEach, describe, expect, test } from "bun:test";
import { Failure } from "../../../../src/failure.ts";
import { currentPip } from "../../../../src/remote/pip/current.ts";
import { describePip } from "../../../../src/remote/pip/describe.ts";
import { followPip } from "../../../../src/remote/pip/follow.ts";
import { commandOf } from "../../../../src/remote/pip/purpose.ts";
import { runPip } from "../../../../src/remote/pip/run.ts";
import type { Session } from "../../../../src/remote/wire/session.ts";
import { rendered } from "../../../../src/text.ts";
import { type Call, plainServer } from "../plain-server.ts";

const opened: Disposable[] = [];
afterEach(() => {
  for (const one of opened.splice(0)) one[Symbol.dispose]();
});

/** A plain server on which scripts don't run: what they give is made up by `answer`. */
async function serve(answer: (call: Call) => unknown): Promise<Session> {
  const server = await plainServer(answer);
  opened.push(server);
  return server.session;
}

const there = {
  id: "a run",
  pid: 4711,
  command: ["/a b/python", "-m", "pip", "install", "--index-url=https://***@host/simple"],
  purpose: null,
  began: Date.parse("2026-11-21T08:00:00") / 1000,
  seconds: 90,
  returncode: null,
  seen: false,
  unfinished: false,
};

function output(stdout: string, stderr: string, returncode: number | null) {
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  return {
    stdout: base64(stdout),
    stderr: base64(stderr),
    returncode,
    cancelled: false,
    seconds: 2.5,
  };
}

async function failureOf(promise: Promise<unknown>): Promise<Failure> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error("it didn't fail");
}

const silent = { stdout: async () => {}, stderr: async () => {} };
const list = { command: ["python", "-m", "pip"], arguments: ["list"], isolated: true, ...silent };

describe("following", () => {
  test("each piece is asked for once the one before is taken, and the end is reported", async () => {
    const seen: string[] = [];
    const pieces = [output("out", "", null), output("", "err", null), output("", "", 3)];
    const session = await serve(({ arguments: args }) => {
      seen.push(`${args["action"]} ${args["stdout"] ?? ""} ${args["stderr"] ?? ""}`.trimEnd());
      return args["action"] === "read" ? pieces.shift() : {};
    });
    const take = (stream: string) => async (bytes: Uint8Array) => {
      await Bun.sleep(1);
      seen.push(`${stream}: ${new TextDecoder().decode(bytes)}`);
    };
    const sinks = { stdout: take("stdout"), stderr: take("stderr") };
    expect(await followPip(session, "a run", sinks)).toEqual({ returncode: 3, duration: 2.5 });
    expect(seen).toEqual([
      "read 0 0",
      "stdout: out",
      "read 3 0",
      "stderr: err",
      "read 3 3",
      "finish",
    ]);
  });

  test.each([
    [true, "pip-cancelled"],
    [false, "pip-run-gone"],
  ])("a run that isn't there any more, cancelled: %p", async (cancelled, code) => {
    const session = await serve(() => ({ cancelled }));
    expect((await failureOf(followPip(session, "a run", silent))).code).toBe(code);
  });
});

describe("starting", () => {
  test("what is asked for, and what it means when it isn't", async () => {
    const asked: Record<string, unknown>[] = [];
    const session = await serve(({ name, arguments: args }) => {
      if (name === "pip_start.py") asked.push(args);
      if (args["action"] === "read") return output("", "", 0);
      return { busy: null };
    });
    await runPip(session, list);
    await runPip(session, { ...list, env: { A: "ä" }, cwd: "" });
    const command = ["python", "-m", "pip", "list"];
    const guard = expect.stringContaining("def main(");
    const none = { purpose: null, before: null };
    const id = expect.any(String);
    const always = { id, command, isolated: true, guard, ...none };
    expect(asked).toEqual([
      { ...always, env: {}, cwd: null },
      { ...always, env: { A: "ä" }, cwd: "" },
    ]);
    expect(new Set(asked.map(({ id }) => id)).size).toBe(2);
  });

  test("where one runs already: its name, and nothing is done to it", async () => {
    const calls: unknown[] = [];
    const session = await serve(({ name }) => {
      calls.push(name);
      return { busy: there };
    });
    const failure = await failureOf(runPip(session, list));
    expect(failure.code).toBe("pip-busy");
    expect(failure.message).toContain("process 4711, since ");
    expect(rendered(failure.hint ?? "")).toContain("pkg pip --cancel");
    expect(calls).toEqual(["pip_start.py"]);
  });

  test("output that can't be taken ends it there, and the reason is the original one", async () => {
    const calls: unknown[] = [];
    const session = await serve(({ name, arguments: args }) => {
      calls.push(args["action"] ?? name);
      if (args["action"] === "read") return output("out", "", null);
      if (name === "pip_start.py") return { busy: null };
      return { run: null };
    });
    const full = new Error("no space left");
    const stdout = () => Promise.reject(full);
    await expect(runPip(session, { ...list, stdout })).rejects.toBe(full);
    expect(calls).toContain("cancel");
  });
});

describe("a run that is ended in the middle", () => {
  const row = (name: string, version: string) => ({
    ...{ name, version, location: "/site", source: "site", modified: 1, loaded: null },
  });
  const was = { wins: true, loaded_version: null, restart: false, source: "site" as const };
  const before = [{ name: "one", version: "1.0", location: "/site", modified: 1, ...was }];
  const interrupted = new Failure("interrupted", "interrupted", { kind: "interrupted" });
  const blender = (debris: string[], ...packages: unknown[]) =>
    serve(({ name, arguments: args }) => {
      if (args["action"] === "read") return output("out", "", null);
      if (name === "packages.py") return "folders" in args ? { debris } : { packages, rest: [] };
      return name === "pip_start.py" ? { busy: null } : { run: null };
    });
  const stdout = () => Promise.reject(interrupted);
  const install = { ...list, arguments: ["install", "one"], stdout, before };

  test("what it had changed, what is half done, and what to do", async () => {
    const debris = ["/site/two", "/site/two-3.0.dist-info", "/site/~wo-2.0.dist-info"];
    const session = await blender(debris, row("one", "2.0"), row("two", "3.0"));
    const failure = await failureOf(runPip(session, install));
    expect(failure).toMatchObject({ code: "interrupted", exitCode: 130 });
    expect(failure.message.split("\n")).toEqual([
      "interrupted, and pip in Blender as well; before that it had changed:",
      "  upgraded one from 1.0 to 2.0",
      ...debris.map((path) => `  half done: ${path}`),
    ]);
    expect(failure.hint).toBe("run the same command again with --force-reinstall");
    expect(failure.details).toMatchObject({ changed: { added: [], upgraded: [{}] }, debris });
  });

  test("nothing yet", async () => {
    const failure = await failureOf(runPip(await blender([], row("one", "1.0")), install));
    expect(failure.message).toBe(
      "interrupted, and pip in Blender as well; the packages there are as they were",
    );
    expect(failure.hint).toBe("run the same command again");
  });

  test("one that changes no packages", async () => {
    const purpose = { line: [], part: "plan" as const, requested: [], folder: null, stage: null };
    const failure = await failureOf(runPip(await blender([]), { ...install, purpose }));
    expect(failure.message).toEndWith("; nothing was changed there");
    expect(failure.hint).toBe("run the same command again");
  });
});

test.each([
  [{ returncode: null }, ", since 2026-11-21 08:00:00: "],
  [{ returncode: 1 }, ", began 2026-11-21 08:00:00, ended after 90.0 s with exit status 1: "],
])("when a run began doesn't depend on when one looks: %j", (change, when) => {
  expect(describePip({ ...there, ...change })).toContain(`process 4711${when}`);
});

test("a run that is part of a command is shown as that command", () => {
  const line = ["pkg", "install", "scipy>=1.11", "--target", "user-modules"];
  const requested = ["scipy"];
  const purpose = { line, part: "plan" as const, requested, folder: "/m", stage: null };
  expect(describePip({ ...there, purpose })).toEndWith(
    ": pkg install 'scipy>=1.11' --target user-modules (its first half: what pip would install)",
  );
  expect(rendered(commandOf(purpose))).toBe(
    "blender-remote-cli pkg install 'scipy>=1.11' --target user-modules",
  );
});

test("one that ended and was seen to its end isn't there any more, unless it's asked for", async () => {
  const ended = { ...there, returncode: 0, seen: true };
  const session = await serve(() => ({ run: ended }));
  expect(await currentPip(session)).toBeUndefined();
  expect(await currentPip(session, { seen: true })).toMatchObject({ pid: 4711 });
});

test("a run for people: a command line that can be read", async () => {
  const session = await serve(() => ({ run: there }));
  const run = await currentPip(session);
  if (run === undefined) throw new Error("no run");
  expect(describePip(run)).toMatch(
    /^process 4711, since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d: "\/a b\/python" -m pip install --index-url=https:\/\/\*{3}@host\/simple$/,
  );
});
