import { describe, expect, test } from "bun:test";
import type { Command, Group } from "../../../src/cmd/_command.ts";
import { helpText } from "../../../src/cmd/_help.ts";
import { root } from "../../../src/cmd/_tree.ts";

async function everyNode(
  path: string,
  node: Command | Group,
): Promise<[string, Command | Group][]> {
  if (node.kind === "command") return [[path, node]];
  const below = await Promise.all(
    [...node.commands].map(async ([name, load]) =>
      everyNode(path === "" ? name : `${path} ${name}`, await load()),
    ),
  );
  return [[path, node], ...below.flat()];
}

const nodes = await everyNode("", root);

describe.each([40, 41, 59, 80, 100])("at %p columns", (width) => {
  test.each(nodes)("%s fits, and no word is broken", async (path, node) => {
    const text = await helpText(path, node, width);
    for (const line of text.split("\n")) {
      // A word that is longer than the line stays whole, a flag with its value too.
      const wide = line.trim().split(" ").length > 1 && !/^ {2}\S*-\S/.test(line);
      if (wide) expect(line.length).toBeLessThanOrEqual(width);
    }
    const said = text.replace(/\s+/g, " ");
    const options = node.kind === "command" ? Object.values(node.args) : [];
    for (const { description, negativeDescription, default: given } of options.map((one) => ({
      negativeDescription: undefined,
      default: undefined,
      ...one,
    }))) {
      const expected = given === true ? negativeDescription : description;
      if (expected !== undefined) expect(said).toContain(expected);
    }
    expect(said).toContain("0 done · 1 failed");
    expect(said).toContain("130 interrupted");
  });
});

test("a title is one line at 80 columns", async () => {
  for (const [path, node] of nodes) {
    const [title = "", second] = (await helpText(path, node, 80)).split("\n");
    expect(`${path}: ${title}\n${second}`).toBe(`${path}: ${title}\n`);
  }
});

test("pkg pip tells of one time limit only", async () => {
  const found = nodes.find(([path]) => path.endsWith("pkg pip"));
  if (found === undefined) throw new Error("no pkg pip");
  const text = await helpText(...found, 80);
  expect(text).toContain("none unless given");
  expect(text).not.toContain("300");
});
