import type { Failure } from "../failure.ts";
import { type Diagnosis, diagnose } from "../remote/service.ts";
import type { Output } from "../ui/output.ts";
import { command } from "./command.ts";
import { parseSeconds, targetOf } from "./target.ts";

/** What `--json` prints: always these keys, null where nothing is known. */
function jsonOf(address: string, found: Diagnosis, output: Output) {
  const base = { op: "status", state: found.state, address, ok: ok(found) };
  switch (found.state) {
    case "service": {
      const { server, load } = found;
      return { ...base, service: server.hello, load, blender: null, error: null };
    }
    case "plain":
      return { ...base, service: null, load: null, blender: found.blender, error: null };
    default: {
      const { code, message } = found.failure;
      const hint = output.aimed(found.failure.hint ?? "");
      return { ...base, service: null, load: null, blender: null, error: { code, message, hint } };
    }
  }
}

function ok(found: Diagnosis): boolean {
  return found.state === "service" || found.state === "plain";
}

function mode(background: boolean): string {
  return background ? "background" : "with a window";
}

function describe(address: string, found: Extract<Diagnosis, { state: "service" | "plain" }>) {
  if (found.state === "plain") {
    const { blender_version: version, background, pid } = found.blender;
    return [
      `Blender ${version} (${mode(background)}, pid ${pid}) on ${address}`,
      "service: an older service or another add-on: it has execute_code, but doesn't know 'hello'",
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

export const status = command({
  description:
    "Tell what listens: our service, an older one, a silent one, something else, nothing",
  args: {
    wait: {
      type: "string",
      valueHint: "seconds",
      description: "Keep looking this long until a service answers",
    },
  },
  async run({ args, output, signal }) {
    const wait = args.wait === undefined ? 0 : parseSeconds(args.wait, "--wait");
    const { endpoint, deadlines } = await targetOf(args);
    const address = `${endpoint.host}:${endpoint.port}`;
    const ends = performance.now() + wait * 1000;
    let found = await diagnose(endpoint, deadlines, signal);
    for (
      let pause = 50;
      !ok(found) && performance.now() < ends;
      pause = Math.min(pause * 2, 1000)
    ) {
      await Bun.sleep(Math.min(pause, Math.max(0, ends - performance.now())));
      found = await diagnose(endpoint, deadlines, signal);
    }
    if (output.json) await output.writeJson(jsonOf(address, found, output));
    if (found.state === "service" || found.state === "plain") {
      if (!output.json) await output.write(`${describe(address, found).join("\n")}\n`);
      if (found.state === "plain") {
        output.note("hint: 'blender-remote-cli install' gives this Blender the current service");
      }
      return 0;
    }
    if (!output.json) {
      output.error(headline(found.state, found.failure));
      if (found.failure.hint !== undefined) await output.hint(found.failure.hint);
    }
    return found.failure.exitCode;
  },
});
