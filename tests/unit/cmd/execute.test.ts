import { describe, expect, test } from "bun:test";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { execute } from "../../../src/cmd/execute.ts";
import { posixOnly } from "../../support/systems.ts";
import { fileOf, folder, optionsOf, refusalOf, usualTarget } from "./parsing.ts";

const source = (text: string) => new TextEncoder().encode(text);

describe("what is run, as Python itself would", () => {
  test("--code", async () => {
    expect(await optionsOf(execute, ["-c", "print(1)"], ["a", "--b"])).toEqual({
      execution: {
        mode: "run",
        code: {
          source: source("print(1)"),
          name: "<string>",
          argv: ["-c", "a", "--b"],
          path0: "",
          title: "execute -c print(1)",
        },
      },
      target: usualTarget,
    });
  });

  test("a file", async () => {
    const file = fileOf("code.py", "import bpy\n");
    expect(await optionsOf(execute, [file, "--timeout", "7", "--port", "7001"], ["x"])).toEqual({
      execution: {
        mode: "run",
        code: {
          source: source("import bpy\n"),
          name: file,
          argv: [file, "x"],
          path0: folder,
          title: `execute ${file}`,
        },
      },
      target: {
        endpoint: { ...usualTarget.endpoint, port: 7001 },
        deadlines: { ...usualTarget.deadlines, total: 7 },
      },
    });
  });

  posixOnly("links take a right of their own on Windows")(
    "a link to a file: its own name, the folder of the file",
    async () => {
      const file = fileOf("linked.py", "");
      const link = join(folder, `link-${process.pid}.py`);
      symlinkSync(file, link);
      const { execution } = await optionsOf(execute, [link]);
      expect(execution).toMatchObject({ code: { name: link, argv: [link], path0: folder } });
    },
  );

  test("the title of code is one line that disturbs no terminal", async () => {
    const { execution } = await optionsOf(execute, ["-c", `\n a\u001b[2J${"b".repeat(99)}\nc`]);
    expect(execution).toMatchObject({ code: { title: `execute -c a [2J${"b".repeat(54)}…` } });
  });
});

describe("runs that are found again", () => {
  test("--detach: a limit for the run only where one was given", async () => {
    const limit = async (...flags: string[]) =>
      (await optionsOf(execute, ["-c", "1", "--detach", ...flags])).execution;
    expect(await limit()).toMatchObject({ mode: "detach", seconds: undefined });
    expect(await limit("--timeout", "9")).toMatchObject({ mode: "detach", seconds: 9 });
  });

  test("--follow has no time limit unless one is given", async () => {
    const { execution, target } = await optionsOf(execute, ["--follow", "bld-job-1"]);
    expect(execution).toEqual({ mode: "follow", name: "bld-job-1" });
    expect(target.deadlines.total).toBe(Number.POSITIVE_INFINITY);
    const limited = await optionsOf(execute, ["--follow", "--timeout", "3"]);
    expect(limited.execution).toEqual({ mode: "follow", name: undefined });
    expect(limited.target.deadlines.total).toBe(3);
  });

  test("--result and --cancel", async () => {
    const of = async (...tokens: string[]) => (await optionsOf(execute, tokens)).execution;
    expect(await of("--result", "bld-job-1")).toEqual({ mode: "result", name: "bld-job-1" });
    expect(await of("--cancel", "bld-job-1")).toEqual({ mode: "cancel", name: "bld-job-1" });
    expect(await of("--cancel")).toEqual({ mode: "cancel", name: undefined });
  });
});

test.each([
  [[], "missing-argument", "there is no code to run"],
  [["x.py", "-c", "1"], "two-sources", "both a file (x.py) and --code were given"],
  [["/not/there.py"], "unreadable-file", "can't read '/not/there.py'"],
  [["a.py", "b.py"], "surplus-argument", "unexpected argument 'b.py'"],
  [["-c", "1", "--port", "0"], "bad-port", "--port is '0'"],
  [["-c", "1", "--timeout", "1m"], "bad-duration", "--timeout is '1m'"],
  [["--detach"], "missing-argument", "there is no code to run"],
  [["--follow", "--cancel"], "two-modes", "these don't go together: --follow and --cancel"],
  [["--detach", "--follow", "x.py"], "two-modes", "--detach and --follow"],
  [["--follow", "-c", "1"], "two-modes", "--follow is about a run that was begun before"],
  [["--result"], "missing-argument", "--result needs the name of a run"],
])("%j is refused", async (tokens, code, says) => {
  const refusal = await refusalOf(execute, tokens);
  expect(refusal).toMatchObject({ code, exitCode: 2 });
  expect(refusal.says).toContain(says);
});

test("a run that was begun before takes no arguments", async () => {
  const refusal = await refusalOf(execute, ["--cancel", "bld-job-1"], ["x"]);
  expect(refusal).toMatchObject({ code: "two-modes", exitCode: 2 });
  expect(refusal.says).toContain("takes no code: -- x");
});

posixOnly("Wine reads this one as a file")("a device is refused", async () => {
  const refusal = await refusalOf(execute, ["/dev/zero"]);
  expect(refusal).toMatchObject({ code: "unreadable-file", exitCode: 2 });
  expect(refusal.says).toContain("can't read '/dev/zero': it is a device, and no file");
});
