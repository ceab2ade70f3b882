import { describe, expect, test } from "bun:test";
import { checkManifest } from "../../../../src/local/extension/manifest-rules.ts";
import { goodManifest, tomlOf } from "../../../support/extensions.ts";

function checked(text: string) {
  const result = checkManifest(new TextEncoder().encode(text));
  if ("message" in result) throw new Error(result.message);
  return result;
}

const faultsOf = (text: string) => checked(text).faults.map(({ message }) => message);
const withField = (field: string, value: unknown) => tomlOf({ ...goodManifest, [field]: value });

test("nothing is wrong", () => {
  const { manifest, build, faults } = checked(tomlOf(goodManifest));
  expect({ manifest, build, faults }).toEqual({
    manifest: goodManifest as never,
    build: undefined,
    faults: [],
  });
});

// What Blender itself finds wrong in these and in hundreds more is in tests/e2e/addon-build.test.ts.
describe("each rule", () => {
  test.each([
    ["id", "my-ext", "letters, digits and _"],
    ["id", "_x", "begin or end with _"],
    ["version", "1.2", "like 1.2.3"],
    ["schema_version", "1", "like 1.2.3"],
    ["name", " x", "white space"],
    ["name", "a\u0007", "control characters"],
    ["tagline", "x".repeat(65), "longer than 64"],
    ["tagline", "No.", "punctuation"],
    ["maintainer", "", "is empty"],
    ["type", "keymap", '"add-on" or "theme"'],
    ["license", [], "empty list"],
    ["license", "GPL", "list of strings"],
    ["blender_version_min", "4.2", "three numbers"],
    ["blender_version_max", "5", "three numbers"],
    ["website", 3, "must be a string"],
    ["copyright", ["Me"], "a year or two and a name"],
    ["copyright", ["2024 "], "a year or two and a name"],
    ["permissions", ["files"], "table of strings"],
    ["permissions", "files", "table of strings"],
    ["tags", [], "empty list"],
    ["platforms", [""], "is empty"],
    ["wheels", ["a.whl"], "NAME-VERSION-PYTHON-ABI-PLATFORM"],
    ["wheels", ["a\\b-1-py3-none-any.whl"], "path with /"],
    ["wheels", ["a-1-py3-none-any.zip"], "path of a .whl"],
  ])("%s is %j", (field, value, says) => {
    const [first, ...others] = faultsOf(withField(field, value));
    expect(first).toStartWith(field);
    expect(first).toContain(says);
    expect(others).toEqual([]);
  });

  test.each(Object.keys(goodManifest))("%s is missing", (field) => {
    expect(faultsOf(withField(field, undefined))).toEqual([`${field} is missing`]);
  });

  test.each([
    ['files = "Reads."', 'permissions.files is "Reads."'],
    ['disk = "Reads"', "permissions are files, network"],
    ["network = 1", "must be a string"],
  ])("[permissions] %s", (line, says) => {
    expect(faultsOf(`${tomlOf(goodManifest)}[permissions]\n${line}\n`)).toEqual([
      expect.stringContaining(says),
    ]);
  });
});

describe("[build]", () => {
  const built = (lines: string) => checked(`${tomlOf(goodManifest)}[build]\n${lines}\n`);

  test.each([
    ["", {}],
    ["paths = []", {}],
    ["paths = false\npaths_exclude_pattern = 0", {}],
    ['paths = ["a.py"]', { paths: ["a.py"] }],
    ['paths_exclude_pattern = ["*.x"]', { excluded: ["*.x"] }],
    ['paths = ["a.py"]\npaths_exclude_pattern = []', { paths: ["a.py"] }],
  ])("%j", (lines, expected) => {
    const { build, faults } = built(lines);
    expect<unknown>({ build: JSON.parse(JSON.stringify(build)), faults }).toEqual({
      build: expected,
      faults: [],
    });
  });

  test.each([
    ['paths = "a.py"', "list of paths"],
    ["paths = [1]", "must be a string"],
    ['paths = [""]', "something in the folder"],
    ['paths = ["a\\\\b"]', "path with /"],
    ['paths = ["/a"]', "something in the folder"],
    ['paths = ["../a"]', "something in the folder"],
    ['paths = ["a/.."]', "something in the folder"],
    ['paths = ["./blender_manifest.toml"]', "without being named"],
    ["paths_exclude_pattern = 3", "list of strings"],
    ['paths_exclude_pattern = [" "]', "is empty"],
    ['paths = ["a"]\npaths_exclude_pattern = ["b"]', "only one of them"],
    ["[build.generated]", "only 'extension build' writes it"],
  ])("%j", (lines, says) => {
    const { faults } = built(lines);
    expect(faults).toHaveLength(1);
    expect(faults[0]?.message).toContain(says);
    expect(faults[0]?.line).toBeGreaterThanOrEqual(10);
  });

  test("it is no table", () => {
    expect(faultsOf(withField("build", 3))).toEqual([expect.stringContaining("must be a table")]);
  });
});

test("all at once, each with its place", () => {
  const text = `${tomlOf({ ...goodManifest, id: "a-b", license: ["x", ""], name: undefined })}`;
  expect(checked(text).faults).toMatchObject([
    { field: "id", line: 2, column: 1 },
    { field: "name" },
    { field: "license.1", line: 7, column: 16 },
  ]);
});

test("what is faulty elsewhere keeps the rest from nothing", () => {
  const wheels = ["./a-1-py3-none-any.whl"];
  const { manifest, packing } = checked(tomlOf({ ...goodManifest, id: "a-b", type: 3, wheels }));
  expect(manifest).toBeUndefined();
  expect(packing).toMatchObject({ type: "add-on", wheels });
});

test.each([
  [new TextEncoder().encode("a = 1\nb = \n"), { line: 2 }],
  [new Uint8Array([0x61, 0xff]), { message: "it isn't UTF-8" }],
])("no TOML", (bytes, expected) => {
  expect(checkManifest(bytes)).toMatchObject(expected);
});
