import { expect, test } from "bun:test";
import fc from "fast-check";
import { MessageError, MessageReader } from "../../../../src/remote/wire/message.ts";

const limit = 1024 * 1024;
const space = fc.string({ unit: fc.constantFrom(" ", "\n", "\r", "\t"), maxLength: 3 });

/** Strings made of what a scanner could stumble over, and any others. */
const text = fc.oneof(
  fc.string({ unit: fc.constantFrom("{", "}", "[", "]", '"', "\\", "\n", "ä", "😀", "a") }),
  fc.string({ unit: "binary" }),
);
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    text,
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constantFrom(null, true, false),
    fc.array(tie("value"), { maxLength: 4 }),
    tie("object"),
  ),
  object: fc.dictionary(text, tie("value"), { maxKeys: 4 }),
}));
const message = fc.record({
  object: fc.dictionary(text, value, { maxKeys: 5 }),
  indent: fc.constantFrom(undefined, 1, "\t"),
});

function read(reader: MessageReader, bytes: Uint8Array, ends: readonly number[]): string[] {
  const found: string[] = [];
  let start = 0;
  for (const end of [...ends, bytes.length]) {
    found.push(...reader.push(bytes.subarray(start, end)));
    start = end;
  }
  return found;
}

test("messages in a row come out whole, however they are cut", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(space, message), { minLength: 1, maxLength: 4 }),
      space,
      fc.array(fc.nat(), { maxLength: 12 }),
      (spaced, last, cuts) => {
        const texts = spaced.map(([, { object, indent }]) => JSON.stringify(object, null, indent));
        const stream = `${spaced.map(([before], index) => before + texts[index]).join("")}${last}`;
        const bytes = new TextEncoder().encode(stream);
        const ends = cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b);
        // A lone surrogate has no UTF-8: both sides then have its replacement.
        const expected = texts.map((one) =>
          new TextDecoder().decode(new TextEncoder().encode(one)),
        );
        expect(read(new MessageReader(limit), bytes, ends)).toEqual(expected);
      },
    ),
    { numRuns: 500 },
  );
});

test("every cut of a message into two pieces, and into single bytes", () => {
  const texts = ['{"a\\"}{\\\\":"ä😀\\\\","b":[{"c":"]"},[]]}', "{}", '{"\\u007d":"}"}'];
  const bytes = new TextEncoder().encode(texts.join(" \r\n\t"));
  for (let cut = 0; cut <= bytes.length; cut++) {
    expect(read(new MessageReader(limit), bytes, [cut])).toEqual(texts);
  }
  expect(read(new MessageReader(limit), bytes, [...bytes.keys()])).toEqual(texts);
});

test("any message, cut into two at each of its bytes", () => {
  fc.assert(
    fc.property(message, ({ object, indent }) => {
      const text = JSON.stringify(object, null, indent);
      const bytes = new TextEncoder().encode(text);
      const expected = [new TextDecoder().decode(bytes)];
      for (let cut = 0; cut <= bytes.length; cut++) {
        expect(read(new MessageReader(limit), bytes, [cut])).toEqual(expected);
      }
    }),
    { numRuns: 200 },
  );
});

test("the pieces may be overwritten by whoever gave them", () => {
  const reader = new MessageReader(limit);
  const piece = new TextEncoder().encode('{"kept":1');
  expect(reader.push(piece)).toEqual([]);
  piece.fill(0x78);
  expect(reader.push(new TextEncoder().encode("}"))).toEqual(['{"kept":1}']);
});

test("what doesn't begin with { is no message, and the error shows its beginning", () => {
  const notAnObject = fc
    .tuple(space, fc.string({ unit: "binary", minLength: 1 }))
    .filter(([, rest]) => !/^[{ \n\r\t]/.test(rest));
  fc.assert(
    fc.property(notAnObject, ([before, rest]) => {
      expect(() => new MessageReader(limit).push(Buffer.from(before + rest))).toThrow(MessageError);
    }),
  );
  const answer = new TextEncoder().encode(`HTTP/1.1 400 Bad Request\r\n${"x".repeat(200)}`);
  try {
    new MessageReader(limit).push(answer);
    throw new Error("nothing was thrown");
  } catch (error) {
    expect(error).toBeInstanceOf(MessageError);
    expect(error).toHaveProperty("seen", `HTTP/1.1 400 Bad Request\r\n${"x".repeat(54)}`);
  }
});

test("garbage behind a complete message is an error", () => {
  expect(() => new MessageReader(limit).push(Buffer.from('{"a":1}]'))).toThrow(MessageError);
});

test("a message of the limit's length is taken, one byte more isn't, in one piece or many", () => {
  const fits = Buffer.from(JSON.stringify({ a: "x".repeat(92) }));
  expect(fits).toHaveLength(100);
  const tooLong = Buffer.from(JSON.stringify({ a: "x".repeat(93) }));
  for (const ends of [[], [50], [...tooLong.keys()]]) {
    expect(read(new MessageReader(100), fits, ends)).toHaveLength(1);
    expect(() => read(new MessageReader(100), tooLong, ends)).toThrow("longer than 100 bytes");
  }
  // It holds for a message, not for all of them together.
  const reader = new MessageReader(100);
  for (let round = 0; round < 5; round++) expect(reader.push(fits)).toHaveLength(1);
});

test("a message without an end is refused when it passes the limit, not kept for ever", () => {
  const reader = new MessageReader(1000);
  const endless = () => {
    for (let round = 0; round < 101; round++) reader.push(Buffer.from('{"a":[1,2,'));
  };
  expect(endless).toThrow(MessageError);
});

test("nesting has a bound: 500 levels are taken, more aren't waited for", () => {
  const nested = (levels: number) => `{"a":${"[".repeat(levels - 1)}${"]".repeat(levels - 1)}}`;
  expect(new MessageReader(1e6).push(Buffer.from(nested(500)))).toEqual([nested(500)]);
  const reader = new MessageReader(1e6);
  expect(() => reader.push(Buffer.from(nested(501)).subarray(0, 510))).toThrow("500 deep");
});
