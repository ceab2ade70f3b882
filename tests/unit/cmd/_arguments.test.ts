import { describe, expect, test } from "bun:test";
import { checkArguments, suggestion } from "../../../src/cmd/_arguments.ts";
import { command } from "../../../src/cmd/_command.ts";
import { type Arguments, globalArgs } from "../../../src/cmd/_declaration.ts";
import type { Failure } from "../../../src/failure.ts";
import { ours, rendered } from "../../../src/text.ts";
import { createOutput } from "../../../src/ui/output.ts";
import { failureOfCall } from "../../support/failure.ts";

const args = {
  file: { type: "positional", required: false, description: "" },
  code: { type: "string", alias: "c", description: "" },
  deps: { type: "boolean", default: true, description: "" },
  place: { type: "enum", options: ["here", "elsewhere"], description: "" },
  level: { type: "enum", options: ["LOW", "HIGH"], anyCase: true, description: "" },
  also: { type: "string", repeated: true, alias: "a", description: "" },
  ...globalArgs,
} as const satisfies Arguments;

function check(...tokens: string[]): string[] {
  return checkArguments(tokens, { command: "run", args, several: undefined, takesRest: false });
}

function refusal(...tokens: string[]): Failure {
  return failureOfCall(() => check(...tokens));
}

describe("what is accepted comes out in one form", () => {
  test.each([
    [[], []],
    [["--json"], ["--json"]],
    [
      ["-q", "-v"],
      ["--quiet", "--verbose"],
    ],
    [["--port", "1"], ["--port=1"]],
    [["--port=1"], ["--port=1"]],
    [
      ["-a", "1", "x", "--also=2", "-a=1"],
      ["--also=1", "--also=2", "--also=1", "--", "x"],
    ],
    [["-c", "x=1"], ["--code=x=1"]],
    [["-c=x=1"], ["--code=x=1"]],
    [["-c", "-1"], ["--code=-1"]],
    [["-c", "-"], ["--code=-"]],
    [["--code=--json"], ["--code=--json"]],
    [["--no-deps"], ["--no-deps"]],
    [["--deps"], ["--deps"]],
    [["--place", "elsewhere"], ["--place=elsewhere"]],
    [["--level", "high"], ["--level=HIGH"]],
    // Of the options that all commands have, the last one counts: a wrapper may give the first.
    [
      ["--port", "1", "--port=2", "-q", "-q"],
      ["--port=2", "--quiet"],
    ],
    [["--place", "here", "--place=here"], ["--place=here"]],
    [["-qv"], ["--quiet", "--verbose"]],
    [
      ["-qc", "x"],
      ["--quiet", "--code=x"],
    ],
    [["-qcx=1"], ["--quiet", "--code=x=1"]],
    [["-cprint('q')"], ["--code=print('q')"]],
    [["-cé😀"], ["--code=é😀"]],
    [["-c-q"], ["--code=-q"]],
    [["-"], ["--", "-"]],
    [
      ["f.py", "--json"],
      ["--json", "--", "f.py"],
    ],
    [["toString"], ["--", "toString"]],
    [[""], ["--", ""]],
  ])("%j", (tokens, form) => {
    expect(check(...tokens)).toEqual(form);
  });
});

