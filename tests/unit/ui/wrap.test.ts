import { expect, test } from "bun:test";
import fc from "fast-check";
import { wrap } from "../../../src/ui/wrap.ts";

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
