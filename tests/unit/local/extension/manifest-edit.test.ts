import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { withWheels } from "../../../../src/local/extension/manifest-edit.ts";

const edit = (source: string, ...names: string[]) =>
  withWheels(
    source,
    names.map((name) => `./wheels/${name}.whl`),
    "blender_manifest.toml",
  );

describe("a list that is there", () => {
  test("is replaced, and its comments stay", () => {
    const source = `id = "a" # mine
wheels = [ # what it brings
  "./wheels/old-[1].whl", # "not this ]"
  # 'nor this
] # the end
tags = ["x"]
`;
    expect(edit(source, "new")).toBe(`id = "a" # mine
wheels = [
  # what it brings
  # "not this ]"
  # 'nor this
  "./wheels/new.whl",
] # the end
tags = ["x"]
`);
  });

  test("goes with its line where nothing is needed, but for comments", () => {
    expect(edit('a = 1\nwheels = ["x.whl"]  \nb = 2\n')).toBe("a = 1\nb = 2\n");
    expect(edit('a = 1\nwheels = ["x.whl"] # why\nb = 2\n')).toBe("a = 1\n # why\nb = 2\n");
    expect(edit('wheels = [\n"x.whl" # why\n]')).toBe("wheels = [\n  # why\n]");
  });

  test("is found by its quoted name, and not in strings, comments and tables", () => {
    const source = 'a = """\nwheels = [1]\n"""\n# wheels = []\n"wheels" = []\n[x]\nwheels = [2]\n';
    expect(edit(source, "n")).toBe(
      source.replace('"wheels" = []', '"wheels" = [\n  "./wheels/n.whl",\n]'),
    );
  });

  test.each(["wheels = 1\n", "wheels.x = []\n", "wheels = [\n", "[build.generated]\n"])(
    "%j is refused",
    (source) => {
      expect(() => edit(source)).toThrow(/^blender_manifest\.toml: line \d/);
    },
  );
});

describe("a list that isn't there", () => {
  test.each([
    ["a = 1\n", "a = 1\nW\n"],
    ["a = 1", "a = 1\nW\n"],
    ["", "W\n"],
    ["# only this", "# only this\nW\n"],
    [
      "a = [\n  1,\n] # x\n\n# about b\n[b]\nc = 1\n",
      "a = [\n  1,\n] # x\nW\n\n# about b\n[b]\nc = 1\n",
    ],
    ["[b]\nc = 1\n", "W\n\n[b]\nc = 1\n"],
    ["# x\n[[b]]\nc = 1\n", "# x\nW\n\n[[b]]\nc = 1\n"],
    ["\uFEFFa = 1\r\n[b]\r\n", "\uFEFFa = 1\r\nW\r\n[b]\r\n"],
  ])("%j", (source, expected) => {
    const eol = source.includes("\r") ? "\r\n" : "\n";
    const list = ["wheels = [", '  "./wheels/n.whl",', "]"].join(eol);
    expect(edit(source, "n")).toBe(expected.replace("W", list));
    // Taken away again, nothing is left of it.
    if (source.endsWith("\n") && !source.startsWith("[") && !source.startsWith("#"))
      expect(edit(edit(source, "n"))).toBe(source);
    expect(edit(source)).toBe(source);
  });
});

describe("whatever else stands in it", () => {
  const eol = fc.constantFrom("\n", "\r\n");
  const line = fc.constantFrom(
    "",
    "  ",
    "# wheels = [",
    "#",
    'K = "wheels = [\\"]"',
    "K = 'x # ]' # wheels = []",
    'K = """\nwheels = [\n[no table]\n"""',
    "K = '''\n# ]\n'''",
    'K = [ # [\n  "a]", # ]\n  [ "b" ],\n]',
    'K = { wheels = ["x"] }',
    "K.wheels = 1",
    "K = 1979-05-27T07:32:00Z",
    'K = "ünïcode 🎈"',
  );
  const lines = fc.array(line, { maxLength: 6 });
  const list = fc.constantFrom(
    "wheels = []",
    'wheels=["./a.whl","./b.whl"]',
    '  "wheels" = [ "./a.whl", ] # c',
    "wheels = [\n  './a]#.whl', # ]\n\n  # \"[\n]",
  );
  const tables = fc.array(
    fc.tuple(fc.constantFrom("[tK]", "[[aK]]", "[tK.wheels]", " [ tK ] # x"), lines),
    { maxLength: 3 },
  );
  const names = fc.uniqueArray(fc.constantFrom("a", "b", "c-1.0", "d+e"), { maxLength: 4 });
  /** Keys are told apart by a number each. */
  const text = (parts: readonly string[], from: number) =>
    parts.map((one, index) => `${one.replace("K", `k${from + index}`)}\n`).join("");

  test("stays as it is, and the list is what was asked", () => {
    const made = fc.record({
      eol,
      bom: fc.boolean(),
      before: lines,
      list: fc.option(list),
      after: lines,
      tables,
      names,
    });
    fc.assert(
      fc.property(made, (one) => {
        const head = text(one.before, 0);
        const rest = text(one.after, 100);
        const below = one.tables.map(
          ([name, inside], at) => `${name.replace("K", `${at}`)}\n${text(inside, 200 + 10 * at)}`,
        );
        const ends = (part: string) => part.replaceAll("\n", one.eol);
        const source = `${one.bom ? "\uFEFF" : ""}${ends(`${head}${one.list === null ? "" : `${one.list}\n`}${rest}${below.join("")}`)}`;
        const result = edit(source, ...one.names);
        const read = (value: string) => Bun.TOML.parse(value.replace("\uFEFF", ""));
        const { wheels: _, ...others } = { wheels: null, ...read(source) };
        const { wheels, ...same } = { wheels: null, ...read(result) };
        expect(same).toEqual(others);
        expect<unknown>(wheels ?? []).toEqual(one.names.map((name) => `./wheels/${name}.whl`));
        expect(edit(result, ...one.names)).toBe(result);
        if (one.list === null) {
          const more = result.length - source.length;
          const kept = Array.from(
            { length: source.length + 1 },
            (_each, at) => result.slice(0, at) + result.slice(at + more),
          );
          expect(kept).toContain(source);
        } else {
          expect(result.startsWith((one.bom ? "\uFEFF" : "") + ends(head))).toBe(true);
          expect(result.endsWith(ends(rest + below.join("")))).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });
});
