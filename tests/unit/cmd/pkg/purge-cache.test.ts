import { expect, test } from "bun:test";
import { purgeCache } from "../../../../src/cmd/pkg/purge-cache.ts";
import { optionsOf, refusalOf, usualTarget } from "../parsing.ts";

const usual = {
  folder: undefined,
  choices: [],
  yes: false,
  force: false,
  target: usualTarget,
};

test.each([
  [[], {}],
  [["-y"], { yes: true }],
  [["--force", "--yes"], { yes: true, force: true }],
  [["--remote-wheelhouse", "~/w"], { folder: "~/w" }],
  [
    ["Num.Py", "a==1.0"],
    {
      choices: [
        { text: "Num.Py", name: "num-py", specifier: "" },
        { text: "a==1.0", name: "a", specifier: "==1.0" },
      ],
    },
  ],
  [
    ["a-1.0-py3-none-any.whl"],
    { choices: [{ text: "a-1.0-py3-none-any.whl", file: "a-1.0-py3-none-any.whl" }] },
  ],
])("%j", async (tokens, expected) => {
  expect(await optionsOf(purgeCache, tokens)).toEqual<unknown>({ ...usual, ...expected });
});

test.each([
  [["w/a-1.0-py3-none-any.whl"], "bad-name"],
  [["./w"], "bad-name"],
  [["numpy>=1"], "bad-name"],
  [["numpy==1,==2"], "bad-name"],
  [["numpy===1"], "bad-name"],
  [["numpy[extra]"], "bad-name"],
  [["a", "*"], "bad-name"],
  [["--remote-wheelhouse", ""], "missing-value"],
])("%j is refused", async (tokens, code) => {
  expect(await refusalOf(purgeCache, tokens)).toMatchObject({ code, exitCode: 2 });
});
