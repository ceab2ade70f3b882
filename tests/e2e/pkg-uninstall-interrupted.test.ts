// Removals that take long or are interrupted: what is shown meanwhile, and what is gone then.

import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ownBlender, siteOf } from "../support/blender.ts";
import { entries } from "../support/folders.ts";
import { expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { servers } from "../support/servers.ts";
import { onTerminal } from "../support/terminal.ts";
import { until } from "../support/until.ts";
import { writeWheel } from "../support/wheels.ts";

/** Lets a function wait where a condition holds, until the job is told to stop or is let go. */
const holdAt = (call: string, condition: string, reached: string, gate: string) => `
import os, shutil, sys, threading, time
real = ${call}
reached, gate = ${JSON.stringify([reached, gate])}
def holding(*args, **more):
    words = [str(one).replace(os.sep, "/") for one in args]
    if ${condition} and not os.path.exists(gate):
        open(reached, "w").close()
        jobs = sys.modules["_blender_remote_module_jobs"].jobs
        me = threading.current_thread()
        told = lambda: any(one.progress.stopping.is_set() for one in list(jobs.values()) if one.thread is me)
        while not os.path.exists(gate) and not told():
            time.sleep(0.005)
    return real(*args, **more)
${call} = holding
`;

/** Runs at the start of every Python of a Blender: lets pip stop in the middle of an uninstall. */
const slowPip = (reached: string) => `
import os, sys, time
if "uninstall" in sys.orig_argv:
    real = os.rename
    def rename(source, target):
        real(source, target)
        if str(source).rstrip("/").endswith("brsite"):
            open(${JSON.stringify(reached)}, "w").close()
            time.sleep(600)
    os.rename = rename
`;

for (const server of servers) {
  describe(`through ${server.name}`, () => {
    let box: Sandbox;
    let there: string;
    let site: string;
    let reached: string;
    let gate: string;
    let modules: string;
    beforeAll(async () => {
      box = await sandbox();
      await server.start(box, await ownBlender(box));
      site = siteOf(box);
      there = join(box.dir, "there");
      const files = Object.fromEntries(["a", "b", "c"].map((one) => [`${one}.py`, "x = 1"]));
      for (const name of ["brone", "brsite"]) await writeWheel(there, { name, files });
      [reached, gate] = [join(box.dir, "reached"), join(box.dir, "gate")];
      const folder =
        "import bpy, os; print(os.path.join(bpy.utils.user_resource('SCRIPTS'), 'addons', 'modules'))";
      modules = expectSuccess(await box.cli(["execute", "-c", folder])).stdout.trim();
      await run("import os, shutil; kept = os._kept = (os.replace, shutil.rmtree)");
    });
    afterEach(async () => {
      await writeFile(gate, "");
      await run("import os, shutil; os.replace, shutil.rmtree = os._kept");
      await rm(reached, { force: true });
    });
    afterAll(() => box[Symbol.asyncDispose]());

    const run = async (code: string) => expectSuccess(await box.cli(["execute", "-c", code]));
    const install = async (name: string, ...flags: string[]) =>
      expectSuccess(
        await box.cli(["pkg", "install", name, "--remote-wheelhouse", there, ...flags]),
      );

    /** A removal from user modules that stops where a condition holds. */
    async function held(call: string, condition: string) {
      await install("brone", "--target", "user-modules");
      await rm(gate, { force: true });
      await run(holdAt(call, condition, reached, gate));
    }
    const halfAway = () => held("os.replace", 'words[1].endswith("/old/brone/b.py")');

    test("Blender goes on meanwhile, and how far it is is shown", async () => {
      await halfAway();
      const terminal = onTerminal(box, ["pkg", "uninstall", "brone", "--yes"], 120);
      await terminal.sees("removing packages, ");
      expect(terminal.shown()).toMatch(/removing packages, \d+ of \d+ files/);
      expect((await run("print('goes on')")).stdout).toBe("goes on\n");
      await writeFile(gate, "");
      expect(await terminal.exited).toBe(0);
      expect(terminal.shown()).toContain("removed brone 1.0");
      expect(await entries(modules)).toEqual([]);
    });

    test("Ctrl-C in the middle: all is as it was, and said", async () => {
      await halfAway();
      const before = await entries(join(modules, "brone"));
      const controller = box.spawn(["pkg", "uninstall", "brone", "--yes", "--json"]);
      await until(() => existsSync(reached));
      expect(await entries(join(modules, "brone"))).not.toEqual(before);
      controller.kill("SIGINT");
      expect(await controller.exited).toBe(130);
      const { error } = JSON.parse(await controller.stdout.text());
      expect(error).toMatchObject({
        code: "interrupted",
        message: `interrupted; nothing was removed from '${modules}', all there is as it was`,
        hint: expect.stringMatching(/^run 'blender-remote-cli pkg uninstall brone .*' again$/),
      });
      expect(await entries(join(modules, "brone"))).toEqual(before);
      expect(await entries(modules)).toEqual(["brone", "brone-1.0.dist-info"]);
    });

    test("Ctrl-C too late: that it is gone is said", async () => {
      await held("shutil.rmtree", '"/.blender-remote-" in words[0]');
      const controller = box.spawn(["pkg", "uninstall", "brone", "--yes"]);
      await until(() => existsSync(reached));
      controller.kill("SIGINT");
      expect(await controller.exited).toBe(130);
      expect(await controller.stderr.text()).toContain("interrupted; brone is removed already");
      await until(async () => (await entries(modules)).length === 0);
    });

    test("from both places, Ctrl-C in the second: what the first one did is said", async () => {
      await install("brsite");
      await halfAway();
      const controller = box.spawn(["pkg", "uninstall", "brsite", "brone", "--yes"]);
      await until(() => existsSync(reached));
      controller.kill("SIGINT");
      expect(await controller.exited).toBe(130);
      const said = await controller.stderr.text();
      expect(said).toContain("all there is as it was");
      expect(said).toContain(
        `\ngone: brsite 1.0 in ${site}\nstill there: brone 1.0 in ${modules}\n`,
      );
      expect(said).toContain("hint: 'blender-remote-cli pkg uninstall brone --yes' goes on");
      expect(await entries(modules)).toEqual(["brone", "brone-1.0.dist-info"]);
    });

    test("an upgrade, Ctrl-C in the middle: the old version is whole", async () => {
      await halfAway();
      const upgrade = ["--force-reinstall", "--target", "user-modules"];
      const line = ["pkg", "install", "brone", "--remote-wheelhouse", there, ...upgrade];
      const controller = box.spawn(line);
      await until(() => existsSync(reached));
      controller.kill("SIGINT");
      expect(await controller.exited).toBe(130);
      const said = await controller.stderr.text();
      expect(said).toContain("interrupted; nothing was changed in Blender");
      expect(await entries(modules)).toEqual(["brone", "brone-1.0.dist-info"]);
    });

    test("Ctrl-C while pip removes: what is half gone, and what wasn't begun", async () => {
      await install("brsite");
      await install("brone", "--target", "user-modules");
      await writeFile(join(site, "brslow.pth"), "import brslow\n");
      await writeFile(join(site, "brslow.py"), slowPip(reached));
      const controller = box.spawn(["pkg", "uninstall", "brsite", "brone", "--yes"]);
      await until(() => existsSync(reached));
      controller.kill("SIGINT");
      expect(await controller.exited).toBe(130);
      const said = await controller.stderr.text();
      expect(said).toContain("interrupted, and pip in Blender as well; before that it had changed");
      expect(said).toContain(`half done: ${join(site, "~rsite")}`);
      expect(said).toContain(
        `\ngone: brsite 1.0 in ${site}\nstill there: brone 1.0 in ${modules}\n`,
      );
      expect(said).toContain("hint: 'blender-remote-cli pkg uninstall brone --yes' goes on");
      for (const name of ["brslow.pth", "brslow.py"]) await rm(join(site, name));
      expectSuccess(await box.cli(["pkg", "uninstall", "brone", "--yes"]));
      expect(await entries(modules)).toEqual([]);
    });
  });
}
