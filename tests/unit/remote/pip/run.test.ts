import { afterEach, describe, expect, test } from "bun:test";
import { Failure } from "../../../../src/failure.ts";
import { runPip } from "../../../../src/remote/pip/run.ts";
import { again, rendered, text } from "../../../../src/text.ts";
import { failureOf } from "../../../support/failure.ts";
import { madeUpRun, madeUpServers, output } from "./made-up-run.ts";

const { serve, close } = madeUpServers();
afterEach(close);

const silent = { stdout: async () => {}, stderr: async () => {} };
const list = { command: ["python", "-m", "pip"], arguments: ["list"], isolated: true, ...silent };

describe("starting", () => {
  test("what is asked for, and what it means when it isn't", async () => {
    const asked: Record<string, unknown>[] = [];
    const session = await serve(({ name, arguments: args }) => {
      if (name === "pip_start.py") asked.push(args);
      if (args["action"] === "read") return output("", "", 0);
      return { busy: null };
    });
    await runPip(session, list);
    await runPip(session, { ...list, env: { A: "ä" }, cwd: "" });
    const command = ["python", "-m", "pip", "list"];
    const guard = expect.stringContaining("def main(");
    const none = { purpose: null, before: null, changes: false };
    const id = expect.any(String);
    const always = { id, command, files: {}, isolated: true, decided: null, guard, ...none };
    expect(asked).toEqual([
      { ...always, env: {}, cwd: null },
      { ...always, env: { A: "ä" }, cwd: "" },
    ]);
    expect(new Set(asked.map(({ id }) => id)).size).toBe(2);
  });

  test("where one runs already: its name, and nothing is done to it", async () => {
    const calls: unknown[] = [];
    const session = await serve(({ name }) => {
      calls.push(name);
      return { busy: madeUpRun };
    });
    const failure = await failureOf(runPip(session, list));
    expect(failure.code).toBe("pip-busy");
    expect(failure.message).toContain("process 4711, since ");
    expect(rendered(failure.hint ?? "")).toContain("pkg pip --cancel");
    expect(calls).toEqual(["pip_start.py"]);
  });

  test("one that changes packages, where another Blender changes the same", async () => {
    const asked: unknown[] = [];
    const session = await serve(({ name, arguments: args }) => {
      asked.push([name, args["changes"]]);
      return { busy: null, taken: "/site" };
    });
    const failure = await failureOf(runPip(session, { ...list, arguments: ["install", "x"] }));
    expect(failure.code).toBe("pip-busy");
    expect(failure.message).toBe("another Blender changes the packages in '/site' now");
    expect(rendered(failure.hint ?? "")).toContain("pkg pip --follow");
    expect(asked).toEqual([["pip_start.py", true]]);
  });

  test("a full disk there", async () => {
    const session = await serve(() => ({ busy: null, full: "/tmp" }));
    const failure = await failureOf(runPip(session, list));
    expect(failure.code).toBe("no-space");
    expect(failure.message).toEndWith("is full: /tmp");
    expect(failure.hint).toContain("TMPDIR");
  });

  test("output that can't be taken ends it there, and the reason is the original one", async () => {
    const calls: unknown[] = [];
    const session = await serve(({ name, arguments: args }) => {
      calls.push(args["action"] ?? name);
      if (args["action"] === "read") return output("out", "", null);
      if (name === "pip_start.py") return { busy: null };
      return { run: null };
    });
    const full = new Error("no space left");
    const stdout = () => Promise.reject(full);
    await expect(runPip(session, { ...list, stdout })).rejects.toBe(full);
    expect(calls).toContain("cancel");
  });
});

describe("a run that is ended in the middle", () => {
  const row = (name: string, version: string) => ({
    ...{ name, version, location: "/site", source: "site", modified: 1, loaded: null },
    ...{ requires: [], optional: [], editable: false },
  });
  const was = {
    ...{ wins: true, loaded_version: null, restart: false, source: "site" as const },
    ...{ requires: [], optional: [], editable: false },
  };
  const before = [{ name: "one", version: "1.0", location: "/site", modified: 1, ...was }];
  const interrupted = new Failure("interrupted", "interrupted", { kind: "interrupted" });
  const blender = (debris: string[], ...packages: unknown[]) =>
    serve(({ name, arguments: args }) => {
      if (args["action"] === "read") return output("out", "", null);
      if (name === "packages.py")
        return "folders" in args ? { debris } : { packages, broken: [], rest: [], context: null };
      return name === "pip_start.py" ? { busy: null } : { run: null };
    });
  const stdout = () => Promise.reject(interrupted);
  const install = { ...list, arguments: ["install", "one"], stdout, before };

  test("what it had changed, what is half done, and what to do", async () => {
    const debris = ["/site/two", "/site/two-3.0.dist-info", "/site/~wo-2.0.dist-info"];
    const session = await blender(debris, row("one", "2.0"), row("two", "3.0"));
    const failure = await failureOf(runPip(session, install));
    expect(failure).toMatchObject({ code: "interrupted", exitCode: 130 });
    expect(failure.message.split("\n")).toEqual([
      "interrupted, and pip in Blender as well; before that it had changed:",
      "  upgraded one from 1.0 to 2.0",
      ...debris.map((path) => `  half done: ${path}`),
    ]);
    expect(failure.hint).toEqual(text`run '${again("--force-reinstall")}' again`);
    expect(failure.details).toMatchObject({ changed: { added: [], upgraded: [{}] }, debris });
  });

  test("nothing yet", async () => {
    const failure = await failureOf(runPip(await blender([], row("one", "1.0")), install));
    expect(failure.message).toBe(
      "interrupted, and pip in Blender as well; the packages are as they were",
    );
    expect(failure.hint).toEqual(text`run '${again()}' again`);
  });

  test("one that changes no packages", async () => {
    const purpose = { line: [], part: "plan" as const, requested: [], folder: null, stage: null };
    const failure = await failureOf(runPip(await blender([]), { ...install, purpose }));
    expect(failure.message).toEndWith("; nothing was changed in Blender");
    expect(failure.hint).toEqual(text`run '${again()}' again`);
  });
});
