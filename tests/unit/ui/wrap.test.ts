import { expect, test } from "bun:test";
import fc from "fast-check";
import { fitted, unbroken, wrap } from "../../../src/ui/wrap.ts";

test("lines break between words, further ones are indented", () => {
  expect(wrap("one two three four", 9)).toBe("one two\nthree\nfour");
  expect(wrap("one two three", 9, "  ", "- ")).toBe("- one two\n  three");
  expect(wrap("short", 40)).toBe("short");
});

test("columns inside a line stay, escape sequences take no room", () => {
  expect(wrap("read-only  /a/b", 40)).toBe("read-only  /a/b");
  expect(wrap("\u001b[1mone\u001b[0m two", 7)).toBe("\u001b[1mone\u001b[0m two");
});

test("no line is too long unless it is one word, and no word is lost", () => {
  const word = fc.stringMatching(/^[a-z]{1,15}$/);
  fc.assert(
    fc.property(
      fc.array(word, { minLength: 1 }),
      fc.integer({ min: 5, max: 60 }),
      (words, width) => {
        const lines = wrap(words.join(" "), width, "  ").split("\n");
        for (const line of lines) {
          if (line.trim().includes(" ")) expect(line.length).toBeLessThanOrEqual(width);
        }
        expect(lines.map((line) => line.trim()).join(" ")).toBe(words.join(" "));
      },
    ),
  );
});

test("a message keeps its lines and their indents; commands and quoted paths stay whole", () => {
  const command = unbroken("blender-remote-cli pkg push a b");
  expect(fitted(`hint: look with '${command}', or wait`, 20)).toBe(
    "hint: look with\n  'blender-remote-cli pkg push a b',\n  or wait",
  );
  expect(fitted("can't read '/my files/a b': it isn't a folder, that can't be", 20)).toBe(
    "can't read\n  '/my files/a b':\n  it isn't a folder,\n  that can't be",
  );
  expect(fitted("one two\n  three four five", 12)).toBe("one two\n  three four\n    five");
  expect(fitted(`${command} at the end of a long line that nobody breaks`, undefined)).toBe(
    "blender-remote-cli pkg push a b at the end of a long line that nobody breaks",
  );
});

test("wide letters take two columns, and a no-break space is none to break at", () => {
  expect(fitted("日本語 日本語 日本語", 13)).toBe("日本語 日本語\n  日本語");
  expect(fitted("ab cd\u00a0ef", 6)).toBe("ab\n  cd\u00a0ef");
});
