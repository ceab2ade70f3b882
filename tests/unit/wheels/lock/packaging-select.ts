// What packaging takes of locks, as the measure of what is taken here.

import { join } from "node:path";
import * as v from "valibot";
import pipWheel from "../../../../src/remote/bootstrap/pip_wheel/pip.whl" with { type: "file" };
import type { LockChoice } from "../../../../src/wheels/lock/lock.ts";
import type { WheelTarget } from "../../../../src/wheels/target.ts";
import { anyPython } from "../../../support/systems.ts";

const answerSchema = v.array(v.union([v.record(v.string(), v.string()), v.string()]));

export interface LockQuestion extends LockChoice {
  text: string;
  target: WheelTarget;
}

/** For each lock the files by package, or the error that packaging has. */
export async function askPackaging(questions: readonly LockQuestion[]) {
  const asked = questions.map(({ target: { markers, tags }, ...rest }) => {
    return { ...rest, markers, tags };
  });
  const script = join(import.meta.dir, "packaging_select.py");
  const child = Bun.spawn([await anyPython(), "-I", script, pipWheel], {
    stdin: new Blob([JSON.stringify(asked)]),
    stdout: "pipe",
    stderr: "inherit",
  });
  const text = await child.stdout.text();
  if ((await child.exited) !== 0) throw new Error("packaging couldn't be asked");
  return v.parse(answerSchema, JSON.parse(text));
}
