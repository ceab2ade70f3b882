// How pip is given what is to be installed: on its command line, and in files of the run's own.

import type { NamedRequirement } from "../../wheels/requirement.ts";
import type { PlannedPackage } from "../packages/pip-report.ts";
import type { LinePlaces } from "../pip/own-lines.ts";
import type { PipArgument } from "../pip/run.ts";
import type { PreparedInstall } from "./prepare.ts";

/** What pip is given, and the files that go with the run. */
export interface PipInput {
  arguments: PipArgument[];
  files: Record<string, string>;
  places: LinePlaces;
}

/** Windows takes command lines of 32,767 characters; requirements get no more than these. */
const longestSpecs = 16_000;

type Line = Pick<NamedRequirement, "text" | "hashes" | "where">;

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
  const filed = isLong ? requirements : requirements.filter(({ hashes }) => hashes.length > 0);
  const own = (
    [
      ["--requirement", "requirements.txt", filed],
      ["--constraint", "constraints.txt", constraints],
    ] as const
  ).filter(([, , lines]) => lines.length > 0);
  return {
    arguments: [
      ...typed.map(({ text }) => text),
      ...own.flatMap(([flag, file]): PipArgument[] => [flag, { file }]),
    ],
    files: Object.fromEntries(own.map(([, file, lines]) => [file, fileOf(lines)])),
    places: Object.fromEntries(
      own.map(([, file, lines]) => [file, lines.map(({ where }) => where)]),
    ),
  };
}

/** What is read of an install here. */
type AskedInstall = Pick<PreparedInstall, "asked" | "sent"> & {
  request: Pick<PreparedInstall["request"], "constraints">;
};

/** The file that was sent for exactly this version: an index may have another one of that name. */
function fileFor({ sent }: AskedInstall, name: string, specifier: string): string | undefined {
  return sent.find((one) => one.name === name && specifier === `==${one.version}`)?.path;
}

/** All that was asked for: what a marker leaves out there is pip's to tell. */
export function askedInput(install: AskedInstall): PipInput {
  const lines = install.asked.map((one): Line => {
    const file = fileFor(install, one.name, one.specifier);
    const extras = one.extras.length === 0 ? "" : `[${one.extras.join(",")}]`;
    return file === undefined ? one : { ...one, text: `${file}${extras}` };
  });
  return inputOf(lines, install.request.constraints);
}

/** Just these packages, each with the hashes that were asked for it. */
export function plannedInput(install: AskedInstall, planned: readonly PlannedPackage[]): PipInput {
  const { asked, request } = install;
  const byName = Map.groupBy([...asked, ...request.constraints], ({ name }) => name);
  const lines = planned.map(({ name, version }): Line => {
    const own = byName.get(name) ?? [];
    const hashes = [...new Set(own.flatMap((one) => one.hashes))];
    const text = fileFor(install, name, `==${version}`) ?? `${name}==${version}`;
    return { text, hashes, where: own[0]?.where ?? null };
  });
  return inputOf(lines, []);
}
