import { expect, test } from "bun:test";
import { parseDocument } from "yaml";
import { quickYaml } from "../../../../src/local/config/quick-yaml.ts";

test.each([
  "a: yes\nb: on\nc: True",
  "a: 0o17\nb: 0x10\nc: 012\nd: 1_000\ne: +1\nf: 1.",
  "a: 2024-01-01\nb: 1:30\nc: 4.30\nd: '4.30'",
  "a: ~\nb: null\nc:",
  "a: 'x'\nb: \"x\\ny\"\nc: C:\\Program Files\\x\nd: /usr/bin/blender # said",
  "a:\n  - 1\n  - b\nb: [1, {c: d}]",
  "a: |\n  x\n  y\nb: >\n  x\n  y\n",
  "a: &x {b: 1}\nc: *x",
  "# nothing",
])("%j is read as by the library that edits the file", (source) => {
  expect(quickYaml(source)).toEqual(parseDocument(source).toJS());
});

test.each(["a: 1\na: 2", "a: [", "<<: {a: 1}\nb: 2", "%YAML 1.1\n---\na: yes", "a: 1\n---\nb: 2"])(
  "%j is left to it",
  (source) => {
    expect(quickYaml(source)).toBeUndefined();
  },
);
