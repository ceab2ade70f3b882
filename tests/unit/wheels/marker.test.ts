import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import pipWheel from "../../../src/remote/bootstrap/pip_wheel/pip.whl" with { type: "file" };
import { markerHolds } from "../../../src/wheels/marker.ts";
import { anyPython } from "../../support/systems.ts";
import { linuxMarkers as environment } from "../../support/targets.ts";

const markers = [
  'python_version < "3.8"',
  'python_version >= "3.9"',
  'python_version > "3.9" and python_version < "3.12"',
  'python_version == "3.11.*"',
  'python_version != "3.11"',
  'python_version ~= "3.10"',
  '"3.9" <= python_version',
  'python_full_version >= "3.11.4"',
  'sys_platform == "win32"',
  'sys_platform != "win32"',
  'sys_platform in "linux darwin"',
  'sys_platform not in "linux darwin"',
  '"x86" in platform_machine',
  'os_name == "nt" or os_name == "posix"',
  'os_name == "nt" and os_name == "posix" or sys_platform == "linux"',
  'os_name == "posix" or sys_platform == "win32" and python_version < "3"',
  '(os_name == "posix" or sys_platform == "win32") and python_version < "3"',
  'platform_python_implementation != "PyPy"',
  'platform_machine == "aarch64" and platform_system == "Linux"',
  'implementation_name == "cpython" and implementation_version >= "3.11"',
  'extra == "test"',
  'extra == "Dev-Tools"',
  'extra != "test"',
  'platform_release >= "5"',
  "python_version in '3.10, 3.11'",
];

test("one with too many brackets to be read counts as one that holds", () => {
  const never = "os_name == 'nt'";
  const nested = `${"(".repeat(3000)}${never}${")".repeat(3000)}`;
  const long = Array(20000).fill(never).join(" or ");
  const found = [never, nested, long].map((one) => markerHolds(one, environment));
  expect(found).toEqual([false, true, false]);
});

describe("markers", () => {
  test("mean what they mean to packaging", async () => {
    const source = [
      "import json, sys",
      "sys.path.insert(0, sys.argv[1])",
      "from pip._vendor.packaging.markers import Marker",
      "markers, environment = json.load(sys.stdin)",
      'extras = ["", "dev_tools"]',
      "holds = lambda one: any(Marker(one).evaluate({**environment, 'extra': e}) for e in extras)",
      "print(json.dumps([holds(one) for one in markers]))",
    ].join("\n");
    const python = Bun.spawn([await anyPython(), "-c", source, pipWheel], {
      stdin: new Blob([JSON.stringify([markers, environment])]),
      stdout: "pipe",
    });
    const expected = v.parse(v.array(v.boolean()), await new Response(python.stdout).json());
    const found = markers.map((one) => markerHolds(one, environment, ["dev_tools"]));
    // With several extras packaging is asked once for each: `!=` holds for any of them.
    expect(found).toEqual(expected);
  });

  test("what can't be read is looked at", () => {
    expect(markerHolds("python_version <", environment)).toBe(true);
  });
});
