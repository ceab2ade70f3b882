import { expect, test } from "bun:test";
import { macProcesses, windowsProcesses } from "../../../../src/local/blender/running-blender.ts";

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

test("on Windows any may have a window", () => {
  const lines =
    '"blender.exe","4242","Console","1","512,000 K"\r\n"other.exe","1","Console","1","1 K"\r\n';
  expect(windowsProcesses(lines)).toEqual([
    { pid: 4242, window: true, port: undefined, executable: "blender.exe", certain: false },
  ]);
});
