// Asks a running Blender what its Python is and what it lets a package manager do.

import * as v from "valibot";
import { Failure } from "../../failure.ts";
import { pythonFolders } from "../../packages/scripts.ts";
import type { Script } from "../../script.ts";
import { pidSchema } from "../numbers.ts";
import { pipSettings } from "../pip/script.ts";
import { callBeside, callScript } from "../script/call.ts";
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
import keptFindingsSource from "./kept_findings.py" with { type: "text" };
import pipAnswersSource from "./pip_answers.py" with { type: "text" };
import pipFactsSource from "./pip_facts.py" with { type: "text" };
import probeSource from "./probe.py" with { type: "text" };
import probeJobsSource from "./probe_jobs.py" with { type: "text" };
import runningFactsSource from "./running_facts.py" with { type: "text" };
import siteFactsSource from "./site_facts.py" with { type: "text" };
import tagsProbeSource from "./tags_probe.py" with { type: "text" };
import wheelTagsSource from "./wheel_tags.py" with { type: "text" };

/** Also started by itself, in the interpreter: its text is an argument of the probe. */
const interpreter: Script = { name: "interpreter.py", source: interpreterSource };

/** Started in the interpreter, too. */
const pipAnswers: Script = { name: "pip_answers.py", source: pipAnswersSource };

const keptFindings: Script = { name: "kept_findings.py", source: keptFindingsSource };

const interpreterSearch: Script = {
  name: "interpreter_search.py",
  source: interpreterSearchSource,
  modules: [interpreter, keptFindings, masking, pythonFolders],
};

const wheelTags: Script = {
  name: "wheel_tags.py",
  source: wheelTagsSource,
  modules: [interpreter, keptFindings, pythonFolders],
};

const pipFacts: Script = {
  name: "pip_facts.py",
  source: pipFactsSource,
  modules: [interpreter, interpreterSearch, masking, pipAnswers, pipSettings, wheelTags],
};

const probeJobs: Script = {
  name: "probe_jobs.py",
  source: probeJobsSource,
  modules: [interpreter, interpreterSearch, pipFacts],
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
  modules: [probeJobs, runningFacts, siteFacts],
};

const tagsScript: Script = {
  name: "tags_probe.py",
  source: tagsProbeSource,
  modules: [probeJobs],
};

/** A wheel tag (PEP 425); `pkg info` puts them into a command line. */
const tagSchema = v.pipe(v.string(), v.regex(/^\w+-\w+-\w+$/));

const findingsSchema = v.strictObject({
  executable: v.nullable(v.string()),
  executable_error: v.nullable(v.string()),
  pip: v.nullable(pipFindingsSchema),
  wheels: v.nullable(
    v.strictObject({
      tags: v.nullable(v.array(tagSchema)),
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

const startedJobSchema = v.object({ job: v.string(), ...jobSchema.entries });

const startedSchema = v.object({
  ...startedJobSchema.entries,
  facts: v.strictObject({
    blender: blenderSchema,
    python: v.strictObject(runningPythonEntries),
    site: siteFactsSchema,
    online_access: v.nullable(v.boolean()),
    pid: pidSchema,
  }),
});

/** What Blender itself can say at once. */
export type ProbeFacts = v.InferOutput<typeof startedSchema>["facts"];
/** What other processes had to be asked for; null for what was not asked. */
export type ProbeFindings = v.InferOutput<typeof findingsSchema>;

/** How long a first call waits for an interpreter that must be started, in seconds. */
const waitSeconds = 0.1;

/** Time between two looks at the probe's thread, in milliseconds. */
const pollInterval = 25;

/** What to look at. */
interface ProbeOptions {
  /** What to ask the interpreter for, besides finding it; `pip` is also its settings and its index. */
  parts: readonly ("pip" | "wheels")[];
  /** Whether to ask the package index, where Blender allows online access. */
  networkProbe?: boolean;
}

/** What is known at once, and what comes later. */
interface Probe {
  facts: ProbeFacts;
  /**
   * Waits for the rest; other calls may be made before.
   *
   * @throws Failure as `callScript`; `probe-failed`.
   */
  findings(): Promise<ProbeFindings>;
}

/** What is under way, for `WaitObserver.during`. */
export function askingWords(networkProbe: boolean): string {
  return `asking Blender's Python${networkProbe ? " and the package index" : ""}`;
}

/**
 * Begins to look at a running Blender's Python. No call in it keeps Blender's main thread for longer
 * than a fraction of a second.
 *
 * @throws Failure as `callScript`.
 */
export async function probe(
  session: Session,
  { parts, networkProbe = false }: ProbeOptions,
): Promise<Probe> {
  const { waits } = session;
  const what = askingWords(networkProbe);
  // pip takes longer than a call should keep Blender's main thread.
  const pip = parts.includes("pip");
  const args = { ...beginning(pip, pip ? 0 : waitSeconds), parts, network_probe: networkProbe };
  const started = await waits.during(what, callScript(session, probeScript, args, startedSchema));
  const ask = (job: string) => callScript(session, probeScript, { job }, jobSchema);
  return {
    facts: started.facts,
    findings: () => waits.during(what, findingsOf(started, ask)),
  };
}

/**
 * Asks only which wheels Blender's Python takes: where the server can, beside Blender's main thread.
 *
 * @throws Failure as `callBeside`; `probe-failed`.
 */
export function probeTags(session: Session): Promise<ProbeFindings> {
  const asked = callBeside(session, tagsScript, beginning(false, waitSeconds), startedJobSchema);
  const ask = (job: string) => callBeside(session, tagsScript, { job }, jobSchema);
  const findings = asked.then((started) => findingsOf(started, ask));
  return session.waits.during("asking Blender's Python which wheels fit", findings);
}

/** The arguments of a probe's beginning; `pip`: the interpreter will be asked about its pip. */
function beginning(pip: boolean, wait: number) {
  const programs = { interpreter: interpreter.source, pip: pip ? pipAnswers.source : null };
  return { programs, wait };
}

type ProbeState = v.InferOutput<typeof jobSchema>;

/** Waits for a job's end. */
async function findingsOf(
  started: v.InferOutput<typeof startedJobSchema>,
  ask: (job: string) => Promise<ProbeState>,
): Promise<ProbeFindings> {
  let state: ProbeState = started;
  while (!state.done) {
    await Bun.sleep(pollInterval);
    state = await ask(started.job);
  }
  if (state.findings !== null) return state.findings;
  throw new Failure("probe-failed", "Blender's Python couldn't be looked at", {
    hint: "this is a defect of blender-remote-cli: run the command again with --verbose and report it",
    cause: new Error(state.error ?? "no findings"),
  });
}
