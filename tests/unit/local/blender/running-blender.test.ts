import { expect, test } from "bun:test";
import { macProcesses } from "../../../../src/local/blender/running-blender.ts";

test("on macOS those with a window are found, and those that serve; not those that end by themselves", () => {
  const blender = "/Applications/Blender.app/Contents/MacOS/Blender";
  const serving = "--python /var/folders/x/T/blender-remote-Ab1/serve.py";
  const lines = [
    `  11 ${blender}`,
    `  12 ${blender} -b scene.blend -a`,
    `  13 ${blender} --background ${serving}`,
    `  14 ${blender} ${serving}`,
    `  15 ${blender} --background --python /var/folders/x/T/blender-remote-Cd2/background.py -- c o`,
    `  16 ${blender} --background -- --python /tmp/blender-remote-Ef3/serve.py`,
    "  17 /usr/bin/vim Blender",
  ];
  const found = macProcesses(lines.join("\n"));
  expect(found.map(({ pid, window }) => [pid, window])).toEqual([
    [11, true],
    [13, false],
    [14, true],
  ]);
  expect(found.every(({ certain, executable }) => !certain && executable === blender)).toBeTrue();
});
