// ./dev <command>: the developers' commands; their usage is below.

import { join } from "node:path";
import { arm64 } from "./arm64_dev.ts";
import { installBlenders } from "./blenders.ts";
import { fuzz } from "./fuzz.ts";
import { listBlenders } from "./list_blenders.ts";
import { DevError, runVisibly } from "./process.ts";
import { protect } from "./protections.ts";
import { UsageError } from "./selection.ts";
import { test } from "./test.ts";
import { windows } from "./windows_dev.ts";

const USAGE = `usage: ./dev <command>

  build [--windows|--linux-arm64|…|--all]
                                     the executable for this machine in dist/ (also the one for Windows,
                                     or another platform, or those for every platform)
  test [unit|e2e|lint] [FILE|FOLDER…] [-t "part of a name"] [--option=value of bun test …]
                                     every check; or one kind, the tests of files and folders, the
                                     tests with this in their name (of the unit tests, where nothing
                                     else is said); the last line has the counts
  blenders [--json] [--peers]        list the Blenders that the tests use, installing what is missing
                                     (--peers: also the published CLI that ./dev bench compares with)
  windows [run [--home FOLDER] PROGRAM ARGS…]
                                     the Windows (Wine) that the tests use: makes it and says where it
                                     is, or runs a program in a fresh one (--home: in one whose drives
                                     keep what is changed in this folder)
  windows test-units [FILE|FOLDER…]  the unit tests there
  arm64 run bun|PROGRAM ARGS…        a program for Linux on arm64, by QEMU
  arm64 test-units [FILE|FOLDER…]    the unit tests there
  demo                               a wheelhouse into a fresh Blender, command by command
  bench [options]                    measure transfers and start-up times
  soak [--minutes=30]                mixed load, good and hostile, on a Blender in the background and
                                     on one with a window
  fuzz [--seconds=600] [--seed=N]    the service's Python under a fuzzer that learns (atheris)
  protections [NAME…]                takes each protection of SECURITY.md out of a copy of this folder
                                     and sees that its test fails then (those with this in them)
  help                               this text

Slow things are kept in $BLENDER_REMOTE_DEV_CACHE (default: ~/.cache/blender-remote-cli-dev).`;

const ROOT = join(import.meta.dirname, "..");

function bun(script: string, options: string[]): Promise<number> {
  return runVisibly([process.execPath, script, ...options], { cwd: ROOT });
}

async function dev(command: string | undefined, options: string[]): Promise<number> {
  switch (command) {
    case "build":
      return await bun("build.ts", options);
    case "test":
      return await test(options);
    case "blenders": {
      const unknown = options.find((option) => !["--json", "--peers"].includes(option));
      if (unknown) return wrongUsage(`blenders doesn't know ${unknown}`);
      return listBlenders(await installBlenders({ peers: options.includes("--peers") }), {
        json: options.includes("--json"),
      });
    }
    case "windows":
      return await windows(options);
    case "arm64":
      return await arm64(options);
    case "demo":
      return options.length > 0
        ? wrongUsage("demo takes no options")
        : await bun("scripts/demo.ts", []);
    case "bench":
      return await bun("tests/bench/bench.ts", options);
    case "soak":
      return await soak(options);
    case "fuzz":
      return await fuzz(options);
    case "protections":
      return await protect(options);
    case "help":
    case "--help":
    case "-h":
      console.log(USAGE);
      return 0;
    default:
      return wrongUsage(command ? `there is no ./dev ${command}` : undefined);
  }
}

/** The test of that name, for another time. */
async function soak(options: string[]): Promise<number> {
  const [option = "--minutes=30", ...rest] = options;
  const minutes = /^--minutes=(\d+(?:\.\d+)?)$/.exec(option)?.[1];
  if (minutes === undefined || rest.length > 0) return wrongUsage("soak takes --minutes=N");
  const built = await bun("build.ts", []);
  if (built !== 0) return built;
  await installBlenders();
  const test = ["test", `--timeout=${(Number(minutes) + 10) * 60_000}`];
  return await runVisibly([process.execPath, ...test, "./tests/e2e/service-soak.test.ts"], {
    cwd: ROOT,
    env: { ...process.env, SOAK_MINUTES: minutes },
  });
}

function wrongUsage(problem: string | undefined): number {
  console.error(problem ? `${problem}\n\n${USAGE}` : USAGE);
  return 2;
}

try {
  process.exitCode = await dev(process.argv[2], process.argv.slice(3));
} catch (error) {
  if (!(error instanceof DevError)) throw error;
  console.error(error.message);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
