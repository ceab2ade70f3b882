// A server that answers wrongly: each command ends with a clear failure, and nothing else happens here.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { ownBlender } from "../support/blender.ts";
import { hostileServer, type Mutation, recorder } from "../support/hostile-server.ts";
import { processesOf } from "../support/killable.ts";
import { executable, type Sandbox, sandbox } from "../support/sandbox.ts";
import { startService } from "../support/servers.ts";
import { programOnTerminal } from "../support/terminal.ts";
import { writeWheel } from "../support/wheels.ts";

const seed = Number(process.env["HOSTILE_SEED"] ?? 20261127);
const rounds = Number(process.env["HOSTILE_ROUNDS"] ?? 8);

/** In an order in which all of them find something to do. */
function commands(there: string): string[][] {
  const wheelhouse = ["--remote-wheelhouse", join(there, "remote")];
  return [
    ["status"],
    ["pkg", "info", "--no-network-probe"],
    ["pkg", "push", join(there, "wheels"), ...wheelhouse, "--transport", "chunks"],
    ["pkg", "wheelhouse", ...wheelhouse],
    ["pkg", "install", "hostone", "--offline", ...wheelhouse],
    ["pkg", "install", "hosttwo", "--offline", ...wheelhouse, "--target", "user-modules"],
    ["pkg", "list"],
    ["pkg", "freeze"],
    ["pkg", "check"],
    ["pkg", "why", "hostone"],
    ["pkg", "pip", "--", "list"],
    ["pkg", "uninstall", "--yes", "hosttwo"],
    ["pkg", "clean"],
    ["pkg", "purge-cache", "--yes", ...wheelhouse],
    ["execute", "-c", "print('out'); import sys; print('err', file=sys.stderr); sys.exit(3)"],
    ["execute", "--detach", "-c", "print(1)"],
    ["execute", "--result", "bld-job-1"],
    ["execute", "--follow", "bld-job-1"],
    ["execute", "--cancel", "bld-job-1"],
    ["restart", "--detach"],
    ["stop", "--force"],
  ];
}

interface Recorded {
  args: string[];
  exchanges: ReturnType<ReturnType<typeof recorder>["take"]>;
}

/** A command line with flags before its `--`. */
function withFlags(args: readonly string[], ...flags: string[]): string[] {
  const dashes = args.indexOf("--");
  const at = dashes === -1 ? args.length : dashes;
  return [...args.slice(0, at), ...flags, ...args.slice(at)];
}

let box: Sandbox;
const recorded: Recorded[] = [];

beforeAll(async () => {
  box = await sandbox();
  for (const name of ["hostone", "hosttwo"]) await writeWheel(join(box.dir, "wheels"), { name });
  // Through the recorder no token is known.
  await startService(box, await ownBlender(box, { pip: true }), "--no-auth");
  using real = recorder(box.port);
  for (const args of commands(box.dir)) {
    const done = await box.cli(withFlags(args, "--port", `${real.port}`));
    const exchanges = real.take();
    if (exchanges.length < 2) throw new Error(`${args.join(" ")}: ${done.code}\n${done.stderr}`);
    recorded.push({ args, exchanges });
  }
}, 300_000);
afterAll(async () => {
  // `restart` has started one more.
  for (const pid of await processesOf(box)) box.owns(pid);
  await box[Symbol.asyncDispose]();
});

/**
 * All files of the sandbox, but what a command of ours keeps for itself, and what Blender's Python
 * keeps of its modules: the Blender that `restart` has left still imports some.
 */
async function everyFile(): Promise<string[]> {
  const all = await readdir(box.dir, { recursive: true });
  const kept = /^home\/\.(cache|config|local)(\/|$)|^blender-5\.0\/.*\/__pycache__(\/|$)/;
  return all.filter((path) => !kept.test(path)).sort();
}

const documented = new Set([0, 1, 2, 3, 4, 5, 124, 130]);
const ourDefect = /this is a defect|unexpected error|\b(?:Type|Range|Syntax|Vali)Error\b/;

/** What a run of a command must not be, whatever a server says; empty where all is well. */
function faultsOf(args: readonly string[], code: number, stdout: string, stderr: string): string[] {
  const json = args.includes("--json");
  const faults: string[] = [];
  // A program's exit status is its own.
  if (!documented.has(code) && args[0] !== "execute" && args[1] !== "pip")
    faults.push(`exit ${code}`);
  if (ourDefect.test(stderr) || (args[0] !== "execute" && ourDefect.test(stdout)))
    faults.push("a defect");
  if (json) {
    try {
      const { error } = JSON.parse(stdout);
      // `status` has one of null where a service is there.
      if (error != null && typeof error.message !== "string") faults.push("no message");
      if (error?.code === "bad-answer" && (code !== 4 || typeof error.hint !== "string"))
        faults.push("no hint");
    } catch {
      if (stdout !== "" || code === 0) faults.push("no JSON");
    }
  } else if (
    code !== 0 &&
    code < 124 &&
    args[0] !== "execute" &&
    args[1] !== "pip" &&
    !/^(?:error|warning): /m.test(stderr)
  ) {
    if (args[1] !== "check") faults.push("no error");
  }
  return faults;
}

