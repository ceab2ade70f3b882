// How pip is given what is to be installed: on its command line, and in files of the run's own.

import type { NamedRequirement } from "../../wheels/requirement.ts";
import type { PlannedPackage } from "../packages/pip-report.ts";
import type { PipArgument } from "../pip/run.ts";
import type { PreparedInstall } from "./prepare.ts";

/** What pip is given, and the files that go with the run. */
export interface PipInput {
  arguments: PipArgument[];
  files: Record<string, string>;
}

/** Windows takes command lines of 32,767 characters; requirements get no more than these. */
const longestSpecs = 16_000;

type Line = Pick<NamedRequirement, "text" | "hashes">;

/** pip's documentation, "Requirements File Format". */
function fileOf(lines: readonly Line[]): string {
  return lines
    .map(({ text, hashes }) => [text, ...hashes.map((hash) => `--hash=${hash}`)].join(" "))
    .map((line) => `${line}\n`)
    .join("");
}

/** Hashes can only stand in a file; of what has none, very many too. */
function inputOf(requirements: readonly Line[], constraints: readonly Line[]): PipInput {
  const bare = requirements.filter(({ hashes }) => hashes.length === 0);
  const isLong = bare.map(({ text }) => text).join(" ").length > longestSpecs;
  const typed = isLong ? [] : bare;
  const filed = requirements.filter((one) => !typed.includes(one));
  const input: PipInput = { arguments: typed.map(({ text }) => text), files: {} };
  const add = (flag: string, file: string, lines: readonly Line[]) => {
    if (lines.length === 0) return;
    input.arguments.push(flag, { file });
    input.files[file] = fileOf(lines);
  };
  add("--requirement", "requirements.txt", filed);
  add("--constraint", "constraints.txt", constraints);
  return input;
}

/** What is read of an install here. */
type AskedInstall = Pick<PreparedInstall, "asked"> & {
  request: Pick<PreparedInstall["request"], "constraints">;
};

/** All that was asked for: what a marker leaves out there is pip's to tell. */
export function askedInput({ asked, request }: AskedInstall): PipInput {
  return inputOf(asked, request.constraints);
}

/** Just these packages, each with the hashes that were asked for it. */
export function plannedInput(
  { asked, request }: AskedInstall,
  planned: readonly PlannedPackage[],
): PipInput {
  const lines = planned.map(({ name, version }): Line => {
    const own = [...asked, ...request.constraints].filter((one) => one.name === name);
    const hashes = [...new Set(own.flatMap((one) => one.hashes))];
    return { text: `${name}==${version}`, hashes };
  });
  return inputOf(lines, []);
}
