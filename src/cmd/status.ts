// `status`: tells what listens at an address.

import { extended, type Failure } from "../failure.ts";
import type { PipRun } from "../remote/pip/current.ts";
import { describePip, unfinishedHint } from "../remote/pip/describe.ts";
import { type AddressState, diagnose } from "../remote/service/diagnose.ts";
import { isLoopback } from "../remote/wire/address.ts";
import { names, ours, text } from "../text.ts";
import type { Output } from "../ui/output.ts";
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
      const hint = output.rendered(found.failure.hint ?? "");
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
  const doing = load.busy
    ? `running code for ${(load.running_seconds ?? 0).toFixed(1)} s, ${load.queued} waiting`
    : "idle";
  return [
    `Blender ${hello.blender_version} (${mode(hello.background)}, pid ${hello.pid}) on ${address}`,
    `service: ${hello.server} ${hello.service_version}, protocol ${hello.protocol}`,
    `state:   ${doing}; up ${Math.round(load.uptime_seconds)} s, ${load.requests} requests`,
    ...pipLines(found.pip),
  ];
}

function headline(state: "silent" | "other" | "nothing", failure: Failure): string {
  const kinds = {
    nothing: "no service",
    other: "something else listens there",
    silent: "a silent service",
  };
  return `${kinds[state]}: ${failure.message}`;
}

/** Where no Blender was chosen yet, `start` would only send the user on to `init`. */
function unconfigured(failure: Failure): Failure {
  return extended(failure, {
    hint: text`${ours("init")}, then install and start (or give the right --host and --port)`,
  });
}

/** What helps where the usual hint is to look with `status`, and that has looked. */
const wayOn = {
  nothing: text`${ours("start", "--background", "--detach")} (or give the right --host and --port)`,
  other: "another program may use that port, or Blender has just ended: give the right --port",
  silent: text`a render, a modal dialog or a long script may hold Blender's main thread: wait for its end, or end Blender: ${ours("stop", "--force")}`,
};

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

async function show(address: string, found: AddressState, output: Output): Promise<void> {
  if (found.state !== "service" && found.state !== "plain") {
    if (output.json) return;
    output.error(headline(found.state, found.failure));
    if (found.failure.hint !== undefined) await output.hint(found.failure.hint);
    return;
  }
  if (!output.json) await output.write(`${describe(address, found).join("\n")}\n`);
  if (found.pip?.unfinished === true) await output.hint(unfinishedHint);
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
    const { host, port } = target.endpoint;
    let found = await lookUntilThere(target, wait, signal);
    if (found.state === "nothing" && !configured && isLoopback(host)) {
      found = { ...found, failure: unconfigured(found.failure) };
    }
    if ("failure" in found && names(found.failure.hint ?? "", "status")) {
      found = { ...found, failure: extended(found.failure, { hint: wayOn[found.state] }) };
    }
    const address = `${host}:${port}`;
    if (output.json) await output.writeJson(jsonOf(address, found, output));
    await show(address, found, output);
    return found.state === "service" || found.state === "plain" ? 0 : found.failure.exitCode;
  },
});
