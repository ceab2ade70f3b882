// What the real pip says when it, or its configuration, is damaged.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pipWheel from "../../../../src/remote/bootstrap/pip_wheel/pip.whl" with { type: "file" };
import pipWhole from "../../../../src/remote/bootstrap/pip_whole.py" with { type: "text" };
import { diagnosePip } from "../../../../src/remote/pip/diagnosis.ts";
import { rendered } from "../../../../src/text.ts";
import { anyPython } from "../../../support/systems.ts";

let folder = "";
let python = "";

/** To compile pip each time is most of the work. */
const keepsBytecode = { PYTHONDONTWRITEBYTECODE: undefined };

async function ran(args: string[], env: Record<string, string> = {}) {
  const child = Bun.spawn([python, "-X", "utf8", ...args], {
    env: {
      ...process.env,
      ...keepsBytecode,
      PYTHONPATH: folder,
      PIP_CONFIG_FILE: "/dev/null",
      ...env,
    },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { code: await child.exited, said: stdout + stderr };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "blender-remote-broken-pip-"));
  python = await anyPython();
  await ran(["-m", "zipfile", "-e", pipWheel, folder]);
});
afterAll(() => rm(folder, { recursive: true }));

const install = ["-m", "pip", "install", "--no-index", "no-such-package"];

test("one that is whole", async () => {
  expect(await ran(["-c", pipWhole])).toEqual({ code: 0, said: "" });
  const { code, said } = await ran(install);
  expect(code).toBe(1);
  expect(diagnosePip(said, { wheelhouse: "/w" })?.code).toBe("no-matching-distribution");
});

const command = "commands/install.py";

test.each<[string, string, (text: string) => string, RegExp]>([
  ["a text that isn't Python", command, (text) => `${text}\ndef (\n`, /SyntaxError: invalid/],
  // Before Python 3.11.4 it is a ValueError.
  [
    "bytes of a disk",
    command,
    () => "\0".repeat(4000),
    /(Syntax|Value)Error: source code.* null bytes/,
  ],
  ["names that aren't there", command, (text) => `${text}\nnone_such\n`, /NameError: name 'none_s/],
  ["an empty file", command, () => "", /AttributeError: module 'pip\._internal\.commands\.install/],
  [
    "an import",
    command,
    (text) => `${text}\nimport pip._vendor.none\n`,
    /NotFoundError: No module/,
  ],
  ["a name of another", "req/__init__.py", () => "", /ImportError: cannot import name 'Install/],
  [
    "what is imported late",
    "resolution/resolvelib/resolver.py",
    (text) => `${text}\nx = (\n`,
    /SyntaxError: '\(' was never closed/,
  ],
  [
    "a part that is empty and imported late",
    "resolution/resolvelib/resolver.py",
    () => "",
    /AttributeError: module 'pip\._internal\.resolution/,
  ],
])("%s", async (_, file, damaged, error) => {
  const path = join(folder, "pip/_internal", file);
  const whole = await readFile(path, "utf8");
  try {
    await writeFile(path, damaged(whole));
    const { code, said } = await ran(install);
    expect(code).not.toBe(0);
    const found = diagnosePip(said, { wheelhouse: "/w" });
    expect(found?.code).toBe("broken-pip");
    expect(found?.message).toMatch(error);
    expect(rendered(found?.hint ?? "")).toContain("pkg bootstrap");
    // So bootstrap replaces it.
    expect((await ran(["-c", pipWhole])).code).toBe(1);
  } finally {
    await writeFile(path, whole);
  }
});

test("a crash of another kind is none", () => {
  const frames = (...more: string[]) =>
    ["ERROR: Exception:", "Traceback (most recent call last):", ...more].join("\n");
  const own = '  File "/s/pip/_internal/cli/main.py", line 1, in <module>\n    import ssl';
  const python = '  File "/lib/python3.11/ssl.py", line 100, in <module>\n    import _ssl';
  const running = '  File "/s/pip/_internal/req/req_install.py", line 1, in install\n    x()';
  for (const said of [
    frames(own, python, "ImportError: libssl.so.3: cannot open shared object file"),
    frames(running, "ValueError: x"),
    `  ${frames(own, "SyntaxError: x").replaceAll("\n", "\n  ")}`,
  ])
    expect(diagnosePip(`${said}\n`, { wheelhouse: "/w" })).toBeUndefined();
});

test.each([
  ["[global]\nindex-url = a\nindex-url = b\n", ", line 3"],
  ["[global]\nindex-url = a\n\n[global]\nproxy = b\n", ", line 4"],
  ["index-url = a\n", ", line 1"],
  ["[global]\n nonsense\nmore\n", ", line 2"],
  ["[global]\nproxy = \u00ff\n", ""],
])("a configuration that can't be read: %j", async (text, line) => {
  const path = join(folder, "in pip.conf");
  await writeFile(path, Buffer.from(text, "latin1"));
  const { said } = await ran(install, { PIP_CONFIG_FILE: path });
  expect(diagnosePip(said, { wheelhouse: undefined })).toMatchObject({
    code: "bad-pip-config",
    message: `pip's configuration file on Blender's machine can't be read: ${path}${line}`,
  });
});
