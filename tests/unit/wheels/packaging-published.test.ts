import { expect, test } from "bun:test";
import * as v from "valibot";
import { packagingQuestions } from "../../../scripts/published_packaging.ts";
import { isEmulated, isWindows } from "../../support/systems.ts";
import { type Difference, differences, Questions } from "./packaging.ts";

/** Where we are to differ, with the reasons. */
const meant: readonly { why: string; is: (found: Difference) => boolean }[] = [
  {
    why: "Python refuses to read numbers of more than 4300 digits",
    is: ({ kind, question, packaging }) =>
      kind === "versions" && String(question).length > 4300 && packaging === null,
  },
  {
    why: "what is in quotes is text, not a literal of Python's",
    is: ({ question, packaging }) => /\\/.test(String(question)) && !packaging,
  },
  {
    why: "white space around a requirement says nothing: it comes from command lines and files",
    is: ({ kind, question, packaging }) =>
      kind === "requirements" && /[\r\n]$/.test(String(question)) && packaging === null,
  },
  {
    why: "PEP 508 has no letters but ASCII in names, and no index has such a wheel",
    is: ({ kind, question, ours }) =>
      kind === "wheels" && /[^\x20-\x7e]/.test(String(question)) && ours === null,
  },
  {
    why: "the stable ABI of 3.0 and 3.1, which no Blender has",
    is: ({ kind, question }) =>
      kind === "cpython" && JSON.stringify(question) === '[[3,0],["any"]]',
  },
];

const run = isWindows || isEmulated ? test.skip : test;

run(
  "what packaging's own tests ask is answered as by packaging",
  async () => {
    const questions = v.parse(Questions, await Bun.file(await packagingQuestions()).json());
    // Longer ones have no order there.
    const versions = questions.versions?.filter((version) => version.length < 4300) ?? [];
    const found = [
      ...(await differences({ ...questions, versions })),
      ...(await differences({
        versions: questions.versions?.filter((one) => one.length >= 4300) ?? [],
      })),
    ];
    expect(found.filter((one) => !meant.some(({ is }) => is(one)))).toEqual([]);
    // None of the reasons is of the past, and it wasn't little that was asked.
    expect(meant.filter(({ is }) => !found.some(is)).map(({ why }) => why)).toEqual([]);
    const counts = [
      questions.versions,
      questions.contains,
      questions.markers,
      questions.requirements,
    ];
    expect(counts.every((list) => list !== undefined && list.length > 1000)).toBe(true);
  },
  180_000,
);
