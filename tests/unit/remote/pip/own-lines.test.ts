import { expect, test } from "bun:test";
import { withPlaces } from "../../../../src/remote/pip/own-lines.ts";

const own = "/var/tmp (1)/blender-remote-pip-a_b1/files";
const onWindows = "C:\\\\T\\\\blender-remote-pip-a_b1\\\\files\\\\";
const places = {
  "requirements.txt": [null, "my files/r.txt:30"],
  "constraints.txt": ["C:\\p\\limits.txt:4"],
};

test.each([
  [
    `Collecting a==1 (from -r ${own}/requirements.txt (line 2))`,
    "Collecting a==1 (from -r my files/r.txt (line 30))",
  ],
  [
    `Collecting a==1 (from -r ${onWindows}requirements.txt (line 2))`,
    "Collecting a==1 (from -r my files/r.txt (line 30))",
  ],
  [`Collecting a==1 (from -r ${own}/requirements.txt (line 1))`, "Collecting a==1"],
  [
    `b (from a==1->-r ${own}/requirements.txt (line 2)) (1.0)`,
    "b (from a==1->-r my files/r.txt (line 30)) (1.0)",
  ],
  [`b (from a==1->-r ${own}/requirements.txt (line 1)) (1.0)`, "b (from a==1) (1.0)"],
  [`numpy<2 (from -c ${own}/pins.txt (line 1))`, "numpy<2"],
  [`d (from -c ${own}/constraints.txt (line 1))`, "d (from -c C:\\p\\limits.txt (line 4))"],
  [
    `Double requirement given: a==2 (from -r ${own}/requirements.txt (line 2)) (already in a==1 (from -r ${own}/requirements.txt (line 1)), name='a')`,
    "Double requirement given: a==2 (from -r my files/r.txt (line 30)) (already in a==1, name='a')",
  ],
  [
    `ERROR: Invalid requirement: 'a b' (from line 2 of ${own}/requirements.txt)`,
    "ERROR: Invalid requirement: 'a b' (from line 30 of my files/r.txt)",
  ],
  [`ERROR: Invalid (from line 1 of ${own}/requirements.txt)`, "ERROR: Invalid"],
  ["a (from -r other/requirements.txt (line 2))", "a (from -r other/requirements.txt (line 2))"],
])("%s", (said, shown) => {
  expect(withPlaces(said, places)).toBe(shown);
});
