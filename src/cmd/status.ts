// `status`: tells what listens at an address.

import { extended, type Failure } from "../failure.ts";
import { durationText } from "../remote/local-time.ts";
import type { PipRun } from "../remote/pip/current.ts";
import { describePip, unfinishedHint } from "../remote/pip/describe.ts";
import { type AddressState, diagnose, type NoService } from "../remote/service/diagnose.ts";
import type { Load } from "../remote/service/load.ts";
import { sinceText } from "../remote/service/running.ts";
import { isLoopback } from "../remote/wire/address.ts";
import type { Endpoint } from "../remote/wire/connection.ts";
import { addressOf } from "../remote/wire/failures.ts";
import { names, ours, type Text, text } from "../text.ts";
import type { Output } from "../ui/output.ts";
import { waiting } from "../ui/waiting.ts";
import { command } from "./_command.ts";
import { configurationOf, parseSeconds, type Target, targetOf } from "./_target.ts";

/** The pip run in Blender, or the one whose install is to be finished, for `--json`. */
function pipJson(run: PipRun | undefined) {
  if (run === undefined) return null;
  const { pid, command: line, began, seconds, returncode } = run;
  return { pid, command: line, line: run.purpose?.line ?? null, began, seconds, returncode };
}

/** What `--json` prints: always these keys, null where nothing is known. */
function jsonOf(address: string, found: AddressState, output: Output) {
  const base = { op: "status", state: found.state, address, ok: ok(found) };
  switch (found.state) {
    case "service": {
      const { server, load } = found;
      const pip = pipJson(found.pip);
      return { ...base, service: server.hello, load, pip, blender: null, error: null };
    }
    case "plain": {
      const { blender } = found;
      const pip = pipJson(found.pip);
      return { ...base, service: null, load: null, pip, blender, error: null };
    }
    default: {
      const { code, message } = found.failure;
      const hint = output.rendered(hintOf(found.failure) ?? "");
      const error = { code, message, hint };
      return { ...base, service: null, load: null, pip: null, blender: null, error };
    }
  }
}

function ok(found: AddressState): boolean {
  return found.state === "service" || found.state === "plain";
}

function mode(background: boolean): string {
  return background ? "background" : "with a window";
}

function pipLines(run: PipRun | undefined): string[] {
  if (run === undefined) return [];
  const state = run.returncode === null ? "runs" : "its install isn't finished";
  return [`pip:     ${state}; ${describePip(run)}`];
}

function describe(address: string, found: Extract<AddressState, { state: "service" | "plain" }>) {
  if (found.state === "plain") {
    const { blender_version: version, background, pid } = found.blender;
    return [
      `Blender ${version} (${mode(background)}, pid ${pid}) on ${address}`,
      "service: an older service or another add-on: it has execute_code, but doesn't know 'hello'",
      ...pipLines(found.pip),
    ];
  }
  const { hello } = found.server;
  const { load } = found;
  return [
    `Blender ${hello.blender_version} (${mode(hello.background)}, pid ${hello.pid}) on ${address}`,
    `service: ${hello.server} ${hello.service_version}, protocol ${hello.protocol}${hello.authentication === "none" ? ", asks for no token" : ""}`,
    `state:   ${doing(load)}; up ${durationText(load.uptime_seconds)}, ${load.requests} requests`,
    ...runningLines(load),
    ...pipLines(found.pip),
  ];
}

function doing({ busy, running, running_seconds: seconds, queued }: Load): string {
  if (!busy) return "idle";
  const name = running?.job_id == null ? "" : ` as ${running.job_id}`;
  const what = running === null ? "code" : `'${running.title}'${name}`;
  return `runs ${what} ${sinceText(running?.seconds ?? seconds ?? 0)}, ${queued} waiting`;
}

function runningLines({ running, stopping }: Load): string[] {
  const client = running?.client ?? "";
  return [
    ...(client === "" ? [] : [`client:  ${client}`]),
    ...(stopping === true
      ? ["ending:  Blender was told to end, and does so when that has ended"]
      : []),
  ];
}

function headline(state: NoService, failure: Failure): string {
  const kinds = {
    nothing: "no service",
    closed: "no service",
    other: "something else listens there",
    silent: "a silent service",
    "not-authorised": "not authorised",
  };
  // What was typed wrong says nothing of what is there.
  return failure.kind === "usage" ? failure.message : `${kinds[state]}: ${failure.message}`;
}

