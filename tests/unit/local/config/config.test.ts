import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import {
  configurationPath,
  openConfiguration,
  readConfiguration,
} from "../../../../src/local/config/config.ts";
import {
  changeConfiguration,
  effectiveValues,
  keysIn,
  settingOf,
  setValue,
  valueAt,
} from "../../../../src/local/config/edit.ts";
import { rendered } from "../../../../src/text.ts";
import { failureOf } from "../../../support/failure.ts";
import { isEmulated, posixOnly } from "../../../support/systems.ts";

/** As `config set` does it. */
async function change(where: string, key: string, text: string) {
  const setting = settingOf(key, text);
  const { signal } = new AbortController();
  const options = { seconds: 60, signal, onWait: () => {} };
  await changeConfiguration(where, options, (file) => setValue(file, setting));
  return setting;
}

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "config-test-"));
  path = join(folder, "config.yaml");
});
afterEach(() => rm(folder, { recursive: true }));

describe("configurationPath", () => {
  test("flag, then environment, then the usual place", () => {
    const env = { HOME: "/home/me", BLENDER_REMOTE_CONFIG: "/etc/br.yaml" };
    expect(configurationPath("/a/b.yaml", env, "linux")).toBe(resolve("/a/b.yaml"));
    expect(configurationPath(undefined, env, "linux")).toBe(resolve("/etc/br.yaml"));
    const usual = join("/home/me/.config/blender-remote/bld-remote-config.yaml");
    expect(configurationPath(undefined, { HOME: "/home/me" }, "linux")).toBe(usual);
    const empty = { HOME: "/home/me", BLENDER_REMOTE_CONFIG: "", XDG_CONFIG_HOME: "relative" };
    expect(configurationPath(undefined, empty, "linux")).toBe(usual);
  });

  test("each operating system has its own place", () => {
    expect(configurationPath(undefined, { XDG_CONFIG_HOME: "/x" }, "linux")).toBe(
      join("/x/blender-remote/bld-remote-config.yaml"),
    );
    expect(configurationPath(undefined, { HOME: "/Users/me" }, "darwin")).toBe(
      join("/Users/me/Library/Application Support/blender-remote/bld-remote-config.yaml"),
    );
    expect(configurationPath(undefined, { LOCALAPPDATA: "/L" }, "win32")).toBe(
      join("/L/blender-remote/blender-remote/bld-remote-config.yaml"),
    );
  });

  test("an empty --config is refused", () => {
    expect(() => configurationPath("", {}, "linux")).toThrow("--config is empty");
  });
});

