// `pkg uninstall`: removes packages from Blender's Python.

import { Failure } from "../../failure.ts";
import type { UninstallRequest } from "../../remote/install/request.ts";
import {
  type PreparedUninstall,
  prepareUninstall,
  runUninstall,
  type UninstallResult,
} from "../../remote/install/uninstall.ts";
import { changeLines } from "../../remote/packages/changes.ts";
import { ours, text } from "../../text.ts";
import type { Output } from "../../ui/output.ts";
import { normalizedName } from "../../wheels/filename.ts";
import { command } from "../_command.ts";
import { targetOf } from "../_target.ts";
import { confirmedRemoval } from "./_confirm.ts";
import { targetArg } from "./_flags.ts";
import { observerFor } from "./_install-observer.ts";
import { typedUninstall } from "./_typed.ts";
import { withPackages } from "./_with-packages.ts";

// PEP 508.
const nameForm = /^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$/i;

function namesOf(words: readonly string[]): string[] {
  const bad = words.find((word) => !nameForm.test(word));
  if (bad !== undefined) {
    throw new Failure("bad-name", `'${bad}' isn't the name of a package`, {
      kind: "usage",
      hint: text`names go here, without versions: ${ours("pkg uninstall", "numpy")}`,
    });
  }
  return [...new Set(words.map(normalizedName))];
}

function copiesOf({ site, modules }: PreparedUninstall): string {
  return [...site, ...modules]
    .map(({ name, version, location, source }) => {
      const own = source === "bundled" ? ", which Blender itself uses," : "";
      return `${name} ${version}${own} from ${location}`;
    })
    .join(", ");
}

async function render(result: UninstallResult, requested: readonly string[], output: Output) {
  const { changed, pip, warnings, notes, errors, code, hint } = result;
  if (output.json) {
    await output.writeJson({
      op: "uninstall",
      requested,
      changed,
      pip: pip === null ? null : { returncode: pip.returncode, duration_s: pip.duration },
      warnings: [...notes, ...warnings].map(output.rendered),
      errors,
      code,
      hint: hint === null ? null : output.rendered(hint),
    });
    return;
  }
  for (const line of changeLines(changed)) output.note(line);
  for (const warning of warnings) output.warn(warning);
  for (const error of errors) output.error(error);
  if (hint !== null) await output.hint(hint);
}

export const uninstall = command({
  description: "Remove packages from Blender's Python, or from Blender's user modules",
  args: {
    name: { type: "positional", description: "Names of packages, without versions" },
    target: {
      ...targetArg,
      description: "Which copy, where a package is installed in both places",
    },
    yes: { type: "boolean", alias: "y", description: "Don't ask" },
    "break-system-packages": {
      type: "boolean",
      description: "Also from a Python that the system manages (PEP 668)",
    },
  },
  several: "name",
  async options({ args, positionals }) {
    const request: Omit<UninstallRequest, "typed"> = {
      names: namesOf(positionals),
      target: args.target,
      breakSystemPackages: args["break-system-packages"],
    };
    return { request, yes: args.yes, target: await targetOf(args) };
  },
  run: ({ request: given, yes, target }, context) =>
    withPackages(target, context, async (session) => {
      const { output } = context;
      const request = { ...given, typed: typedUninstall(given) };
      const prepared = await prepareUninstall(session, request);
      const { missed } = prepared;
      if (!yes) {
        for (const line of missed) output.warn(`without it ${line}`);
        const what = `${copiesOf(prepared)}${missed.length === 0 ? "" : ", although others need it"}`;
        if (!(await confirmedRemoval(what, "it", context))) return 1;
      }
      const result = await runUninstall(session, prepared, observerFor(output));
      await render(result, request.names, output);
      return result.errors.length === 0 ? 0 : 1;
    }),
});
