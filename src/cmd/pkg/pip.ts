import { Failure } from "../../failure.ts";
import { pythonOf } from "../../remote/environment.ts";
import { runPip } from "../../remote/pip.ts";
import { command } from "../command.ts";
import { targetOf, withSession } from "../target.ts";

export const pip = command({
  description: "Run pip in Blender's Python; everything after -- reaches it unchanged",
  args: {},
  rest: "PIP_ARGUMENTS…",
  async run({ args, rest, output, signal }) {
    if (rest.length === 0) {
      throw new Failure("missing-argument", "there is nothing for pip after --", {
        kind: "usage",
        hint: "blender-remote-cli pkg pip -- list",
      });
    }
    const target = await targetOf(args, Number.POSITIVE_INFINITY);
    return withSession(target, signal, async ({ connection }) => {
      const python = await pythonOf(connection);
      const kept = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
      const forward = (stream: "stdout" | "stderr") => async (bytes: Uint8Array) => {
        if (output.json) kept[stream].push(bytes);
        else if (stream === "stdout") await output.write(bytes);
        else await output.writeError(bytes);
      };
      const run = {
        command: python.pip,
        arguments: rest,
        isolated: false,
        stdout: forward("stdout"),
        stderr: forward("stderr"),
      };
      const { returncode, duration } = await runPip(connection, run, target.deadlines);
      if (output.json) {
        const text = (pieces: Uint8Array[]) => Buffer.concat(pieces).toString("utf8");
        const { stdout, stderr } = { stdout: text(kept.stdout), stderr: text(kept.stderr) };
        await output.writeJson({ op: "pip", returncode, duration_s: duration, stdout, stderr });
      }
      // A signal's negative number as a shell would show it.
      return returncode < 0 ? 128 - returncode : returncode;
    });
  },
});
