import { expect, test } from "bun:test";
import { ours, text } from "../../../src/text.ts";
import { createOutput } from "../../../src/ui/output.ts";

const output = createOutput({
  json: false,
  quiet: false,
  verbose: false,
  flags: {
    service: ["--port", "6791"],
    configuration: ["--config", "'my file.yaml'"],
    profile: ["--profile", "/p"],
    blender: ["--blender-exec", "/b"],
  },
});

test.each([
  [
    text`end it with '${ours("stop", "--force")}', or wait`,
    "end it with 'blender-remote-cli stop --port 6791 --config 'my file.yaml' --force', or wait",
  ],
  [
    text`${ours("pkg purge-cache")}, ${ours("init", "/path")}`,
    "blender-remote-cli pkg purge-cache --port 6791 --config 'my file.yaml', blender-remote-cli init --config 'my file.yaml' /path",
  ],
  [ours("install"), "blender-remote-cli install --config 'my file.yaml' --profile /p"],
  [
    ours("addon list", "--all"),
    "blender-remote-cli addon list --config 'my file.yaml' --profile /p --blender-exec /b --all",
  ],
  ["blender-remote-cli --help", "blender-remote-cli --help"],
  ["did you mean --port?", "did you mean --port?"],
])("commands in a hint mean the target that the user named: %s", (hint, aimed) => {
  expect(output.rendered(hint)).toBe(aimed);
});
