import { expect, test } from "bun:test";
import fc from "fast-check";
import { linuxMarkers } from "../../support/targets.ts";
import { differences } from "./packaging.ts";

const maybe = (text: fc.Arbitrary<string>) => fc.oneof(fc.constant(""), text);
const word = (...words: string[]) => fc.constantFrom(...words);
const joined = (...parts: fc.Arbitrary<string>[]) =>
  fc.tuple(...parts).map((texts) => texts.join(""));

// Few numbers, so that versions meet; and those that doubles don't tell apart.
const number = fc.oneof(
  { weight: 6, arbitrary: word("0", "1", "2", "3") },
  { weight: 1, arbitrary: word("01", "10", "20250101", "9007199254740992", "9007199254740993") },
);
const release = fc.array(number, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("."));
const apart = word("", "", ".", "-", "_");
const numbered = (words: fc.Arbitrary<string>) => joined(apart, words, apart, maybe(number));
const local = fc
  .array(word("1", "2", "01", "a", "B", "cu118", "9007199254740993"), {
    minLength: 1,
    maxLength: 3,
  })
  .chain((parts) => word(".", "-", "_").map((between) => `+${parts.join(between)}`));
const rest = (mostLocal: number) =>
  joined(
    maybe(numbered(word("a", "b", "rc", "alpha", "BETA", "c", "pre", "preview"))),
    fc.oneof(maybe(numbered(word("post", "rev", "r"))), joined(fc.constant("-"), number)),
    maybe(numbered(word("dev", "DEV"))),
    mostLocal === 0 ? fc.constant("") : maybe(local),
  );
const epoch = word("", "", "", "0!", "1!");
const version = joined(word("", "", "v"), epoch, release, rest(1));
const plain = joined(epoch, release, rest(0));

const operator = word("==", "!=", "<=", ">=", "<", ">", "~=", "===");
const clause = fc.oneof(
  { weight: 4, arbitrary: joined(operator, word("", " "), plain) },
  { weight: 2, arbitrary: joined(word("==", "!="), epoch, release, fc.constant(".*")) },
  { weight: 1, arbitrary: joined(operator, version) },
  {
    weight: 1,
    arbitrary: joined(operator, word("", "1.*", "1.0a1.*", "abc", "1..2", "*", "1.0+x")),
  },
);
const specifier = fc
  .array(clause, { maxLength: 3 })
  .chain((clauses) => word(",", ", ", " ,").map((between) => clauses.join(between)));

const variable = word(
  ...Object.keys(linuxMarkers),
  "os.name",
  "sys.platform",
  "python_implementation",
);
const quoted = (text: string) => word(`'${text}'`, `"${text}"`);
const literal = fc
  .oneof(
    plain,
    word(...Object.values(linuxMarkers)),
    word("win32", "linux darwin", "3.10, 3.11", "", "3.*", "3.11.*", "x64", "it is", "#1 \u00e9"),
  )
  .chain(quoted);
const compares = word(
  "==",
  "!=",
  "<=",
  ">=",
  "<",
  ">",
  "~=",
  "===",
  " in ",
  " not in ",
  " not  in ",
);
const comparison = fc.oneof(
  { weight: 4, arbitrary: joined(variable, compares, literal) },
  { weight: 2, arbitrary: joined(literal, compares, variable) },
  {
    weight: 2,
    arbitrary: joined(
      fc.constant("extra"),
      word("==", " != ", " in "),
      word("x", "Big.Extra", "big_extra", "").chain(quoted),
    ),
  },
  { weight: 1, arbitrary: word("python_version", "a == 'b'", "'a' = os_name", "os_name = 'b") },
);
const { marker } = fc.letrec<{ marker: string; part: string }>((tie) => ({
  part: fc.oneof(
    { maxDepth: 3 },
    comparison,
    joined(word("(", " ( "), tie("marker"), word(")", " ) ", ")", "")),
  ),
  marker: fc
    .array(tie("part"), { minLength: 1, maxLength: 3 })
    .chain((parts) => word(" and ", " or ", "  and\t").map((between) => parts.join(between))),
}));

