import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseRequirement } from "../../../src/wheels/requirement.ts";

describe("names with version constraints", () => {
  test.each([
    ["numpy", "numpy", "numpy", [], ""],
    ["  numpy  ", "numpy", "numpy", [], ""],
    ["numpy >= 1.26, < 2", "numpy>=1.26,<2", "numpy", [], ">=1.26,<2"],
    ["Foo.Bar_-baz[x, y] ~= 1.0", "Foo.Bar_-baz[x,y]~=1.0", "foo-bar-baz", ["x", "y"], "~=1.0"],
    ["numpy==1.*", "numpy==1.*", "numpy", [], "==1.*"],
    ["numpy!=1.0", "numpy!=1.0", "numpy", [], "!=1.0"],
    [
      "numpy==1!2.0rc1.post2.dev3",
      "numpy==1!2.0rc1.post2.dev3",
      "numpy",
      [],
      "==1!2.0rc1.post2.dev3",
    ],
    ["torch==2.1+cu118", "torch==2.1+cu118", "torch", [], "==2.1+cu118"],
    ["constructor", "constructor", "constructor", [], ""],
    ["numpy===1.26.4", "numpy===1.26.4", "numpy", [], "===1.26.4"],
    ["numpy === 2021-Autumn , != 3", "numpy===2021-Autumn,!=3", "numpy", [], "===2021-Autumn,!=3"],
    ["numpy (>=1, <2)", "numpy>=1,<2", "numpy", [], ">=1,<2"],
    ["numpy>=1,", "numpy>=1", "numpy", [], ">=1"],
  ])("%p", (spec, text, name, extras, specifier) => {
    const result = parseRequirement(spec);
    const rest = { marker: null, hashes: [], where: null };
    expect(result).toEqual({ ok: true, requirement: { text, name, extras, specifier, ...rest } });
  });

  test.each([
    ["pywin32 ;sys_platform=='win32'", "pywin32; sys_platform=='win32'", "sys_platform=='win32'"],
    [
      'a[x]>=1; python_version < "3.12" and (os_name != "nt" or "64" in platform_machine)',
      'a[x]>=1; python_version < "3.12" and (os_name != "nt" or "64" in platform_machine)',
      'python_version < "3.12" and (os_name != "nt" or "64" in platform_machine)',
    ],
    // As they were before PEP 508, and any letters.
    ['a; os.name == "posix"', 'a; os.name == "posix"', 'os.name == "posix"'],
    ['a; platform_version == "#1 \\ x"', 'a; platform_version == "#1 \\ x"', null],
  ])("%p: with a marker", (spec, text, marker) => {
    const result = parseRequirement(spec);
    const expected = { text, marker: marker ?? text.slice(3) };
    expect(result).toMatchObject({ ok: true, requirement: expected });
  });
});

describe("what is so much that it isn't read", () => {
  const nested = (depth: number) => `${"(".repeat(depth)}os_name == 'nt'${")".repeat(depth)}`;
  test.each([
    [`a; ${nested(3000)}`, "its marker has more than 50 brackets within each other"],
    [`a; ${Array(20000).fill("os_name=='nt'").join(" or ")}`, "it has more than 20000 characters"],
    [`a[${Array(20000).fill("x").join(",")}]`, "it has more than 20000 characters"],
  ])("%#", (spec, reason) => {
    expect(parseRequirement(spec)).toEqual({ ok: false, reason: expect.stringContaining(reason) });
  });

  test.each([
    nested(50),
    Array(769).fill("extra<''").join(" and "),
    `${"(os_name=='')and".repeat(600)}(extra<'')`,
    `${"(extra<''and ".repeat(50)}extra<''${")".repeat(50)}`,
  ])("what is just short of it: %#", (marker) => {
    expect(parseRequirement(`a; ${marker}`).ok).toBe(true);
  });
});

describe("anything else is refused, and the reason says what it is", () => {
  test.each([
    ["", "empty"],
    [" \t", "empty"],
    ["--upgrade", "option"],
    ["-r requirements.txt", "option"],
    ["numpy --no-deps", "isn't a requirement"],
    ["numpy==1.0 --hash=sha256:00", "isn't a requirement"],
    ["https://example.org/numpy.whl", "URL"],
    ["git+ssh://git@example.org/numpy", "URL"],
    ["numpy @ https://example.org/numpy.whl", "URL"],
    ["numpy@file:numpy.whl", "URL"],
    ["numpy[x]@file", "URL"],
    ["numpy; x", "'x' isn't a marker"],
    ["numpy;", "isn't a marker"],
    ["numpy; python_version < 3", "isn't a marker"],
    ["numpy===", "isn't a requirement"],
    ["numpy>=1,,<2", "isn't a requirement"],
    ["numpy (>=1", "isn't a requirement"],
    ["./numpy", "path"],
    ["numpy/", "path"],
    ["C:\\wheels", "path"],
    [".", "path"],
    ["..", "path"],
    ["numpy-1.0-py3-none-any.whl", "path"],
    ["numpy-1.0.tar.gz", "path"],
    ["numpy.tgz", "path"],
    ["numpy-1.0.TAR.XZ", "path"],
    ["numpy # comment", "comment"],
    ["numpy\n--index-url=x", "characters"],
    ["nümpy", "characters"],
    ["numpy\u0000", "characters"],
    ["numpy=1", "a version is given with =="],
    ["numpy=>1", "isn't a requirement"],
    ["numpy==", "isn't a requirement"],
    ["numpy[", "isn't a requirement"],
    ["-", "option"],
    ["_numpy", "isn't a requirement"],
    ["__proto__", "isn't a requirement"],
    ["numpy scipy", "isn't a requirement"],
    ["$HOME", "isn't a requirement"],
    ["numpy>=1.*", "version specifier"],
    ["numpy~=1", "version specifier"],
    ["numpy>1.0+local", "version specifier"],
  ])("%p", (spec, why) => {
    const result = parseRequirement(spec);
    expect(result).toEqual({ ok: false, reason: expect.stringContaining(why) });
  });
});

test("with something put into it, it is refused or still nothing but a requirement to pip", () => {
  const pieces = fc.oneof(
    fc.constantFrom(..."[]=<>~!, @/\\;#:$`'\"\n*+-.1a", "--", "..", " -", "://"),
    fc.string({ unit: "binary", minLength: 1, maxLength: 2 }),
  );
  fc.assert(
    fc.property(fc.nat({ max: 16 }), pieces, (at, piece) => {
      const spec = "numpy[x]>=1.0,<2";
      const result = parseRequirement(spec.slice(0, at) + piece + spec.slice(at));
      if (!result.ok) return;
      expect(result.requirement.text).toMatch(/^[A-Za-z0-9][\w.[\]<>=!~,+*-]*$/);
      expect(result.requirement.name).toMatch(/^[a-z0-9][a-z0-9-]*$/);
    }),
    { numRuns: 2000 },
  );
});