describe("what is refused", () => {
  test.each([
    [
      ["--jsn"],
      "unknown-option",
      "unknown option --jsn for blender-remote-cli run",
      "did you mean --json?",
    ],
    [["--timeuot", "3"], "unknown-option", "--timeuot", "did you mean --timeout?"],
    [["--nodeps"], "unknown-option", "--nodeps", "did you mean --no-deps?"],
    [["--zebra-crossing"], "unknown-option", "--zebra-crossing", "blender-remote-cli run --help"],
    [["-x"], "unknown-option", "-x", "blender-remote-cli run --help"],
    [["-qx"], "unknown-option", "unknown option -x in -qx for", "--help"],
    [["-xq"], "unknown-option", "unknown option -x in -xq for", "--help"],
    [["-quiet"], "unknown-option", "unknown option -u in -quiet for", "did you mean --quiet?"],
    [["-jsno"], "unknown-option", "unknown option -j in -jsno for", "did you mean --json?"],
    [["-qv=1"], "unexpected-value", "-v takes no value, got -qv=1", "give --verbose alone"],
    [["-qc"], "missing-value", "-c needs a value", "--help"],
    [["-qc="], "missing-value", "-c needs a value, and this one is empty", "--help"],
    [["--version"], "unknown-option", "--version", "blender-remote-cli --version"],
    [["-c", "1", "--code=2"], "given-twice", "--code is given twice: --code=1 and --code=2", "one"],
    [["--deps", "--no-deps"], "given-twice", "--deps is given twice: --deps and --no-deps", "one"],
    [["--no-json"], "unknown-option", "--no-json", "did you mean --json?"],
    [["--no-code"], "unknown-option", "--no-code", "did you mean"],
    [["--file", "x"], "unknown-option", "--file", "hint"],
    [["--constructor"], "unknown-option", "--constructor", "blender-remote-cli run --help"],
    [["--toString=1"], "unknown-option", "--toString", "blender-remote-cli run --help"],
    [["--__proto__"], "unknown-option", "--__proto__", "blender-remote-cli run --help"],
    [["--__proto__=x"], "unknown-option", "--__proto__", "blender-remote-cli run --help"],
    [["--=x"], "unknown-option", "--", ""],
    [["-=x"], "unknown-option", "-", ""],
    [
      ["--json=1"],
      "unexpected-value",
      "--json takes no value, got --json=1",
      "give --json alone, or leave it out",
    ],
    [["--json=true"], "unexpected-value", "--json takes no value", "give --json alone"],
    [
      ["--no-deps=1"],
      "unexpected-value",
      "--no-deps takes no value",
      "it is on unless --no-deps is given",
    ],
    [["--port"], "missing-value", "--port needs a value", "--help"],
    [["--port="], "missing-value", "--port needs a value, and this one is empty", "--help"],
    [["--code", ""], "missing-value", "--code needs a value, and this one is empty", "--help"],
    [
      ["-c", "--json"],
      "missing-value",
      "-c needs a value, and --json looks like an option",
      "-c=--json",
    ],
    [["-c", "-q"], "missing-value", "-c needs a value, and -q looks", "-c=-q"],
    [["--code", "--unknown"], "missing-value", "--code needs a value", "--code=--unknown"],
    [["--place", "her"], "bad-place", "--place is 'her'", "did you mean here?"],
    [["--place", "HERE"], "bad-place", "--place is 'HERE'", "give here or elsewhere"],
    [["--level=full"], "bad-level", "--level is 'full'", "give LOW or HIGH"],
    [["--place", "constructor"], "bad-place", "--place is 'constructor'", "give here or elsewhere"],
    [
      ["a.py", "b.py"],
      "surplus-argument",
      "unexpected argument 'b.py' for blender-remote-cli run",
      "--help",
    ],
    [
      ["-", "-"],
      "surplus-argument",
      "unexpected argument '-' for blender-remote-cli run",
      "--help",
    ],
  ])("%j", (tokens, code, message, hint) => {
    const failure = refusal(...tokens);
    expect(failure.code).toBe(code);
    expect(failure.exitCode).toBe(2);
    expect(failure.message).toContain(message);
    if (hint !== "hint") expect(rendered(failure.hint ?? "")).toContain(hint);
  });

  test("what may have been meant for after --", () => {
    const grammar = { command: "pkg pip", args: globalArgs, several: undefined, takesRest: true };
    const hintFor = (...tokens: string[]) =>
      failureOfCall(() => checkArguments(tokens, grammar)).hint;
    const install = ["install", "-U", "numpy", "--json"];
    expect(hintFor(...install)).toEqual(ours("pkg pip", "--", ...install));
    expect(hintFor("--upgrade")).toEqual(ours("pkg pip", "--", "--upgrade"));
    // What says which service is meant is put in when the hint is shown.
    expect(hintFor("-q", "--port", "7", "list")).toEqual(ours("pkg pip", "-q", "--", "list"));
    const both = failureOfCall(() => checkArguments(["a"], { ...grammar, rest: ["b"] }));
    expect(both.hint).toEqual(ours("pkg pip", "--", "a", "b"));
    const near = expect.objectContaining({ hint: "did you mean --json?" });
    expect(() => checkArguments(["--jsno"], grammar)).toThrow(near);
  });

  test("a required option that isn't there", () => {
    const into = { type: "string", required: true, valueHint: "dir", description: "" } as const;
    const grammar = { command: "push", args: { into }, several: undefined, takesRest: false };
    const missing = expect.objectContaining({ code: "missing-option", exitCode: 2 });
    expect(() => checkArguments([], grammar)).toThrow(missing);
    expect(() => checkArguments([], grammar)).toThrow("blender-remote-cli push needs --into DIR");
    expect(checkArguments(["--into", "x"], grammar)).toEqual(["--into=x"]);
  });

  test("a required positional that isn't there", () => {
    const grammar = {
      command: "push",
      args: { path: { type: "positional", description: "" } } as const satisfies Arguments,
      several: "path",
      takesRest: false,
    };
    expect(() => checkArguments([], grammar)).toThrow("blender-remote-cli push needs PATH");
    expect(checkArguments(["a", "b", "c"], grammar)).toEqual(["--", "a", "b", "c"]);
  });
});

