import { describe, expect, test } from "bun:test";
import { execute } from "../../../src/cmd/execute.ts";
import { fileOf, optionsOf, refusalOf, usualTarget } from "./parsing.ts";

const source = (text: string) => new TextEncoder().encode(text);

describe("what is run, with the sys.argv that Python itself would have", () => {
  test("--code", async () => {
    expect(await optionsOf(execute, ["-c", "print(1)"], ["a", "--b"])).toEqual({
      code: { source: source("print(1)"), name: "<string>", argv: ["-c", "a", "--b"] },
      target: usualTarget,
    });
  });

  test("a file", async () => {
    const file = fileOf("code.py", "import bpy\n");
    expect(await optionsOf(execute, [file, "--timeout", "7", "--port", "7001"], ["x"])).toEqual({
      code: { source: source("import bpy\n"), name: file, argv: [file, "x"] },
      target: {
        endpoint: { host: "127.0.0.1", port: 7001 },
        deadlines: { ...usualTarget.deadlines, total: 7 },
      },
    });
  });
});

test.each([
  [[], "missing-argument", "there is no code to run"],
  [["x.py", "-c", "1"], "two-sources", "both a file (x.py) and --code were given"],
  [["/not/there.py"], "unreadable-file", "can't read '/not/there.py'"],
  [["a.py", "b.py"], "surplus-argument", "unexpected argument 'b.py'"],
  [["-c", "1", "--port", "0"], "bad-port", "--port is '0'"],
  [["-c", "1", "--timeout", "1m"], "bad-duration", "--timeout is '1m'"],
])("%j is refused", async (tokens, code, says) => {
  const refusal = await refusalOf(execute, tokens);
  expect(refusal).toMatchObject({ code, exitCode: 2 });
  expect(refusal.says).toContain(says);
});