/** Hints in the place of those that would lead back to this very command. */
const otherHints: Partial<Record<string, Text>> = {
  silent:
    "a render, a modal dialog or a long script may hold Blender: --wait SECONDS keeps looking",
  timeout: "allow more with --timeout SECONDS",
  "connection-lost": "Blender may be ending, or another program uses that port",
  "answer-broken": "the network may be gone, or the server gave up sending",
  "not-a-service": "another program uses that port: give the right --port",
};

/** The hint of a failure, where it isn't to look with the command that just did. */
function hintOf({ code, hint }: Failure): Text | undefined {
  return hint !== undefined && names(hint, "status") ? otherHints[code] : hint;
}

/** Where no Blender was chosen yet, `start` would only send the user on to `init`. */
function unconfigured(failure: Failure): Failure {
  return extended(failure, {
    hint: text`${ours("init")}, then install and start (or give the right --host and --port)`,
  });
}

/** Looks until something answers that runs code, or the time to wait is over. */
async function lookUntilThere(
  { endpoint, deadlines }: Target,
  wait: number,
  signal: AbortSignal,
): Promise<AddressState> {
  const ends = performance.now() + wait * 1000;
  for (let pause = 50; ; pause = Math.min(pause * 2, 1000)) {
    const found = await diagnose(endpoint, deadlines, signal);
    const left = ends - performance.now();
    if (ok(found) || left <= 0) return found;
    await Bun.sleep(Math.min(pause, left));
  }
}

type Silent = Extract<AddressState, { state: "silent" }>;

/** What doesn't answer, with its process where that can be told. */
async function withItsProcess(found: Silent, endpoint: Endpoint): Promise<Silent> {
  const { withProcess } = await import("./_silent-blender.ts");
  const hint = hintOf(found.failure) ?? null;
  return { ...found, failure: await withProcess(extended(found.failure, { hint }), endpoint) };
}

/** What can be done about a run that goes on. */
function sayWays({ running }: Load, output: Output): void {
  if (running === null) return;
  const { job_id: name } = running;
  const cancel = ours("execute", "--cancel", ...(name === null ? [] : [name]));
  const follow =
    name === null ? "" : text`'${ours("execute", "--follow", name)}' shows its output, `;
  output.note(text`hint: ${follow}'${cancel}' interrupts it`);
}

async function show(address: string, found: AddressState, output: Output): Promise<void> {
  if (found.state !== "service" && found.state !== "plain") {
    if (output.json) return;
    output.error(headline(found.state, found.failure));
    const hint = hintOf(found.failure);
    if (hint !== undefined) await output.hint(hint);
    return;
  }
  if (!output.json) await output.write(`${describe(address, found).join("\n")}\n`);
  if (found.pip?.unfinished === true) await output.hint(unfinishedHint);
  if (found.state === "service") sayWays(found.load, output);
  if (found.state === "plain") {
    output.note(text`hint: '${ours("install")}' gives this Blender the current service`);
  }
}

export const status = command({
  description: "Tell what listens (our service, another one, nothing) and what it does",
  args: {
    wait: {
      type: "string",
      valueHint: "seconds",
      description: "Keep looking this long until a service answers",
    },
  },
  async options({ args }) {
    const { blender } = await configurationOf(args);
    const wait = args.wait === undefined ? 0 : parseSeconds(args.wait, "--wait");
    return { configured: blender !== undefined, wait, target: await targetOf(args) };
  },
  async run({ configured, wait, target }, { output, signal }) {
    const { host, route } = target.endpoint;
    const address = addressOf(target.endpoint);
    const looking = lookUntilThere(target, wait, signal);
    let found = await waiting(output, `looking at ${address}`, looking);
    if (found.state === "nothing" && !configured && isLoopback(host) && route === undefined) {
      found = { ...found, failure: unconfigured(found.failure) };
    }
    if (found.state === "silent") found = await withItsProcess(found, target.endpoint);
    if (output.json) await output.writeJson(jsonOf(address, found, output));
    await show(address, found, output);
    return found.state === "service" || found.state === "plain" ? 0 : found.failure.exitCode;
  },
});
