import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { harmless, harmlessRow, ProgramOutput } from "../../../src/ui/harmless.ts";

const attacks = [
  ["a cursor sequence", "\x1b[2J", "\\u001b[2J"],
  ["a title", "\x1b]0;title\x07", "\\u001b]0;title\\u0007"],
  ["a link", "\x1b]8;;http://x\x1b\\y", "\\u001b]8;;http://x\\u001b\\y"],
  ["the clipboard", "\x1b]52;c;aGk=\x07", "\\u001b]52;c;aGk=\\u0007"],
  ["a question to the terminal", "\x1b[6n\x1b[c\x05", "\\u001b[6n\\u001b[c\\u0005"],
  ["a device control string", "\x1bP+q544e\x1b\\", "\\u001bP+q544e\\u001b\\"],
  ["C1", "a\x9b2Jb\x9d0;t\x9c\x90", "a\\u009b2Jb\\u009d0;t\\u009c\\u0090"],
  ["DEL, NUL, SO", "a\x7f\0\x0e", "a\\u007f\\u0000\\u000e"],
  ["overrides", "a\u202eb\u202c\u2066c\u2069\u202a", "a\\u202eb\\u202c\\u2066c\\u2069\\u202a"],
] as const;

test.each(attacks)("%s is shown instead of done", (_, text, shown) => {
  expect(harmless(text)).toBe(shown);
});

test("colours and what goes back in its line are shown too, lines and other letters stay", () => {
  expect(harmless("\x1b[31ma\rb\bc\x1b[K")).toBe("\\u001b[31ma\\u000db\\u0008c\\u001b[K");
  expect(harmless("a\n\tb\r\nü 名 😀 א")).toBe("a\n\tb\r\nü 名 😀 א");
  expect(harmlessRow("a\r\nb\tc")).toBe("a\\u000d\\u000ab\\u0009c");
});

test("JSON stays the same value", () => {
  const value = attacks.map(([, text]) => text);
  expect(JSON.parse(harmless(JSON.stringify(value, null, 2)))).toEqual([...value]);
});

describe("what a program writes", () => {
  const shownOf = (...pieces: (string | Uint8Array)[]) => {
    const output = new ProgramOutput();
    const taken = pieces.map((piece) => output.take(Buffer.from(piece)));
    return taken.join("") + output.end();
  };

  test.each(attacks)("%s is shown instead of done", (_, text, shown) => {
    expect(shownOf(text)).toBe(shown);
  });

  test("keeps its colours, progress bars and half letters", () => {
    const text = "\x1b[1;38;5;9mü\x1b[0m\r50%\x1b[K\b!\n";
    expect(shownOf(text)).toBe(text);
    const bytes = Buffer.from(text);
    expect(shownOf(...Array.from(bytes, (_, index) => bytes.subarray(index, index + 1)))).toBe(
      text,
    );
  });

  test("controls of eight bits are no UTF-8, and never reach a terminal", () => {
    expect(shownOf(Buffer.from([0x61, 0x9b, 0x32, 0x4a]))).toBe("a\ufffd2J");
  });

  test("a sequence in pieces is found, and one that never ends is shown", () => {
    expect(shownOf("\x1b", "]0;t")).toBe("\\u001b]0;t");
    expect(shownOf("a\x1b[3")).toBe("a\\u001b[3");
    expect(shownOf(`\x1b[${"1".repeat(200)}m`)).toBe(`\\u001b[${"1".repeat(200)}m`);
  });

  test("its colours, such as hidden letters, end with it", () => {
    expect(shownOf("\x1b[8msecret")).toBe("\x1b[8msecret\x1b[0m");
    expect(shownOf("\x1b[8msecret\x1b[m")).toBe("\x1b[8msecret\x1b[m");
  });

  test("of any bytes in any pieces, nothing else acts", () => {
    const byte = fc.oneof(
      fc.integer({ min: 0, max: 255 }),
      fc.constantFrom(0x1b, 0x5b, 0x6d, 0x9b, 0xc2, 0xe2, 0x80, 0xae, 0x3b, 0x31),
    );
    fc.assert(
      fc.property(fc.array(fc.array(byte, { maxLength: 20 }), { maxLength: 10 }), (pieces) => {
        const shown = shownOf(...pieces.map((piece) => Uint8Array.from(piece)));
        const sequences = new RegExp(`${"\x1b"}\\[(?:[\\d;:]*m|[0-2]?K)|[\r\b\n\t]`, "g");
        const rest = shown.replace(sequences, "");
        expect(rest).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
      }),
    );
  });
});
