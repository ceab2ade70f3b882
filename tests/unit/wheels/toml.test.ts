import { expect, test } from "bun:test";
import * as v from "valibot";
import { checkedToml } from "../../../src/wheels/toml.ts";
import { hasTooManyKeys } from "../../../src/wheels/toml-keys.ts";

const many = 25_000;
const numbered = (line: (index: number) => string) =>
  Array.from({ length: many }, (_, i) => line(i));

/** Texts for which Bun's parser needs five seconds or more. */
const slow: Record<string, string> = {
  keys: numbered((i) => `a${i} = 1\n`).join(""),
  "keys in quotes": numbered((i) => `"a${i}=" = '='\n`).join(""),
  "keys with dots": numbered((i) => `a.b.c${i} = 1\n`).join(""),
  "a table in braces": `a = {${numbered((i) => `a${i} = 1`).join(",")}}`,
  "a table in a list": `a = [\n[{${numbered((i) => `a${i} = 1`).join(",")}}]\n]`,
  headings: numbered((i) => `[a${i}]\n`).join(""),
  "headings below another": numbered((i) => `[a."b]".c${i}] # [\n`).join(""),
  "headings of lists": numbered((i) => `[[a]]\n[[b${i}]]\n`).join(""),
  "behind strings that look like their ends": `a = """\\""""""\nb = '''"'''\nc = "\\\\"\nd = "\\"#"\n${numbered((i) => `a${i} = 1\n`).join("")}`,
  "between braces in strings and comments": numbered((i) => `a${i} = "}" # {\n`).join(""),
};

test.each(Object.keys(slow))("%s, too many for Bun's parser", (kind) => {
  const read = checkedToml(slow[kind] ?? "", v.unknown());
  expect(read).toEqual({ ok: false, reason: "it has too many keys in one table" });
});

test("large locks have few keys a table", () => {
  const uv = numbered(
    (i) => `[[package]]
name = "p${i}"
version = "1.0"
source = { registry = "https://example.org/simple?a=b" }
wheels = [
    { url = "https://example.org/p${i}.whl#sha256=x", hash = "sha256:x", size = 1 },
    { url = "https://example.org/p${i}b.whl#sha256=x", hash = "sha256:x", size = 1 },
]

[package.optional-dependencies]
extra = [{ name = "p1" }]
[package.metadata]
requires-dist = [{ name = "a", specifier = "==1" }]
`,
  ).join("");
  expect(hasTooManyKeys(uv)).toBe(false);
  const files = Array.from({ length: 5000 }, (_, i) => `p${i} = [{file = "a", hash = "b"}]\n`);
  const poetry = `[metadata.files]\n${files.join("")}`;
  expect(checkedToml(poetry, v.unknown()).ok).toBe(true);
});

test.each(["{", "[", '"', "'", '"""', "'''", "#", "=", "}", '\\"', '"""\\', "[[", "a={", "x=[{"])(
  "a text of nothing but %s",
  (sign) => {
    expect(checkedToml(sign.repeat(300_000), v.unknown()).ok).toBe(sign === "#");
  },
);
