import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { everyBlender } from "../support/every-blender.ts";
import { type Program, programs } from "../support/programs.ts";
import { ended, type ProgramEnd, pythonBeside, written } from "../support/python.ts";
import { executable, type Sandbox, sandbox, withoutWaits } from "../support/sandbox.ts";
import { startService } from "../support/servers.ts";

/** How long tests took differs from run to run; nothing else does. */
function timeless({ stdout, stderr, exit }: ProgramEnd): ProgramEnd {
  const without = (text: string) => text.replaceAll(/^(Ran \d+ tests? in )\d+\.\d+s$/gm, "$1…");
  return { stdout, stderr: without(stderr), exit };
}

const alike = programs.filter((one) => !one.otherWords && !one.otherwise);
const inOtherWords = programs.filter(({ otherWords }) => otherWords !== undefined);
const different = programs.filter(({ otherwise }) => otherwise !== undefined);

/** Whether the last line on stderr is that of an exception, and how any other one begins. */
function lastOf({ stderr }: ProgramEnd): string | undefined {
  const [, first] = /(?:^|\n)([^\n]*?)(?: [^\n]*)?\n$/.exec(stderr) ?? [];
  return first?.replace(/^\w+Error:$/, "an error");
}

describe.each(everyBlender)("Blender %s runs as its own Python does", (_, launcher) => {
  let box: Sandbox;
  let python: string[];
  beforeAll(async () => {
    box = await sandbox();
    await startService(box, launcher);
    python = await pythonBeside(box, launcher);
  });
  afterAll(() => box[Symbol.asyncDispose]());

  /** What comes of it in Python, and in Blender. */
  async function both(program: Program): Promise<[ProgramEnd, ProgramEnd]> {
    const folder = join(box.dir, "programs", String(programs.indexOf(program)));
    const path = await written(folder, program);
    const args = program.args ?? [];
    const rest = args.length === 0 ? [] : ["--", ...args];
    const [here, there] = await Promise.all([
      ended([...python, path, ...args], box, box.dir),
      ended([executable, "execute", path, ...rest], box, box.dir),
    ]);
    return [here, { ...there, stderr: withoutWaits(there.stderr) }];
  }

  test.each(alike.map((program) => ({ ...program, program })))("$name", async ({ program }) => {
    const [here, there] = await both(program);
    expect(timeless(there)).toEqual(timeless(here));
  });

  test.each(inOtherWords.map((program) => ({ ...program, program })))(
    "$name: in other words, since $otherWords",
    async ({ program }) => {
      const [here, there] = await both(program);
      expect({ ...there, stderr: lastOf(there) }).toEqual({ ...here, stderr: lastOf(here) });
    },
  );

  test.each(different.map((program) => ({ ...program, program })))(
    "$name: otherwise, since $otherwise.why",
    async ({ program }) => {
      const [here, there] = await both(program);
      const { stdout, stderr, exit } = program.otherwise ?? {};
      expect<unknown>(there).toEqual({ stdout, stderr, exit });
      expect(here).not.toEqual(there);
    },
  );
});
