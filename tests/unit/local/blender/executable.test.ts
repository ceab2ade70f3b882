import { describe, expect, test } from "bun:test";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { Failure } from "../../../../src/failure.ts";
import {
  blenderEnvironment,
  checkVersion,
  executableAt,
  identifyBlender,
  noVersion,
} from "../../../../src/local/blender/executable.ts";
import { failureOf } from "../../../support/failure.ts";
import { ended } from "../../../support/process.ts";
import { isEmulated, posixGroup } from "../../../support/systems.ts";
import { windowsProgram } from "./program-heads.ts";
import { testFolders } from "./programs.ts";

const never = new AbortController().signal;
const folder = testFolders();
const { program } = folder;

posixGroup("its programs are shell scripts")("identifyBlender", () => {
  test("reads the version behind noise of the system", async () => {
    const path = await program("echo 'warning: x'; echo 'Blender 4.2.1 LTS'; echo build");
    expect(await identifyBlender(path, never)).toEqual({
      executable: path,
      version: "4.2.1",
      numbers: [4, 2, 1],
    });
  });

  test.each([
    ["echo 'Python 3.11.2'", "Python 3.11.2"],
    ["true", "said nothing"],
    ["echo 'unknown option' >&2; exit 2", "unknown option"],
  ])("%s isn't Blender", async (script, said) => {
    const failure = await failureOf(identifyBlender(await program(script), never));
    expect(failure.code).toBe("not-blender");
    expect(failure.message).toContain(said);
    expect(failure.exitCode).toBe(1);
  });

  test("one that lacks a library of the system says which", async () => {
    const says = "blender: error while loading shared libraries: libx.so.3: cannot open it";
    const path = await program(`echo '${says}' >&2; exit 127`);
    const failure = await failureOf(identifyBlender(path, never));
    expect(failure.code).toBe("blender-not-executable");
    expect(failure.message).toContain("libx.so.3 is missing");
  });

  test("text that isn't a program", async () => {
    const text = join(folder.path, "text");
    await writeFile(text, "hello", { mode: 0o755 });
    expect((await failureOf(identifyBlender(text, never))).code).toBe("not-blender");
  });

  test.skipIf(isEmulated)(
    "what can't be run, or isn't there (not by QEMU, which loses why)",
    async () => {
      const text = join(folder.path, "text");
      await writeFile(text, "hello");
      expect((await failureOf(identifyBlender(text, never))).code).toBe("blender-not-executable");
      const absent = join(folder.path, "absent");
      expect((await failureOf(identifyBlender(absent, never))).code).toBe("blender-not-found");
    },
  );

  test.skipIf(isEmulated)(
    "a program of another system (not by QEMU, which loses why)",
    async () => {
      const path = join(folder.path, "Blender");
      for (const mode of [0o644, 0o755]) {
        await writeFile(path, windowsProgram, { mode });
        const failure = await failureOf(identifyBlender(path, never));
        expect(failure.code).toBe("not-blender");
        expect(failure.message).toContain("it is a program for Windows (x64), and this is ");
      }
    },
  );

  test("one that is killed at its start", async () => {
    const path = await program("kill -9 $$");
    const failure = await failureOf(identifyBlender(path, never));
    expect(failure.message).toEndWith("asked for --version it ended with signal SIGKILL");
  });

  test("an interruption ends it and all it started", async () => {
    const controller = new AbortController();
    const pids = join(folder.path, "pids");
    await Bun.spawn(["mkfifo", pids]).exited;
    const path = await program(`sleep 1000 & echo $! > ${pids}; wait`);
    const work = identifyBlender(path, controller.signal);
    const pid = Number(await readFile(pids, "utf8"));
    controller.abort(new Failure("interrupted", "interrupted", { kind: "interrupted" }));
    expect((await failureOf(work)).code).toBe("interrupted");
    // A killed process may take a moment to go; one that goes on would keep this waiting until the
    // test's own limit.
    await ended(pid);
  });
});

test("on macOS what was downloaded and is killed at its start is explained", () => {
  const path = "/Applications/Blender 5.0.app/Contents/MacOS/Blender";
  const said = { stdout: "", tails: { stdout: "", stderr: "" } };
  const finished = { exitCode: null, signalCode: "SIGKILL", ...said, timedOut: false };
  const { code, hint } = noVersion(path, finished, "darwin");
  expect(code).toBe("blender-not-executable");
  expect(hint).toContain("xattr -p com.apple.quarantine '/Applications/Blender 5.0.app'");
  expect(noVersion(path, finished, "linux").code).toBe("not-blender");
});

describe("executableAt", () => {
  test("takes a macOS bundle's inner executable and refuses other folders", async () => {
    const inner = join(folder.path, "Blender.app/Contents/MacOS/Blender");
    await mkdir(join(inner, ".."), { recursive: true });
    await writeFile(inner, "");
    expect(await executableAt(join(folder.path, "Blender.app"))).toBe(inner);
    expect((await failureOf(executableAt(folder.path))).message).toContain("it is a folder");
    expect((await failureOf(executableAt(""))).code).toBe("not-blender");
    expect((await failureOf(executableAt(join(folder.path, "no")))).code).toBe("blender-not-found");
  });
});

test.each([
  [2, 93, false],
  [3, 2, false],
  [3, 3, true],
  [4, 0, true],
])("Blender %d.%d", (major, minor, fits) => {
  const blender = {
    executable: "/b",
    version: `${major}.${minor}.0`,
    numbers: [major, minor, 0],
  } as const;
  if (fits) expect(() => checkVersion(blender)).not.toThrow();
  else expect(() => checkVersion(blender)).toThrow("3.3 or newer is needed");
});

test.each([
  [".:/bin::rel:/sbin", "/bin:/sbin"],
  ["", undefined],
  [".", undefined],
])("a PATH of %j is %j in Blender: no program of its current folder", (path, expected) => {
  const PATH = path.replaceAll(":", delimiter);
  const found = blenderEnvironment({ PATH });
  expect(found["PATH"]).toBe(expected?.replaceAll(":", delimiter));
  expect("PATH" in blenderEnvironment({})).toBe(false);
});

test("Python's own variables don't reach Blender", () => {
  const found = blenderEnvironment({ PYTHONPATH: "/x", PYTHONHOME: "/y", PATH: "/bin" });
  expect(Object.keys(found).filter((name) => /^PYTHON/.test(name))).toEqual([]);
  expect(found).toMatchObject({ PATH: "/bin" });
});
