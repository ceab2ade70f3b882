import { afterAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ownFolders } from "../../../../src/local/files/os-folders.ts";
import { checkToken, tokenIn } from "../../../../src/local/service/token-file.ts";
import { rendered } from "../../../../src/text.ts";
import { failureOfCall } from "../../../support/failure.ts";
import { givesFilesAway, pythonCommand } from "../../../support/systems.ts";

const folder = mkdtempSync(join(tmpdir(), "blender-remote-token-"));
afterAll(() => rmSync(folder, { recursive: true }));
const posix = test.skipIf(process.platform === "win32");
const secret = "s3cret-".repeat(6);

let number = 0;
/** A file that only its owner may use. */
function fileWith(content: string | Uint8Array, mode = 0o600): string {
  const path = join(folder, `${++number}`);
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

function refusalOf(path: string) {
  const failure = failureOfCall(() => tokenIn(path));
  expect(failure.exitCode).toBe(5);
  const says = `${failure.message}\n${rendered(failure.hint ?? "")}`;
  expect(says).not.toContain(secret);
  return { code: failure.code, says };
}

test("a token, with or without the end of its line", () => {
  expect(tokenIn(fileWith(secret))).toBe(secret);
  expect(tokenIn(fileWith(`${secret}\n`, 0o400))).toBe(secret);
  expect(tokenIn(fileWith(`${secret}\r\n`))).toBe(secret);
});

test("no file is no token", () => {
  expect(tokenIn(join(folder, "missing"))).toBeUndefined();
  expect(tokenIn(join(folder, "missing", "missing"))).toBeUndefined();
});

describe("a file that others may use", () => {
  for (const mode of [0o640, 0o604, 0o620, 0o602, 0o610, 0o666]) {
    posix(mode.toString(8), () => {
      const path = fileWith(secret, mode);
      const { code, says } = refusalOf(path);
      expect(code).toBe("unsafe-token-file");
      expect(says).toContain(`others may use it (mode 0${mode.toString(8)})`);
      expect(says).toContain(`chmod 600 ${path}`);
    });
  }
});

test.skipIf(!givesFilesAway)("another user's file, where tests may make one", () => {
  const path = fileWith(secret);
  chownSync(path, 12345, 12345);
  expect(refusalOf(path).says).toContain("it belongs to another user (uid 12345)");
});

posix("a link, a folder, a pipe, a device: none is waited for", () => {
  const link = join(folder, "link");
  symlinkSync(fileWith(secret), link);
  expect(refusalOf(link).says).toContain("it is a link");
  const pipe = join(folder, "pipe");
  expect(spawnSync("mkfifo", ["-m", "600", pipe]).status).toBe(0);
  for (const path of [pipe, folder, "/dev/zero", "/dev/null"]) {
    expect(refusalOf(path)).toMatchObject({ code: "unsafe-token-file" });
    expect(refusalOf(path).says).toContain("it is no regular file");
  }
});

test.each([
  ["nothing", ""],
  ["an empty line", "\n"],
  ["too little", "x".repeat(31)],
  ["too much", "x".repeat(1025)],
  ["very much", "x".repeat(50_000_000)],
  ["two words", `${secret} x`],
  ["two lines", `${secret}\n${secret}`],
  ["zeros", `${secret}\0`],
  ["other letters", "ä".repeat(40)],
])("a file with %s", (_, content) => {
  const { code, says } = refusalOf(fileWith(content));
  expect(code).toBe("bad-token");
  expect(says).toContain("holds no token");
});

test("the service keeps it where it is looked for", () => {
  const source = join(import.meta.dir, "../../../../src/service/bld_remote_mcp/token_file.py");
  const code = `import runpy; print(runpy.run_path(${JSON.stringify(source)})["state_folder"](), end="")`;
  for (const state of [undefined, "", "relative", join(folder, "state")]) {
    const home = join(folder, "home");
    const kept = Object.entries(process.env).filter(([name]) => !name.startsWith("XDG_"));
    const env = { ...Object.fromEntries(kept), HOME: home, LOCALAPPDATA: join(home, "Local") };
    if (state !== undefined) Object.assign(env, { XDG_STATE_HOME: state });
    const { stdout, stderr } = spawnSync(pythonCommand, ["-c", code], { env, encoding: "utf8" });
    expect(stderr).toBe("");
    expect(stdout).toBe(join(ownFolders(env).state, "tokens"));
  }
});

test("a token of a variable", () => {
  expect(checkToken(secret, "BLENDER_REMOTE_TOKEN")).toBe(secret);
  expect(checkToken("~".repeat(1024), "V")).toBe("~".repeat(1024));
  const failure = failureOfCall(() => checkToken("too short", "BLENDER_REMOTE_TOKEN"));
  expect(failure.message).toContain("BLENDER_REMOTE_TOKEN holds no token");
  expect(failure.message).not.toContain("too short");
});
