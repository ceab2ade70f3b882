import { expect, test } from "bun:test";
import { argumentsIn } from "../../../../src/local/blender/windows-arguments.ts";
import { wordFor } from "../../../../src/text.ts";

// The table of "Parsing C command-line arguments" in Microsoft's documentation, and Blender's own.
test.each([
  ["", []],
  ["  ", []],
  ['"a b c" d e', ["a b c", "d", "e"]],
  ['"ab\\"c" "\\\\" d', ['ab"c', "\\", "d"]],
  ['a\\\\\\b d"e f"g h', ["a\\\\\\b", "de fg", "h"]],
  ['a\\\\\\"b c d', ['a\\"b', "c", "d"]],
  ['a\\\\\\\\"b c" d e', ["a\\\\b c", "d", "e"]],
  ['a"b"" c d', ['ab" c d']],
  ['"""CallMeIshmael"""  b  c', ['"CallMeIshmael"', "b", "c"]],
  ['x "" y', ["x", "", "y"]],
  [
    '"C:\\Program Files\\blender.exe" -b\t--python C:\\t\\s.py',
    ["C:\\Program Files\\blender.exe", "-b", "--python", "C:\\t\\s.py"],
  ],
  ["C:\\end\\", ["C:\\end\\"]],
])("%j", (line, words) => {
  expect(argumentsIn(line)).toEqual(words);
});

test.each(["", "a b", 'say "hi" & go', '"', 'C:\\a "b"\\', "C:\\a b\\\\", "-a:b", 'x\\"y'])(
  "what hints have quoted is what was meant: %j",
  (word) => {
    expect(argumentsIn(`x ${wordFor("win32", word)} y`)).toEqual(["x", word, "y"]);
  },
);
