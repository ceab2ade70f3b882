import { describe, expect, test } from "bun:test";
import { again, ours, rendered, shellWord, text, type UserFlags, wordFor } from "../../src/text.ts";

const given = "--port 6791 --config 'a b.yaml'";
const flags: UserFlags = {
  line: `blender-remote-cli pkg install a --index-url https://me:secret@host/x ${given}`,
  takenBy: (command) => (command === "init" ? ["--config", "'a b.yaml'"] : [given]),
};

describe("a text is rendered once, with the user's own flags", () => {
  test.each([
    ["words", "words"],
    [ours("status"), "blender-remote-cli status --port 6791 --config 'a b.yaml'"],
    [
      text`look with '${ours("status", "--wait", "60")}', or give up`,
      "look with 'blender-remote-cli status --port 6791 --config 'a b.yaml' --wait 60', or give up",
    ],
    [
      ours("pkg push", "WHEELS", "PATH…", "it's"),
      `blender-remote-cli pkg push --port 6791 --config 'a b.yaml' WHEELS PATH… ${shellWord("it's")}`,
    ],
    [
      ours("pkg install", "a@https://me:se@cret@host/x"),
      `blender-remote-cli pkg install ${given} ${shellWord("a@https://…@host/x")}`,
    ],
    [ours("init"), "blender-remote-cli init --config 'a b.yaml'"],
    [
      text`then ${again("--force-reinstall")}`,
      `then blender-remote-cli pkg install a --index-url https://…@host/x ${given} --force-reinstall`,
    ],
  ])("%p", (value, expected) => {
    expect(rendered(value, flags)).toBe(expected);
  });

  test("texts go into texts, numbers too", () => {
    const way = text`run ${ours("pkg info")}`;
    expect(rendered(text`${way}; or ${3} more`)).toBe("run blender-remote-cli pkg info; or 3 more");
  });
});

test.each([
  ["numpy", "numpy", "numpy"],
  ["scipy>=1.11", "'scipy>=1.11'", '"scipy>=1.11"'],
  ["C:\\tmp\\wheels", "'C:\\tmp\\wheels'", "C:\\tmp\\wheels"],
  ["C:\\Program Files\\", "'C:\\Program Files\\'", '"C:\\Program Files\\\\"'],
  ["it's", "'it'\\''s'", `"it's"`],
  ['say "a\\"', `'say "a\\"'`, '"say ""a\\\\"""'],
  // With \" cmd.exe would take the & for its own.
  ['print("a & b")', `'print("a & b")'`, '"print(""a & b"")"'],
  ["100% done", "'100% done'", '"100% done"'],
  ["a^b", "'a^b'", '"a^b"'],
  ["a!b", "'a!b'", '"a!b"'],
  ["\\\\localhost\\c$\\x", "'\\\\localhost\\c$\\x'", '"\\\\localhost\\c$\\x"'],
  ["ä日", "'ä日'", '"ä日"'],
  ["--config=a.yaml", "--config=a.yaml", '"--config=a.yaml"'],
  ["--port=6791", "--port=6791", "--port=6791"],
  ["a,b", "a,b", '"a,b"'],
  ["@x", "@x", '"@x"'],
  ["", "''", '""'],
])("%j is quoted for the platform's shells", (word, posix, windows) => {
  expect(wordFor("linux", word)).toBe(posix);
  expect(wordFor("darwin", word)).toBe(posix);
  expect(wordFor("win32", word)).toBe(windows);
});
