// `pkg bootstrap`: puts pip into Blender's Python.

import { Failure } from "../../failure.ts";
import { checkGetPip, getPipFrom, officialGetPip } from "../../local/pip/get-pip.ts";
import {
  type Bootstrap,
  type BootstrapOptions,
  bootstrap as bootstrapPip,
  methods,
  type PipState,
} from "../../remote/bootstrap/bootstrap.ts";
import { ours, type Text, text } from "../../text.ts";
import type { Output } from "../../ui/output.ts";
import { command } from "../_command.ts";
import { targetOf, withSession } from "../_target.ts";

/** Names get-pip.py where no flag does: a file, or an https address. */
const variable = "BLENDER_REMOTE_GET_PIP";

const wantedMethods = ["auto", ...methods] as const;
type WantedMethod = (typeof wantedMethods)[number];

/** What names get-pip.py, checked as far as it can be before anything is done. */
async function sourceOf(flag: string | undefined, method: WantedMethod): Promise<string> {
  if (flag !== undefined && method !== "auto" && method !== "get-pip") {
    throw new Failure("two-methods", `--get-pip ${flag} and --method ${method} contradict`, {
      kind: "usage",
      hint: "leave one of them out",
    });
  }
  const source = flag ?? (process.env[variable] || officialGetPip);
  if (method === "auto" || method === "get-pip") await checkGetPip(source);
  return source;
}

function errorOf({ steps }: Bootstrap): string {
  const tried = steps.map(({ method, outcome, detail }) => `${method} ${outcome}: ${detail}`);
  return `pip couldn't be installed (${tried.join("; ")})`;
}

function jsonOf(pip: PipState) {
  return pip.works
    ? { version: pip.version, location: pip.location, error: null }
    : { version: null, location: null, error: pip.error };
}

async function render(result: Bootstrap, output: Output): Promise<void> {
  const { python, found, steps, pip, succeeded } = result;
  if (output.json) {
    await output.writeJson({
      op: "bootstrap",
      python,
      found: jsonOf(found),
      steps,
      pip: jsonOf(pip),
      changed: steps.some(({ outcome }) => outcome === "done"),
      errors: succeeded ? [] : [errorOf(result)],
    });
    return;
  }
  if (pip.works && succeeded) {
    if (steps.length === 0) output.note("nothing to do: pip works in Blender's Python");
    await output.result(`pip ${pip.version} in ${pip.location}`);
    return;
  }
  // Without --quiet each way has been reported already.
  output.error(output.quiet ? errorOf(result) : "pip couldn't be installed into Blender's Python");
  await output.hint(hintOf(steps));
}

function hintOf(steps: Bootstrap["steps"]): Text {
  const all = steps.some(({ method }) => method === "bundled");
  const way = all
    ? "--verbose shows all that was written"
    : text`${ours("pkg bootstrap")}, without --method, tries every way`;
  const undelivered = steps.some(({ detail }) => detail.startsWith("get-pip.py couldn't be got"));
  if (!undelivered) return way;
  return text`${way}; or get get-pip.py elsewhere and give the file: --get-pip FILE`;
}

/** What bootstrapping tells while it goes on. */
function observerFor(output: Output): BootstrapOptions["observer"] {
  return {
    broken: (error) => output.note(`pip is installed, but doesn't run: ${error}`),
    step: (step) => output.note(`${step.method} ${step.outcome}: ${step.detail}`),
    note: (message) => output.note(message),
    output: async (bytes) => {
      if (output.verbose) await output.writeProgram("stderr", bytes);
    },
  };
}

export const bootstrap = command({
  description: "Put pip into Blender's Python where it is missing, broken or (--upgrade) old",
  args: {
    method: {
      type: "enum",
      options: wantedMethods,
      valueHint: "method",
      default: "auto",
      description:
        "ensurepip (Python's own), bundled (the wheel in this executable), get-pip, or auto: one after the other",
    },
    "get-pip": {
      type: "string",
      valueHint: "file",
      description: `pip's script get-pip.py, or its https address (${variable}): the last resort`,
    },
    upgrade: {
      type: "boolean",
      alias: "U",
      description: "Also replace a pip that works and is older than the one in this executable",
    },
    "break-system-packages": {
      type: "boolean",
      description: "Also into a Python that the system manages (PEP 668)",
    },
  },
  async options({ args }) {
    const { method, upgrade, "break-system-packages": breakSystemPackages } = args;
    const getPip = await sourceOf(args["get-pip"], method);
    return { method, getPip, upgrade, breakSystemPackages, target: await targetOf(args) };
  },
  async run({ target, getPip: source, ...options }, context) {
    await using downloads = new AsyncDisposableStack();
    const getPip = async () => downloads.use(await getPipFrom(source, context.signal));
    const observer = observerFor(context.output);
    const result = await withSession(target, context, (session) =>
      bootstrapPip(session, { ...options, getPip, observer }),
    );
    await render(result, context.output);
    return result.succeeded ? 0 : 1;
  },
});
