// What stands in the way of installing packages into a Blender's Python.

import { ours, type Text, text } from "../../text.ts";
import { brokenLines } from "../packages/broken.ts";
import { closedSite, type PackageProblem, userModulesProblem } from "./closed-folders.ts";
import type { Environment } from "./environment-schema.ts";

/** No interpreter was found, for this reason. */
export function noInterpreter(reason: string | null): PackageProblem {
  return {
    code: "no-interpreter",
    message: `no Python interpreter that belongs to Blender was found (${reason ?? "no reason given"})`,
    hint: "builds from blender.org bring one; with a distribution's Blender, install the python3 package of the same version",
  };
}

/** The way around a closed site-packages. */
function aroundSite({ user_modules: folder }: Environment["site"]): Text {
  if (folder?.writable !== true) return userModulesProblem(folder).hint;
  const install = ours("pkg install", "PACKAGE", "--target", "user-modules");
  return text`install into Blender's user folder: ${install}`;
}

function pipProblem({ pip }: Environment): PackageProblem {
  return {
    code: "no-pip",
    message: `pip doesn't run in Blender's Python: ${pip.error}`,
    hint: ours("pkg bootstrap"),
  };
}

const wheelhouse = ["--remote-wheelhouse", "DIR"];

/** What stands in the way of installing packages, the most fundamental first. */
export function problemsOf(environment: Environment): PackageProblem[] {
  const { python, site, pip, network } = environment;
  if (python.executable === null) return [noInterpreter(python.executable_error)];
  const problems: PackageProblem[] = [];
  if (!pip.available) problems.push(pipProblem(environment));
  const closed = closedSite(site);
  if (closed !== undefined) {
    problems.push({ ...closed, hint: aroundSite(site) });
    const folder = site.user_modules;
    if (folder?.writable !== true) problems.push(userModulesProblem(folder));
  }
  for (const line of brokenLines(site.broken)) problems.push({ code: "broken-metadata", ...line });
  if (python.tags_error !== null) {
    problems.push({
      code: "tags-unknown",
      message: `which wheels fit isn't known: ${python.tags_error}`,
      hint: text`once pip is installed (${ours("pkg bootstrap")}), ${ours("pkg info")} tells`,
    });
  }
  if (network.probe.reachable === false) {
    problems.push({
      code: "index-unreachable",
      message: `the package index ${network.index_url} isn't reachable from Blender's machine: ${network.probe.error}`,
      hint: text`bring wheels: ${ours("pkg push", "WHEELS", ...wheelhouse)}, then ${ours("pkg install", "PACKAGE", ...wheelhouse)}`,
    });
  }
  return problems;
}
