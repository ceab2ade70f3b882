// `pkg targets`: the official Blenders that wheels can be downloaded for.

import { targetNamed, targetNames } from "../../wheels/blender-targets.ts";
import { command } from "../_command.ts";

/** The oldest glibc or macOS, out of the tags of the platform. */
function oldestSystem(tags: readonly string[]): string {
  for (const tag of tags) {
    const [, kind, major, minor] = /-(manylinux|macosx)_(\d+)_(\d+)_/.exec(tag) ?? [];
    if (kind === "manylinux") return `glibc ${major}.${minor}`;
    if (kind === "macosx") return `macOS ${major}.${minor}`;
  }
  return "";
}

export const targets = command({
  description: "List the official Blenders that 'pkg download --for' knows",
  options: () => ({}),
  async run(_, { output }) {
    const rows = targetNames().flatMap((name) => targetNamed(name) ?? []);
    if (output.json) {
      await output.writeJson(
        rows.map(({ name, blender, platform, python, tags, bundled, unversioned }) => {
          return {
            name,
            blender,
            platform,
            python,
            system: oldestSystem(tags),
            bundled,
            unversioned,
          };
        }),
      );
      return;
    }
    const width = Math.max(...rows.map(({ name }) => name.length));
    for (const { name, python, isPythonAtLeast, tags, bundled } of rows) {
      const version = `Python ${python}${isPythonAtLeast ? " or newer" : ""}`;
      const numpy = bundled["numpy"];
      const parts = [version, oldestSystem(tags), numpy === undefined ? "" : `numpy ${numpy}`];
      await output.write(
        `${name.padEnd(width)}  ${parts.filter((one) => one !== "").join(", ")}\n`,
      );
    }
  },
});
