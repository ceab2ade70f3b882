// Asks a running Blender what its Python is and what it lets a package manager do.

import * as v from "valibot";
import { Failure } from "../../failure.ts";
import type { Script } from "../../script.ts";
import { pythonFolders } from "../packages/script.ts";
import { pipSettings } from "../pip/script.ts";
import { callScript } from "../script/call.ts";
import { masking } from "../script/modules.ts";
import type { Session } from "../wire/session.ts";
import {
  blenderSchema,
  networkFindingsSchema,
  pipFindingsSchema,
  pythonSchema,
  runningPythonEntries,
  siteFactsSchema,
} from "./environment-schema.ts";
import interpreterSource from "./interpreter.py" with { type: "text" };
import interpreterSearchSource from "./interpreter_search.py" with { type: "text" };
import pipFactsSource from "./pip_facts.py" with { type: "text" };
import probeSource from "./probe.py" with { type: "text" };
import runningFactsSource from "./running_facts.py" with { type: "text" };
import siteFactsSource from "./site_facts.py" with { type: "text" };

/** Also started by itself, in the interpreter: its text is an argument of the probe. */
const interpreter: Script = { name: "interpreter.py", source: interpreterSource };

const interpreterSearch: Script = {
  name: "interpreter_search.py",
  source: interpreterSearchSource,
  modules: [interpreter, masking, pythonFolders],
};

const pipFacts: Script = {
  name: "pip_facts.py",
  source: pipFactsSource,
  modules: [interpreterSearch, masking, pipSettings],
};

const runningFacts: Script = { name: "running_facts.py", source: runningFactsSource };

const siteFacts: Script = {
  name: "site_facts.py",
  source: siteFactsSource,
  modules: [pythonFolders],
};

const probeScript: Script = {
  name: "probe.py",
  source: probeSource,
  modules: [interpreter, interpreterSearch, pipFacts, runningFacts, siteFacts],
};

const strings = v.array(v.string());

const findingsSchema = v.strictObject({
  executable: v.nullable(v.string()),
  executable_error: v.nullable(v.string()),
  pip: v.nullable(pipFindingsSchema),
  wheels: v.nullable(
    v.strictObject({
      tags: v.nullable(strings),
      source: pythonSchema.entries.tags_source,
      error: v.nullable(v.string()),
      ensurepip: v.boolean(),
    }),
  ),
  network: v.nullable(networkFindingsSchema),
});

const jobSchema = v.object({
  done: v.boolean(),
  findings: v.nullable(findingsSchema),
  error: v.nullable(v.string()),
});

const startedSchema = v.object({
  facts: v.strictObject({
    blender: blenderSchema,
    python: v.strictObject(runningPythonEntries),
    site: siteFactsSchema,
    online_access: v.nullable(v.boolean()),
    pid: v.number(),
  }),
  job: v.string(),
  ...jobSchema.entries,
});

/** What Blender itself can say at once. */
export type ProbeFacts = v.InferOutput<typeof startedSchema>["facts"];
/** What other processes had to be asked for; null for what was not asked. */
export type ProbeFindings = v.InferOutput<typeof findingsSchema>;

/** How long the first call may keep Blender's main thread for what needs other processes. */
const waitSeconds = 0.1;

/** Time between two looks at the probe's thread, in milliseconds. */
const pollInterval = 60;

/** What to look at. */
interface ProbeOptions {
  /** What to ask the interpreter for, besides finding it. */
  parts: readonly ("pip" | "wheels" | "network")[];
  /** Whether to ask the package index, where Blender allows online access. */
  networkProbe?: boolean;
  /** The interpreter, where it is known to be Blender's; else it is looked for. */
  executable?: string;
}

/**
 * Looks at a running Blender's Python. No call in it keeps Blender's main thread for longer than a
 * fraction of a second.
 *
 * @throws Failure as `callScript`; `probe-failed`.
 */
export function probe(
  session: Session,
  options: ProbeOptions,
): Promise<{ facts: ProbeFacts; findings: ProbeFindings }> {
  const index = options.networkProbe === true ? " and the package index" : "";
  return session.waits.during(`asking Blender's Python${index}`, probed(session, options));
}

async function probed(
  session: Session,
  { parts, networkProbe = false, executable }: ProbeOptions,
): Promise<{ facts: ProbeFacts; findings: ProbeFindings }> {
  const started = await callScript(
    session,
    probeScript,
    {
      interpreter: interpreter.source,
      parts,
      network_probe: networkProbe,
      executable: executable ?? null,
      wait: waitSeconds,
    },
    startedSchema,
  );
  let state: v.InferOutput<typeof jobSchema> = started;
  while (!state.done) {
    await Bun.sleep(pollInterval);
    state = await callScript(session, probeScript, { job: started.job }, jobSchema);
  }
  if (state.findings === null) {
    throw new Failure("probe-failed", "Blender's Python couldn't be looked at", {
      hint: "this is a defect of blender-remote-cli: run the command again with --verbose and report it",
      cause: new Error(state.error ?? "no findings"),
    });
  }
  return { facts: started.facts, findings: state.findings };
}
