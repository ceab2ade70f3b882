import { expect, test } from "bun:test";
import { join } from "node:path";
import { again, ours, text } from "../../../src/text.ts";
import { createOutput } from "../../../src/ui/output.ts";

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