describe("readConfiguration", () => {
  test("a missing file gives the defaults", async () => {
    expect(await readConfiguration(path)).toEqual({
      path,
      exists: false,
      blender: undefined,
      timeoutSeconds: 300,
      port: 6688,
      logLevel: "INFO",
    });
  });

  test.each(["", "# nothing yet\n", "cli:\nmcp_service:\n", "blender: {}\n"])(
    "a file that says nothing (%j) gives the defaults",
    async (text) => {
      await writeFile(path, text);
      const read = await readConfiguration(path);
      expect(read).toMatchObject({ exists: true, timeoutSeconds: 300, port: 6688 });
      expect(read.blender).toBeUndefined();
    },
  );

  test("what the file of the Python package says is read", async () => {
    await writeFile(
      path,
      "blender:\n  version: 4.3.2\n  exec_path: /opt/blender/blender\n  extensions_dir: null\n" +
        "cli:\n  timeout_sec: 12.5\nmcp_service:\n  default_port: 7000\n  log_level: debug\n",
    );
    expect(await readConfiguration(path)).toMatchObject({
      blender: { executable: "/opt/blender/blender", version: "4.3.2" },
      timeoutSeconds: 12.5,
      port: 7000,
      logLevel: "DEBUG",
    });
  });

  test.each([
    [
      "cli:\n  timeout_sec: 5\nmcp_service:\n  default_port: hello\n",
      4,
      'mcp_service.default_port must be a number, but is "hello"',
    ],
    ["mcp_service:\n  default_port: 70000\n", 2, "must be a port from 1 to 65535"],
    ["mcp_service:\n  default_port: 1.5\n", 2, "must be a whole number"],
    ["mcp_service:\n  log_level: LOUD\n", 2, "must be one of DEBUG, INFO"],
    ["cli:\n  timeout_sec: 0\n", 2, "must be more than 0"],
    ["cli:\n  timeout_sec: .inf\n", 2, "must be a number of seconds"],
    ["\n\nblender: 5\n", 3, "blender must be a section with keys"],
    ["blender:\n  exec_path: [a]\n", 2, "blender.exec_path must be text"],
    ["blender:\n  exec_path: ''\n", 2, "must not be empty"],
    ["- a\n- b\n", 1, "must hold keys with values"],
    ["hello", 1, "must hold keys with values"],
    ["cli: {\n  timeout_sec: 5\n", 3, "not YAML"],
    ["cli:\n  a: 1\n  a: 2\n", 3, "not YAML"],
    ["cli:\n\ttimeout_sec: 5\n", 2, "not YAML"],
    ["a: 1\n---\nb: 2\n", 2, "not YAML"],
  ])("%j is refused with line %d", async (text, line, message) => {
    await writeFile(path, text);
    const failure = await failureOf(readConfiguration(path));
    expect(failure.code).toBe("config-invalid");
    expect(failure.exitCode).toBe(2);
    expect(failure.message).toStartWith(`${path}:${line}: `);
    expect(failure.message).toContain(message);
    expect(rendered(failure.hint ?? "")).toContain(`line ${line}`);
  });

  test("a file made of references to itself is refused", async () => {
    const levels = Array.from(
      { length: 9 },
      (_, n) => `a${n + 1}: &a${n + 1} [${`*a${n},`.repeat(9)}]`,
    );
    await writeFile(path, `a0: &a0 [x]\n${levels.join("\n")}\n`);
    expect((await failureOf(readConfiguration(path))).code).toBe("config-invalid");
  });

  test("a folder in the file's place is named", async () => {
    await mkdir(path);
    const failure = await failureOf(readConfiguration(path));
    expect(failure.code).toBe("config-unreadable");
    expect(failure.message).toContain(path);
  });
});

describe("setValue", () => {
  test("comments, order and unknown keys stay as they are", async () => {
    const before =
      "# my machine\nmine:\n  - 1 # one\nmcp_service:\n  # the farm's port\n  default_port: 7000 # not 6688\n  log_level: INFO\ncli:\n  timeout_sec: 300\n";
    await writeFile(path, before);
    await change(path, "mcp_service.default_port", "7001");
    expect(await readFile(path, "utf8")).toBe(before.replace("7000", "7001"));
  });

  test("a missing file and its folder are made", async () => {
    const deep = join(folder, "a", "b", "config.yaml");
    expect(await change(deep, "cli.timeout_sec", "60")).toMatchObject({ value: 60, known: true });
    expect(await readFile(deep, "utf8")).toBe("cli:\n  timeout_sec: 60\n");
  });

  test.each([
    ["blender.version", "4.30", "4.30"],
    ["blender.all_addon_paths", "[/a, /b]", ["/a", "/b"]],
    ["mcp_service.log_level", "debug", "DEBUG"],
    ["mine.count", "5", 5],
    ["mine.on", "true", true],
    ["mine.text", "[x", "[x"],
    ["mine.list", "[1, 2]", "[1, 2]"],
    ["mine.path", "C:\\Program Files: x # y", "C:\\Program Files: x # y"],
    ["mine.empty", "", ""],
  ])("%s takes %j as %j", async (key, text, value) => {
    expect((await change(path, key, text)).value).toEqual(value);
    expect(valueAt(effectiveValues(await openConfiguration(path)), key.split("."))).toEqual(value);
  });

  test.each([
    ["mcp_service.default_port", "hello", "bad-value"],
    ["mcp_service.default_port", "0", "bad-value"],
    ["mcp_service.log_level", "LOUD", "bad-value"],
    ["cli.timeout_sec", "-1", "bad-value"],
    ["blender.exec_path", "", "bad-value"],
    ["cli", "5", "bad-key"],
    ["mine", "5", "bad-key"],
    ["cli.timeout_sec.more", "5", "bad-key"],
    ["mine.deep.er", "5", "bad-key"],
    ["", "5", "bad-key"],
    ["a..b", "5", "bad-key"],
  ])("%s=%s is refused, and nothing is written", async (key, text, code) => {
    const before = "mine:\n  deep: 1\n";
    await writeFile(path, before);
    const failure = await failureOf(change(path, key, text));
    expect([failure.code, failure.exitCode]).toEqual([code, 2]);
    expect(await readFile(path, "utf8")).toBe(before);
  });

  test("a wrong value can be set right", async () => {
    await writeFile(path, "mcp_service:\n  default_port: hello\n");
    await change(path, "mcp_service.default_port", "7000");
    expect((await readConfiguration(path)).port).toBe(7000);
  });

  test("names of JavaScript's own are ordinary keys", async () => {
    await change(path, "__proto__.polluted", "1");
    await change(path, "constructor", "2");
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
    expect(valueAt(effectiveValues(await openConfiguration(path)), ["toString"])).toBeUndefined();
  });

  posixOnly("links take a right of their own on Windows")(
    "mode and link stay, and no temporary file is left",
    async () => {
      const real = join(folder, "dotfiles", "real.yaml");
      await mkdir(join(folder, "dotfiles"));
      await writeFile(real, "cli:\n  timeout_sec: 1\n");
      await chmod(real, 0o640);
      await symlink("dotfiles/real.yaml", path);
      await change(path, "cli.timeout_sec", "2");
      expect((await lstat(path)).isSymbolicLink()).toBe(true);
      expect((await stat(real)).mode & 0o777).toBe(0o640);
      expect(await readFile(real, "utf8")).toBe("cli:\n  timeout_sec: 2\n");
      expect((await readdir(join(folder, "dotfiles"))).sort()).toEqual([
        ".real.yaml.lock",
        "real.yaml",
      ]);
    },
  );

  posixOnly("links take a right of their own on Windows")(
    "a link to a file that isn't there yet is followed",
    async () => {
      await symlink("later.yaml", path);
      await change(path, "cli.timeout_sec", "2");
      expect((await readdir(folder)).sort()).toEqual([
        ".later.yaml.lock",
        "config.yaml",
        "later.yaml",
      ]);
      expect((await lstat(path)).isSymbolicLink()).toBe(true);
    },
  );

  test("a place that can't be written is named", async () => {
    await writeFile(path, "a: 1\n");
    const below = join(path, "config.yaml");
    expect((await failureOf(change(below, "cli.timeout_sec", "2"))).message).toContain(below);
  });
});

