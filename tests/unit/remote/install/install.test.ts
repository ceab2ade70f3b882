import { describe, expect, test } from "bun:test";
import { runInstall } from "../../../../src/remote/install/install.ts";
import type { InstallObserver } from "../../../../src/remote/install/observer.ts";
import { prepareInstall } from "../../../../src/remote/install/prepare.ts";
import { answeringBlenders } from "../answering.ts";
import { row } from "../packages/rows.ts";
import type { Call } from "../plain-server.ts";
import { findings, running } from "../python/findings.ts";
import { request } from "./requests.ts";

const blenderThatAnswers = answeringBlenders();

const silent: InstallObserver = {
  everything: false,
  output: async () => {},
  warn: () => {},
  note: () => {},
};

/** A pip that ends at once. */
function pipAnswer({ name, arguments: { action } }: Call): unknown {
  if (name === "pip_start.py") return { busy: null };
  if (action !== "read") return {};
  // Of the trial; no report of pip's.
  const tried = { module: "brone", error: null, lines: [], needs_blender: false };
  const report = JSON.stringify([tried]);
  return { stdout: "", stderr: "", returncode: 0, cancelled: false, seconds: 1, report };
}

/** Blender, with this wheel in its wheelhouse, which pip installs. */
function blenderWith(wheel: string) {
  let installed = false;
  return blenderThatAnswers((call) => {
    const { names } = call.arguments;
    const own = row("brone");
    switch (call.name) {
      case "probe.py":
      case "tags_probe.py": {
        const wheels = call.name === "probe.py" ? null : findings.wheels;
        const found = { ...findings, pip: null, network: null, wheels };
        return { ...running, done: true, findings: found };
      }
      case "wheelhouse.py":
        return {
          ...{ folder: "/wheels", exists: true, exposed: null },
          files: [{ name: wheel, size: 1, sha256: null }],
        };
      case "pip_start.py":
      case "pip_run.py":
        installed ||= call.name === "pip_start.py";
        return pipAnswer(call);
      default:
        if (names === undefined)
          return { packages: installed ? [own] : [], broken: [], rest: [], context: null };
        return [
          {
            ...{ name: "brone", package: own, found: true, instead: null, whose: "" },
            ...{ start_file: null, modules: ["brone"] },
          },
        ];
    }
  });
}

/** Installs it, and names what Blender was asked for: scripts, each with what it did. */
async function requestsOf(wheel: string): Promise<string[]> {
  const { session, calls } = await blenderWith(wheel);
  const asked = request(["brone"], { target: "site", wheelhouse: "/wheels" });
  const prepared = await prepareInstall(session, asked);
  const { errors, installed } = await runInstall(session, prepared, silent);
  expect({ errors, version: installed[0]?.version }).toEqual({ errors: [], version: "1.0" });
  return calls.map(({ name, arguments: { action, parts, names } }) => {
    const what = action ?? (names === undefined ? parts : "names");
    return what === undefined
      ? name
      : `${name} ${Array.isArray(what) ? what.join(" ") : what}`.trim();
  });
}

// The answers of a probe or a pip that isn't done yet are asked for again, and add to these.
describe("what an offline install asks Blender for", () => {
  const after = [
    // pip: its start, its output and end, and that its end was seen.
    "pip_start.py",
    "pip_run.py read",
    "pip_run.py finish",
    // What is installed since, and whether Blender can import what was asked for.
    "packages.py",
    "packages.py names",
    // A fresh process tries the import.
    "pip_start.py",
    "pip_run.py read",
    "pip_run.py finish",
  ];

  test("11 requests, where every Python 3 takes the wheels", async () => {
    expect(await requestsOf("brone-1.0-py3-none-any.whl")).toEqual([
      // The interpreter, and where it keeps packages.
      "probe.py",
      // What is installed now: what of it is kept, and to tell later what has changed.
      "packages.py",
      "wheelhouse.py list",
      ...after,
    ]);
  });

  test("one more for the tags, where a wheel is for some Pythons only", async () => {
    const { tags } = findings.wheels;
    expect(await requestsOf(`brone-1.0-${tags[0]}.whl`)).toEqual([
      "probe.py",
      "packages.py",
      "wheelhouse.py list",
      "tags_probe.py",
      ...after,
    ]);
  });
});
