// Work on the user modules in a thread of Blender's: begun, followed, and told to stop.

import * as v from "valibot";
import { extended, Failure } from "../../failure.ts";
import type { JsonValue, Script } from "../../script.ts";
import { again, ours, type Text, text } from "../../text.ts";
import { checked } from "../checked.ts";
import { countSchema } from "../numbers.ts";
import { callBeside, runsBeside } from "../script/call.ts";
import { RemoteError } from "../script/failures.ts";
import type { Session } from "../wire/session.ts";

const stateSchema = v.object({
  over: v.boolean(),
  done: v.boolean(),
  moved: countSchema,
  total: countSchema,
  value: v.unknown(),
});
type JobState = v.InferOutput<typeof stateSchema>;

/** How long a call waits for a job's end, in seconds: less where it keeps Blender's main thread. */
const besideWait = 0.2;
const mainThreadWait = 0.02;

/** Between two looks at a job for which none of them waits long, in milliseconds. */
const pause = 50;

/** What a job does, and how it is told about. */
export interface ModuleWork {
  /** As `user_modules.py` names it. */
  work: string;
  arguments: JsonValue;
  /** What goes on: `removing packages`. */
  words: string;
  /** What is so after an interruption: where all was undone, and where it came too late. */
  undone?: string;
  done?: string;
}

type Ask = (session: Session, action: "begin" | "look" | "stop") => Promise<JobState>;

function askingOf(script: Script, { work, arguments: args }: ModuleWork): Ask {
  const job = crypto.randomUUID();
  return (session, action) => {
    const wait = runsBeside(session, script) ? besideWait : mainThreadWait;
    const more = action === "begin" ? { work, arguments: args } : {};
    return callBeside(session, script, { action, job, wait, ...more }, stateSchema);
  };
}

/**
 * Has Blender do something with the user modules beside its main thread, and follows that to its
 * end. When it can't be followed (Ctrl-C, time limit), it is told to stop, which undoes it.
 *
 * @param script `user_modules.py`.
 * @throws RemoteError for what went wrong there; Failure `interrupted`, `timeout` and as
 *   `Connection.request`, which tell what became of it.
 */
export async function followedJob<S extends v.GenericSchema>(
  session: Session,
  script: Script,
  schema: S,
  work: ModuleWork,
): Promise<v.InferOutput<S>> {
  const ask = askingOf(script, work);
  let state: JobState | undefined;
  const words = () => {
    const known = state !== undefined && state.total > 0;
    return known ? `${work.words}, ${state?.moved} of ${state?.total} files` : work.words;
  };
  const end = async () => {
    state = await ask(session, "begin");
    while (!state.over) {
      if (!runsBeside(session, script)) await Bun.sleep(pause);
      state = await ask(session, "look");
    }
    return checked(schema, state.value, script.name);
  };
  try {
    return await session.waits.during(words, end());
  } catch (error) {
    if (!(error instanceof Failure) || error instanceof RemoteError) throw error;
    const became = await session.reconnected((reached) =>
      reached.waits.during("ending what was begun", stopped(reached, script, ask)),
    );
    if (became instanceof RemoteError) throw became;
    throw cutOff(error, work, became);
  }
}

/** Tells a job to stop; gives what became of it, or why it is half done. */
async function stopped(
  session: Session,
  script: Script,
  ask: Ask,
): Promise<"done" | "undone" | RemoteError> {
  try {
    let state = await ask(session, "stop");
    while (!state.over && !state.done) {
      if (!runsBeside(session, script)) await Bun.sleep(pause);
      state = await ask(session, "look");
    }
    return state.done ? "done" : "undone";
  } catch (error) {
    if (!(error instanceof RemoteError)) throw error;
    return error.type === "HalfDoneError" ? error : "undone";
  }
}

/** The failure that ended the following of a job, with what became of that. */
function cutOff(failure: Failure, work: ModuleWork, became: "done" | "undone" | undefined) {
  const list = text`'${ours("pkg list")}' shows what is there`;
  const tell = (what: string, hint: Text) =>
    extended(failure, { message: `${failure.message}; ${what}`, hint });
  if (became === undefined) {
    return tell(`Blender doesn't say whether it went on ${work.words}`, list);
  }
  const what = work[became];
  if (what === undefined) return failure;
  return tell(what, became === "done" ? list : text`run '${again()}' again`);
}