test("keysIn lists sections and their keys", () => {
  expect(keysIn({ a: { b: 1, c: { d: 2 } }, e: [1] })).toEqual(["a", "a.b", "a.c", "a.c.d", "e"]);
});

describe("a file that is no configuration of one Blender", () => {
  /** Each as long as a file may be. */
  const hostile: Record<string, string> = {
    "the same key again and again": "a: 1\n".repeat(20_000),
    brackets: `a: ${"[".repeat(99_000)}`,
    braces: `a: ${"{a: ".repeat(24_000)}`,
    dashes: `a:\n  ${"- ".repeat(49_000)}x`,
    "empty lines": `a:\n${" \t\n".repeat(33_000)}`,
    "directives without an end": "%\n".repeat(49_000),
    aliases: `a: &a [${"x, ".repeat(1000)}]\n${Array.from({ length: 60 }, (_, i) => `b${i}: &b${i} [${"*a, ".repeat(300)}]`).join("\n")}`,
  };

  // About text alone; QEMU takes a minute.
  test.skipIf(isEmulated).each(Object.keys(hostile))(
    "%s: read or refused, and the program goes on",
    async (kind) => {
      await writeFile(path, hostile[kind] ?? "");
      const read = await readConfiguration(path).catch((error: unknown) => error);
      if (read instanceof Error)
        expect(read).toMatchObject({ code: "config-invalid", exitCode: 2 });
      else expect(read).toMatchObject({ port: 6688 });
    },
    30_000,
  );

  test("too long, to read or to write", async () => {
    await writeFile(path, `a: ${"x".repeat(99_990)}\n`);
    expect((await openConfiguration(path)).exists).toBe(true);
    expect(await failureOf(change(path, "b", "too much"))).toMatchObject({
      code: "config-too-long",
    });
    expect((await stat(path)).size).toBe(99_994);
    await writeFile(path, Array.from({ length: 200_000 }, (_, i) => `a${i}: 1\n`).join(""));
    expect(await failureOf(readConfiguration(path))).toMatchObject({
      code: "config-unreadable",
      message: expect.stringContaining("it has more than 100.0 kB"),
    });
  });
});
