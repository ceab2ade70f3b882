// pip itself, the one that the executable carries, as the measure of what is said about wheels.

import { join } from "node:path";
import * as v from "valibot";
import pipWheel from "../../../src/remote/bootstrap/pip_wheel/pip.whl" with { type: "file" };
import { anyPython } from "../../support/systems.ts";

function glibcPlatforms(newest: number, machine: string): string[] {
  const legacy: Record<number, string> = {
    17: "manylinux2014",
    12: "manylinux2010",
    5: "manylinux1",
  };
  const minors = Array.from({ length: newest - 4 }, (_, index) => newest - index);
  const names = minors.flatMap((minor) => [
    `manylinux_2_${minor}_${machine}`,
    ...(legacy[minor] === undefined ? [] : [`${legacy[minor]}_${machine}`]),
  ]);
  return [...names, `linux_${machine}`];
}

const targets = {
  "glibc 2.28": {
    implementation: "cp",
    version: [3, 11],
    abis: null,
    platforms: glibcPlatforms(28, "x86_64"),
  },
  musl: {
    implementation: "cp",
    version: [3, 13],
    abis: null,
    platforms: ["musllinux_1_2_x86_64", "musllinux_1_1_x86_64", "linux_x86_64"],
  },
  windows: { implementation: "cp", version: [3, 11], abis: null, platforms: ["win_amd64"] },
  macos: { implementation: "cp", version: [3, 13], abis: null, platforms: ["macosx_12_0_arm64"] },
  "free-threaded": {
    implementation: "cp",
    version: [3, 13],
    abis: ["cp313t"],
    platforms: ["win_amd64"],
  },
  pypy: {
    implementation: "pp",
    version: [3, 10],
    abis: ["pypy310_pp73"],
    platforms: glibcPlatforms(28, "x86_64"),
  },
};

/** Pythons of several kinds, by names for the tests. */
export type TargetName = keyof typeof targets;

export interface Case {
  target: TargetName;
  /** PEP 440, empty for any version. */
  specifier: string;
  /** Names of wheels, all of the distribution `thing`. */
  files: string[];
}

const strings = v.array(v.string());

const answerSchema = v.object({
  tags: v.object({
    "glibc 2.28": strings,
    musl: strings,
    windows: strings,
    macos: strings,
    "free-threaded": strings,
    pypy: strings,
  }),
  choices: v.array(v.nullable(v.string())),
});

/** pip's tags for every target, best first, and for each case the wheel that pip chooses. */
export type PipAnswer = v.InferOutput<typeof answerSchema>;

/** Asks pip about all of these cases in one process. */
export async function askPip(cases: readonly Case[]): Promise<PipAnswer> {
  const script = join(import.meta.dir, "pip_choice.py");
  const child = Bun.spawn([await anyPython(), "-I", script, pipWheel], {
    stdin: new Blob([JSON.stringify({ targets, cases })]),
    stdout: "pipe",
    stderr: "inherit",
  });
  const text = await child.stdout.text();
  if ((await child.exited) !== 0) throw new Error("pip couldn't be asked");
  return v.parse(answerSchema, JSON.parse(text));
}
