// ./dev demo: packages downloaded, carried and installed into a fresh Blender, as someone would type it.

import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { bpyEnvironment, installBlenders } from "./blenders.ts";
import { freePort } from "./port.ts";
import { DevError, mustRun, note, runVisibly } from "./process.ts";
import { workflowLines } from "./workflow.ts";

const ROOT = join(import.meta.dirname, "..");

async function demo(): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "blender-remote-demo-"));
  try {
    await mustRun([process.execPath, "build.ts"], { cwd: ROOT });
    const blender = await bpyEnvironment(join(folder, "blender-env"));
    const code = await play(blender.launcher, folder, "own");
    return code === 0 ? await onDebian(folder) : code;
  } finally {
    await endBlenders(folder);
    await rm(folder, { recursive: true, force: true });
  }
}

/** Once more on Debian's Blender, whose Python belongs to the system. */
async function onDebian(folder: string): Promise<number> {
  const debian = (await installBlenders({ only: ["debian"] })).find(
    ({ name }) => name === "debian",
  );
  if (debian?.state !== "ready") {
    note(`\nDebian's Blender isn't shown: ${debian?.reason ?? "not known"}`);
    return 0;
  }
  note("\nNow with Debian's Blender, whose Python the system manages");
  return await play(debian.path, folder, "debian");
}

/** Runs the workflow line by line until one fails; its exit code, or 0. */
async function play(blender: string, folder: string, name: string): Promise<number> {
  const home = join(folder, `${name}-home`);
  await mkdir(home);
  const env = {
    ...process.env,
    PATH: [join(ROOT, "dist"), process.env["PATH"]].join(delimiter),
    HOME: home,
    XDG_CONFIG_HOME: join(home, ".config"),
    XDG_CACHE_HOME: join(home, ".cache"),
    XDG_DATA_HOME: join(home, ".local", "share"),
    XDG_STATE_HOME: join(home, ".local", "state"),
    BLENDER_REMOTE_CONFIG: join(home, "config.yaml"),
    BLENDER_REMOTE_PORT: `${await freePort()}`,
  };
  for (const line of await workflowLines(blender, join(folder, `${name}-wheels`))) {
    console.log(`\n$ ${line}`);
    const command = ["/bin/sh", "-c", line];
    const code = await runVisibly(command, { cwd: folder, env });
    if (code !== 0) {
      console.error(`\nthe demonstration ends here: exit code ${code}`);
      return code;
    }
  }
  return 0;
}

/** Ends what still runs out of the demonstration's own folder: it was started there, detached. */
async function endBlenders(folder: string): Promise<void> {
  for (const pid of await readdir("/proc").catch(() => [])) {
    if (!/^\d+$/.test(pid)) continue;
    const commandLine = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (!commandLine.includes(folder)) continue;
    try {
      process.kill(Number(pid), "SIGTERM");
      for (let waited = 0; waited < 5000; waited += 50) {
        process.kill(Number(pid), 0); // throws as soon as it has ended
        await Bun.sleep(50);
      }
      process.kill(Number(pid), "SIGKILL");
    } catch {
      // It has ended.
    }
  }
}

// Ctrl-C reaches the running command too; what is left is to clean up after it.
process.on("SIGINT", () => {});

try {
  process.exitCode = await demo();
} catch (error) {
  if (!(error instanceof DevError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