describe("what a command is given in the end", () => {
  const probe = command({
    description: "",
    args: {
      file: { type: "positional", required: false, description: "" },
      code: { type: "string", alias: "c", description: "" },
      deps: { type: "boolean", default: true, description: "" },
      "chunk-size": { type: "string", default: "5M", description: "" },
      place: { type: "enum", options: ["here", "elsewhere"], description: "" },
    },
    several: "file",
    options: ({ args: { file, code, deps, json, port, place, ...args }, positionals }) => {
      return { file, code, deps, json, port, place, size: args["chunk-size"], positionals };
    },
    run: async () => {},
  });

  const nothing = {
    file: undefined,
    code: undefined,
    deps: true,
    json: false,
    port: undefined,
    place: undefined,
    size: "5M",
    positionals: [],
  };

  test.each([
    [[], {}],
    [["--no-deps"], { deps: false }],
    [["--json"], { json: true }],
    [["--place", "elsewhere"], { place: "elsewhere" }],
    [["--chunk-size", "1k"], { size: "1k" }],
    [["-"], { file: "-", positionals: ["-"] }],
    [["a", "b"], { file: "a", positionals: ["a", "b"] }],
    [["-c", "print('a b')\nx = \"1\""], { code: "print('a b')\nx = \"1\"" }],
    [["-c", "a=b=c"], { code: "a=b=c" }],
    [["-c", "'quoted'"], { code: "'quoted'" }],
    [["-c", "-1"], { code: "-1" }],
    [["--code=--json"], { code: "--json" }],
    [["-c", "false"], { code: "false" }],
    [["--port", "007"], { port: "007" }],
    [["--port", "1", "--port", "2"], { port: "2" }],
    [
      ["constructor", "__proto__"],
      { file: "constructor", positionals: ["constructor", "__proto__"] },
    ],
    [["ä b", "😀"], { file: "ä b", positionals: ["ä b", "😀"] }],
  ])("%j", async (tokens, expected) => {
    expect(await probe.parse(tokens)).toEqual<unknown>({ ...nothing, ...expected });
  });
});

test("what stands after -- is only for commands that take it", async () => {
  const refuses = command({ description: "", options: () => ({}), run: async () => {} });
  await expect(refuses.parse([], [], "config path")).rejects.toMatchObject({
    code: "surplus-argument",
    exitCode: 2,
    message: "blender-remote-cli config path takes nothing after --",
    hint: ours("config path", "--help"),
  });
  const takes = command({
    description: "",
    rest: "WORDS…",
    options: ({ rest }) => ({ rest }),
    run: async () => {},
  });
  expect(await takes.parse([], ["--json", ""])).toEqual({ rest: ["--json", ""] });
});

test("the exit code is what a command's run gives, or 0", async () => {
  const output = createOutput({
    json: false,
    quiet: false,
    verbose: false,
  });
  const context = { output, signal: new AbortController().signal, command: "NAME" };
  const options = () => ({});
  const silent = command({ description: "", options, run: async () => {} });
  expect(await silent.run({}, context)).toBe(0);
  const failing = command({ description: "", options, run: async () => 7 });
  expect(await failing.run({}, context)).toBe(7);
});

test.each([
  ["statsu", ["start", "status", "stop"], "status"],
  ["stauts", ["start", "status", "stop"], "status"],
  ["purge", ["push", "purge-cache"], "purge-cache"],
  ["stat", ["start", "status", "stop"], "status"],
  ["zzz", ["status"], undefined],
  ["constructor", ["config"], undefined],
  ["status", [], undefined],
])("what was meant by %p among %j", (word, names, meant) => {
  expect(suggestion(word, names)).toBe(meant);
});
