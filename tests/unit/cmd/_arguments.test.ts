import { describe, expect, test } from "bun:test";
import type { ArgsDef } from "citty";
import { checkArguments, suggestion } from "../../../src/cmd/_arguments.ts";
import { command, globalArgs } from "../../../src/cmd/_command.ts";
import type { Failure } from "../../../src/failure.ts";
import { createOutput } from "../../../src/ui/output.ts";
import { failureOfCall } from "../../support/failure.ts";

const args = {
  file: { type: "positional", required: false, description: "" },
  code: { type: "string", alias: "c", description: "" },
  deps: { type: "boolean", default: true, description: "" },
  ...globalArgs,
} as const satisfies ArgsDef;

function check(...tokens: string[]): string[] {
  return checkArguments(tokens, { path: "cli run", args, several: undefined, takesRest: false });
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
    [["-c", "x=1"], ["--code=x=1"]],
    [["-c=x=1"], ["--code=x=1"]],
    [["-c", "-1"], ["--code=-1"]],
    [["-c", "-"], ["--code=-"]],
    [["--code=--json"], ["--code=--json"]],
    [["--no-deps"], ["--no-deps"]],
    [["--deps"], ["--deps"]],
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
    [["--jsn"], "unknown-option", "unknown option --jsn for cli run", "did you mean --json?"],
    [["--timeuot", "3"], "unknown-option", "--timeuot", "did you mean --timeout?"],
    [["--nodeps"], "unknown-option", "--nodeps", "did you mean --no-deps?"],
    [["--zebra-crossing"], "unknown-option", "--zebra-crossing", "cli run --help"],
    [["-x"], "unknown-option", "-x", "cli run --help"],
    [["-qv"], "unknown-option", "-qv", "did you mean -"],
    [["--no-json"], "unknown-option", "--no-json", "did you mean --json?"],
    [["--no-code"], "unknown-option", "--no-code", "did you mean"],
    [["--file", "x"], "unknown-option", "--file", "hint"],
    [["--constructor"], "unknown-option", "--constructor", "cli run --help"],
    [["--toString=1"], "unknown-option", "--toString", "cli run --help"],
    [["--__proto__"], "unknown-option", "--__proto__", "cli run --help"],
    [["--__proto__=x"], "unknown-option", "--__proto__", "cli run --help"],
    [["--=x"], "unknown-option", "--", ""],
    [["-=x"], "unknown-option", "-", ""],
    [["--json=1"], "unexpected-value", "--json takes no value, got --json=1", "cli run --help"],
    [["--json=true"], "unexpected-value", "--json takes no value", "cli run --help"],
    [["--no-deps=1"], "unexpected-value", "--no-deps takes no value", "cli run --help"],
    [["--port"], "missing-value", "--port needs a value", "--port=VALUE"],
    [["--port="], "missing-value", "--port needs a value, and this one is empty", "--help"],
    [["--code", ""], "missing-value", "--code needs a value, and this one is empty", "--help"],
    [["-c", "--json"], "missing-value", "-c needs a value", "-c=VALUE"],
    [["-c", "-q"], "missing-value", "-c needs a value", "-c=VALUE"],
    [["--code", "--unknown"], "missing-value", "--code needs a value", "--code=VALUE"],
    [["a.py", "b.py"], "surplus-argument", "unexpected argument 'b.py' for cli run", "--help"],
    [["-", "-"], "surplus-argument", "unexpected argument '-' for cli run", "--help"],
  ])("%j", (tokens, code, message, hint) => {
    const failure = refusal(...tokens);
    expect(failure.code).toBe(code);
    expect(failure.exitCode).toBe(2);
    expect(failure.message).toContain(message);
    if (hint !== "hint") expect(failure.hint).toContain(hint);
  });

  test("what may have been meant for after --", () => {
    const grammar = { path: "cli pip", args: globalArgs, several: undefined, takesRest: true };
    const hintFor = (token: string) => expect.objectContaining({ hint: `cli pip -- ${token}` });
    expect(() => checkArguments(["list"], grammar)).toThrow(hintFor("list"));
    expect(() => checkArguments(["--upgrade"], grammar)).toThrow(hintFor("--upgrade"));
    const near = expect.objectContaining({ hint: "did you mean --json?" });
    expect(() => checkArguments(["--jsno"], grammar)).toThrow(near);
  });

  test("a required option that isn't there", () => {
    const into = { type: "string", required: true, valueHint: "dir", description: "" } as const;
    const grammar = { path: "cli push", args: { into }, several: undefined, takesRest: false };
    const missing = expect.objectContaining({ code: "missing-option", exitCode: 2 });
    expect(() => checkArguments([], grammar)).toThrow(missing);
    expect(() => checkArguments([], grammar)).toThrow("cli push needs --into DIR");
    expect(checkArguments(["--into", "x"], grammar)).toEqual(["--into=x"]);
  });

  test("a required positional that isn't there", () => {
    const grammar = {
      path: "cli push",
      args: { path: { type: "positional", description: "" } } as const satisfies ArgsDef,
      several: "path",
      takesRest: false,
    };
    expect(() => checkArguments([], grammar)).toThrow("cli push needs PATH");
    expect(checkArguments(["a", "b", "c"], grammar)).toEqual(["--", "a", "b", "c"]);
  });
});

describe("what a command is given in the end", () => {
  /** Through the check and citty, as the command line does it. */
  async function seenBy(...tokens: string[]) {
    let seen: unknown;
    const probe = command({
      description: "",
      args: {
        file: { type: "positional", required: false, description: "" },
        code: { type: "string", alias: "c", description: "" },
        deps: { type: "boolean", default: true, description: "" },
        "chunk-size": { type: "string", default: "5M", description: "" },
      },
      several: "file",
      run: async (invocation) => {
        const { file, code, deps, json, port } = invocation.args;
        const size = invocation.args["chunk-size"];
        seen = { file, code, deps, json, port, size, positionals: invocation.positionals };
      },
    });
    const { args, several } = probe;
    const rawArgs = checkArguments(tokens, { path: "p", args, several, takesRest: false });
    const output = createOutput({
      json: false,
      quiet: false,
      verbose: false,
      flags: { service: [], configuration: [], profile: [], blender: [] },
    });
    const signal = new AbortController().signal;
    expect(await probe.run(rawArgs, { output, signal, rest: [] })).toBe(0);
    return seen;
  }

  const nothing = {
    file: undefined,
    code: undefined,
    deps: true,
    json: undefined,
    port: undefined,
    size: "5M",
    positionals: [],
  };

  test.each([
    [[], {}],
    [["--no-deps"], { deps: false }],
    [["--json"], { json: true }],
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
    expect(await seenBy(...tokens)).toEqual({ ...nothing, ...expected });
  });
});

test.each([
  ["statsu", ["start", "status", "stop"], "status"],
  ["purge", ["push", "purge-cache"], undefined],
  ["zzz", ["status"], undefined],
  ["constructor", ["config"], undefined],
  ["status", [], undefined],
])("what was meant by %p among %j", (word, names, meant) => {
  expect(suggestion(word, names)).toBe(meant);
});
