import { describe, expect, test } from "bun:test";
import {
  assignsAddonInfo,
  isModuleName,
  moduleNameFrom,
} from "../../../../src/local/addon-source/python-module.ts";
import { pythonCommand } from "../../../support/systems.ts";

const python = (code: string, input: string) => {
  const { stdout, stderr, exitCode } = Bun.spawnSync([pythonCommand, "-X", "utf8", "-c", code], {
    stdin: Buffer.from(input),
  });
  if (exitCode !== 0) throw new Error(stderr.toString());
  return JSON.parse(stdout.toString());
};

test("module names are those that Python takes", () => {
  const names = [
    "a",
    "_a",
    "a1",
    "1a",
    "größe",
    "名前",
    "a-b",
    "a b",
    "a.b",
    "",
    "a\n",
    "class",
    "None",
  ];
  names.push("match", "type", "print", "𝐚", "a·b", "℘", "ª");
  const code =
    "import sys, json, keyword\nprint(json.dumps([n.isidentifier() and not keyword.iskeyword(n) for n in json.load(sys.stdin)]))";
  expect(names.map(isModuleName)).toEqual(python(code, JSON.stringify(names)));
});

test.each([
  ["my_addon", "my_addon"],
  ["my_addon_main", "my_addon_main"],
  ["my-addon", "my_addon"],
  ["my-addon-main", "my_addon"],
  ["my-addon-master", "my_addon"],
  ["my-addon-1.2.3", "my_addon"],
  ["my-addon-v1.2.3", "my_addon"],
  ["my-addon-v2", "my_addon"],
  ["my-addon_1.2.0-rc.1", "my_addon"],
  ["my-addon-2", "my_addon_2"],
  ["my_addon-1.2 (3)", "my_addon"],
  ["my addon", "my_addon"],
  ["my.addon", "my_addon"],
  ["owner-my-addon-0a1b2c3", "owner_my_addon"],
  ["addon-main-0123456789abcdef0123456789abcdef01234567", "addon"],
  ["my-addon-feature-x", "my_addon_feature_x"],
  ["x-decade", "x_decade"],
  ["größe-main", "größe"],
  ["3d-tools", "_3d_tools"],
  ["class", "class_"],
  ["con", "con_"],
  ["LPT1-main", "LPT1_"],
  ["console", "console"],
  ["lambda-main", "lambda_"],
  ["-main", "main"],
  ["---", undefined],
  ["", undefined],
])("%s becomes %s", (name, expected) => {
  expect(moduleNameFrom(name)).toBe(expected);
});

describe("bl_info at the top level", () => {
  const sources: [string, string, boolean][] = [
    ["first line", "bl_info = {}", true],
    ["after a docstring", '"""It\'s "one" """\n\nbl_info = {"a": 1}\n', true],
    ["no spaces, many lines", "import bpy\nbl_info={\n'a': (1,\n2), # }\n}\n", true],
    ["annotated", "bl_info: dict[str, object] = {}\n", true],
    ["Windows' line ends", "# c\r\nbl_info = {}\r\n", true],
    ["old Macs' line ends", "# c\rbl_info = {}\r", true],
    ["after an apostrophe in a comment", "# it's\nbl_info = {}", true],
    [
      "after strings with quotes and escapes",
      "a = 'it\\'s'\nb = r'\\'\nbl_info = {}\n".replace("r'\\'", "r'\\''"),
      true,
    ],
    ["after a string that holds three of the other quote", `a = "'''"\nbl_info = {}`, true],
    ["after brackets in strings", "a = '('\nb = \"[{\"\nbl_info = {}", true],
    ["after a triple-quoted string with escapes", 'a = """x\\"""y"""\nbl_info = {}', true],
    ["after a joined line", "a = 1 + \\\n2\nbl_info = {}", true],
    ["none", "import bpy", false],
    ["in a comment", "# bl_info = {}\n#\nbl_infos = {}", false],
    ["in a docstring", '"""\nbl_info = {}\n"""\n', false],
    ["in a raw docstring", "x = r'''\nbl_info = {}\n'''\n", false],
    ["in a call", "f(\nbl_info = {})\n", false],
    ["in a function", "def f():\n    bl_info = {}\n", false],
    ["a comparison", "bl_info == {}\n", false],
    ["an item", "bl_info['a'] = 1\n", false],
    ["a longer name", "bl_info_x = 1\n", false],
    ["imported", "from .x import bl_info\n", false],
    ["the rest of a joined line", "a = \\\nbl_info = {}\n", false],
  ];

  test.each(sources)("%s", (_, source, expected) => {
    expect(assignsAddonInfo(source)).toBe(expected);
  });

  test("Python's own parser says the same", () => {
    const code = `import ast, json, sys
def found(text):
    for node in ast.parse(text).body:
        targets = getattr(node, "targets", None) or [getattr(node, "target", None)]
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and getattr(targets[0], "id", "") == "bl_info":
            return True
    return False
print(json.dumps([found(t) for t in json.load(sys.stdin)]))`;
    // One that stands second of two targets is no add-on for Blender either (addon_utils).
    const texts = sources.map(([, source]) => source);
    expect(sources.map(([, , expected]) => expected)).toEqual(python(code, JSON.stringify(texts)));
  });

  test("time grows with the text, whatever it holds", () => {
    for (const piece of ["'", '"', "'''", '"""', "\\", "(", "bl_info ", "'''\\", "#'"]) {
      expect(assignsAddonInfo(`x${piece.repeat(200_000)}\nbl_info`)).toBe(false);
    }
  });
});