/** One command against one server; what was wrong with how it ended. */
async function tried({ args, exchanges }: Recorded, number: number): Promise<string[]> {
  using server = hostileServer(exchanges, number);
  const words = withFlags(
    args,
    "--port",
    `${server.port}`,
    "--timeout",
    "8",
    ...(number % 2 === 0 ? ["--json"] : []),
  );
  const child = Bun.spawn([executable, ...words], {
    cwd: box.dir,
    env: box.env,
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 60_000,
  });
  const [stdout, stderr, code] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ]);
  const faults = faultsOf(words, code, stdout, stderr);
  if (child.signalCode !== null)
    faults.push(`ended by ${child.signalCode}: it had not ended after a minute`);
  const megabytes = (child.resourceUsage()?.maxRSS ?? 0) / 1e6;
  if (megabytes > 1500) faults.push(`${megabytes} MB`);
  return faults.map((fault) =>
    told(
      words,
      server.mutation,
      number,
      `${fault}: exit ${code}\n${stdout.slice(0, 500)}\n${stderr.slice(0, 1500)}`,
    ),
  );
}

function told(
  words: string[],
  { about, place, to }: Mutation,
  number: number,
  fault: string,
): string {
  return `seed ${number}, ${words.slice(0, 2).join(" ")}; '${about}' at ${place} is ${to}: ${fault}`;
}

describe("an answer that is wrong in one place", () => {
  test("is named, with a hint; nothing is written here, and nothing runs on", async () => {
    const before = await everyFile();
    const faults: string[] = [];
    for (let round = 0; round < rounds; round++) {
      for (const [index, one] of recorded.entries()) {
        faults.push(...(await tried(one, seed + round * recorded.length + index)));
      }
    }
    expect(faults.join("\n\n")).toBe("");
    expect(await everyFile()).toEqual(before);
  }, 1_800_000);
});

describe("texts of a server that would do something", () => {
  test("do nothing on a terminal, and become no paths here", async () => {
    const before = await everyFile();
    const faults: string[] = [];
    for (const [index, { args, exchanges }] of recorded.entries()) {
      for (let kind = 0; kind < 4; kind++) {
        using server = hostileServer(exchanges, seed + index * 4 + kind, true);
        const words = withFlags(args, "--port", `${server.port}`, "--timeout", "8");
        const terminal = programOnTerminal([executable, ...words], {
          cwd: box.dir,
          env: { ...box.env, TERM: "xterm", NO_COLOR: "1" },
          cols: 100,
        });
        await terminal.exited;
        // Our own: the line that comes and goes, and the bars.
        const own = new RegExp(`${"\x1b"}\\[(?:[0-2]?[JK]|1G|\\?25[lh])`, "g");
        const shown = terminal.shown().replaceAll(own, "");
        const acting = ["\x1b", "\x07", "\x7f", "\x9b", "\x9d", "\u202e", "\u2066"].filter((one) =>
          shown.includes(one),
        );
        const posing = /^(?:hint: curl|error: posing)/m.test(shown.replaceAll("\r", ""));
        if (acting.length > 0 || posing || ourDefect.test(shown))
          faults.push(told(words, server.mutation, kind, JSON.stringify(shown.slice(0, 3000))));
      }
    }
    expect(faults.join("\n\n")).toBe("");
    expect(await everyFile()).toEqual(before);
  }, 1_800_000);
});

/** A service of our making with the real answers, but for some. */
function servedWith(change: (about: string, value: unknown) => unknown, command: string) {
  const found = recorded.find(({ args }) => args[0] === command);
  if (found === undefined) throw new Error(`${command} wasn't recorded`);
  const exchanges = found.exchanges.map((one) => ({
    ...one,
    value: change(one.about, one.value) as typeof one.value,
  }));
  return hostileServer(exchanges, undefined);
}

test("a process that the server names is never ended", async () => {
  const editor = Bun.spawn(["sleep", "600"]);
  using server = servedWith((about, value) => {
    if (about !== "hello") return value;
    const answer = value as { result: object };
    return { ...answer, result: { ...answer.result, pid: editor.pid } };
  }, "stop");
  const args = ["stop", "--force", "--port", `${server.port}`, "--timeout", "9"];
  const { code, stderr } = await box.cli(args);
  expect(stderr).not.toContain("was killed");
  expect(stderr).not.toContain("kill -9");
  expect(code).toBe(124);
  expect(editor.exitCode).toBeNull();
  editor.kill();
  await editor.exited;
}, 60_000);
