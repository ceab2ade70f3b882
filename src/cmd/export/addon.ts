// `export addon`: writes the service add-on to a file.

import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Failure } from "../../failure.ts";
import { writeFileAtomically } from "../../local/files/atomic-write.ts";
import { requireFolderOf } from "../../local/files/output-place.ts";
import { serviceArchive } from "../../local/service/service-archive.ts";
import { serviceModule } from "../../local/service/service-files.ts";
import { again, ours, programName, text } from "../../text.ts";
import { command } from "../_command.ts";

async function checkPlace(path: string, force: boolean): Promise<void> {
  await requireFolderOf(path, "--output");
  const there = await stat(path).catch(() => undefined);
  if (there?.isDirectory()) {
    throw new Failure("output-is-folder", `${path} is a folder`, {
      kind: "usage",
      hint: text`name the file: ${ours("export addon", "--output", join(path, `${serviceModule}.zip`))}`,
    });
  }
  if (there !== undefined && !force) {
    throw new Failure("output-exists", `${path} exists already; nothing was written`, {
      hint: text`'${again("--force")}' replaces it`,
    });
  }
}

export const addon = command({
  description: "Write the service add-on as a zip that Blender's own installer takes",
  args: {
    output: { type: "string", alias: "o", valueHint: "file.zip", description: "The file to write" },
    force: { type: "boolean", description: "Replace an existing file" },
  },
  options({ args }) {
    if (!args.output) {
      throw new Failure("missing-option", `${programName} export addon needs --output`, {
        kind: "usage",
        hint: ours("export addon", "--output", `${serviceModule}.zip`),
      });
    }
    const path = resolve(args.output);
    if (!/\.zip$/i.test(path)) {
      throw new Failure("not-a-zip-name", `--output is '${args.output}'`, {
        kind: "usage",
        hint: "Blender's installer takes only names that end in .zip",
      });
    }
    return { path, force: args.force };
  },
  async run({ path, force }, { output }) {
    await checkPlace(path, force);
    const archive = serviceArchive();
    await writeFileAtomically(path, archive);
    const sha256 = new Bun.CryptoHasher("sha256").update(archive).digest("hex");
    if (output.json) {
      await output.writeJson({ op: "export-addon", path, size: archive.length, sha256 });
    } else {
      await output.result(path);
    }
  },
});
