// The workflow of the README, to be run as it stands there.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { shellWord } from "../src/text.ts";

/**
 * The commands of the README's workflow, a shell line each.
 *
 * @param blender in the place of the README's.
 * @param remoteWheelhouse in the place of the README's.
 */
export async function workflowLines(blender: string, remoteWheelhouse: string): Promise<string[]> {
  const readme = await readFile(join(import.meta.dirname, "../README.md"), "utf8");
  const block = /^## The workflow\n.*?^```sh\n(.*?)```/ms.exec(readme)?.[1] ?? "";
  return block
    .split("\n")
    .filter((line) => line.startsWith("blender-remote-cli "))
    .map((line) =>
      line
        .replace(/ +#.*$/, "")
        .replace("/usr/bin/blender", shellWord(blender))
        .replace('"~/wheels"', shellWord(remoteWheelhouse)),
    );
}