const name = word("a", "A.b_c", "x--y", "Zope.Interface", "a-", "-a", "a_b.", "é");
const extras = word("", "", "[x]", " [ x , Y_z ]", "[]", "[x,]", "[x y]", "[,]", "[x");
const requirement = joined(
  name,
  extras,
  word("", " "),
  fc.oneof(specifier, joined(fc.constant("("), specifier, word(")", ""))),
  maybe(joined(word(";", " ; "), marker)),
  // To packaging a comma behind `===` is a part of the text; to pip's files and to us it ends it. Names
  // and markers have ASCII alone (PEP 508).
).filter((text) => !/===\s*(?:$|[;)]|[^,;]*,)/.test(text) && /^[ -~\t]*$/.test(text));

const python = word("py3", "py2.py3", "cp311", "cp39.cp310", "3", "py3.", "");
const wheel = joined(
  fc.constant("x"),
  word("", "_y", ".z", "__y", "-"),
  fc.constant("-"),
  // PEP 427; and with two dots it could make up a path.
  version.filter((text) => !/-|\.\./.test(text)),
  word("", "-1", "-2abc", "-abc"),
  fc.constant("-"),
  python,
  word("-none", "-abi3", "-none.abi3", "-none.", "-"),
  word("-any", "-win_amd64", "-manylinux_2_17_x86_64.manylinux2014_x86_64", "-", ""),
  word(".whl", ".WHL", ".zip"),
);

const environments = fc.record({
  python_version: word("3.9", "3.10", "3.11", "3.13"),
  python_full_version: word("3.10.0", "3.11.1+", "3.13.0rc1", "3.11.7"),
  platform_release: word("", "6.1.0-41-amd64", "10", "6.1"),
  platform_machine: word("x86_64", "AMD64", "arm64"),
  sys_platform: word("linux", "win32", "darwin"),
  extra: word("", "x", "big-extra"),
});

const several = <T>(one: fc.Arbitrary<T>, count: number) => fc.sample(one, count);

test("versions and specifiers mean what they mean to packaging", async () => {
  const questions = {
    versions: several(version, 3000),
    specifiers: several(specifier, 1500),
    contains: several(fc.tuple(specifier, version), 6000),
    filters: several(fc.tuple(specifier, fc.array(version, { maxLength: 6 })), 1500),
  };
  expect(await differences(questions)).toEqual([]);
}, 60_000);

test("markers and requirements mean what they mean to packaging", async () => {
  const questions = {
    markers: several(marker, 2000),
    evaluations: several(fc.tuple(marker, environments), 4000),
    requirements: several(requirement, 3000),
    names: several(fc.stringMatching(/^[A-Za-z0-9._-]{0,8}$/), 300),
  };
  expect(await differences(questions)).toEqual([]);
}, 60_000);

test("names and tags of wheels are those that packaging reads and makes", async () => {
  const questions = {
    wheels: several(wheel, 1500),
    cpython: several(
      fc.tuple(
        fc.integer({ min: 2, max: 16 }).map((minor): [number, number] => [3, minor]),
        fc.array(word("win_amd64", "linux_x86_64", "macosx_11_0_arm64"), { minLength: 1 }),
      ),
      40,
    ),
    macs: several(
      fc.tuple(
        fc.tuple(fc.integer({ min: 11, max: 27 }), fc.nat(6)),
        fc.constantFrom("x86_64" as const, "arm64" as const),
      ),
      80,
    ).concat(
      several(fc.tuple(fc.tuple(fc.constant(10), fc.nat(16)), fc.constant("x86_64" as const)), 20),
    ),
  };
  expect(await differences(questions)).toEqual([]);
}, 60_000);
