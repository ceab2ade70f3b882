// A hint that names a command line: that one can be typed.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Sandbox, sandbox } from "../support/sandbox.ts";

let box: Sandbox;
beforeAll(async () => {
  box = await sandbox();
  await Bun.write(join(box.dir, "t.py"), "");
  for (const folder of ["wheels", "x"]) await mkdir(join(box.dir, folder));
});
afterAll(() => box[Symbol.asyncDispose]());

const program = "blender-remote-cli ";

/** The end of a command line in a text: what closes its quotes, or goes on with a sentence. */
function endOf(text: string, from: number, quoted: boolean): number {
  let inWord = false;
  for (let at = from; at < text.length; at++) {
    if (text[at] !== "'") {
      if (!inWord && !quoted && /^( \(|[,;] |\n)/.test(text.slice(at))) return at;
    } else if (inWord || text[at - 1] === " " || !quoted) inWord = !inWord;
    else return at;
  }
  return text.length;
}

/** The command lines in a hint, as a shell takes them. */
function commandLines(hint: string): string[] {
  const found: string[] = [];
  for (let at = hint.indexOf(program); at !== -1; at = hint.indexOf(program, at)) {
    const end = endOf(hint, at, hint[at - 1] === "'");
    found.push(hint.slice(at, end).trim());
    at = end;
  }
  return found;
}

/** Runs a command line out of a hint; its exit code. */
async function typed(line: string): Promise<number> {
  const words = Bun.spawnSync(["sh", "-c", `printf '%s\\0' ${line}`]).stdout.toString();
  return (await box.cli(words.split("\0").slice(1, -1))).code;
}

test("the commands of hints are found", () => {
  expect(
    commandLines("did you mean 'blender-remote-cli a --b c' or 'blender-remote-cli d 'e f''?"),
  ).toEqual(["blender-remote-cli a --b c", "blender-remote-cli d 'e f'"]);
  expect(commandLines("blender-remote-cli a -b (or this)")).toEqual(["blender-remote-cli a -b"]);
});

/** A wrong command line, and what its hint must name. */
const wrong: [line: string, named: string[]][] = [
  ["uninstall numpy", ["pkg uninstall numpy", "addon uninstall numpy"]],
  ["rm numpy -y", ["pkg uninstall numpy -y"]],
  ["remove numpy", ["pkg uninstall numpy", "addon uninstall numpy"]],
  ["add numpy", ["pkg install numpy", "addon install numpy"]],
  ["upgrade numpy", ["pkg install --upgrade numpy", "addon install numpy"]],
  ["push ./wheels", ["pkg push ./wheels"]],
  ["list", ["pkg list", "addon list", "config list"]],
  ["ls", ["pkg list", "addon list"]],
  ["stat", ["status"]],
  ["execute -- t.py a", ["execute t.py -- a"]],
  ["info", ["pkg info"]],
  ["info my_addon", ["addon info my_addon"]],
  ["uninstall x --isolated", ["pkg uninstall x", "addon uninstall --isolated x"]],
  ["enable x", ["addon enable x"]],
  ["disable x", ["addon disable x"]],
  ["bootstrap", ["pkg bootstrap"]],
  ["wheelhouse", ["pkg wheelhouse"]],
  ["purge-cache -y", ["pkg purge-cache -y"]],
  ["get", ["config get"]],
  ["set cli.timeout_sec=5", ["config set cli.timeout_sec=5"]],
  ["paths", ["addon paths"]],
  ["path", ["config path"]],
  ["pkg enable x", ["addon enable x"]],
  ["addon push x", ["pkg push x"]],
  ["pip list", ["pkg pip -- list"]],
  ["pip install -U numpy", ["pkg pip -- install -U numpy"]],
  ["exec -c 1", ["execute -c 1"]],
  ["run -c 'print(1)'", ["execute -c 'print(1)'"]],
  ["python -c 1 -- a b", ["execute -c 1 -- a b"]],
  ["eval -c 1", ["execute -c 1"]],
  ["stauts", ["status"]],
  ["--port 7000 stauts --timeout 5", ["status --port 7000 --timeout 5"]],
  ["pkg instal numpy", ["pkg install numpy"]],
  ["pkg rm numpy", ["pkg uninstall numpy"]],
  ["addon delete x", ["addon uninstall x"]],
  ["pkg pip install -U numpy", ["pkg pip -- install -U numpy"]],
  ["pkg pip -q --port 7 list", ["pkg pip --port 7 -q -- list"]],
  ["start --background foo", ["start --background -- foo"]],
  ["start -bd --profile ./p foo", ["start --profile ./p -bd -- foo"]],
  ["execute t.py --flag x", ["execute t.py -- --flag x"]],
  ["status now", ["status --help"]],
  ["config path -- x", ["config path --help"]],
  ["pkg install", ["pkg install numpy 'scipy>=1.11'"]],
  ["pkg pip", ["pkg pip -- list"]],
  ["pkg push https://host.invalid/a.whl", ["pkg pip -- install https://host.invalid/a.whl"]],
  ["addon list --blender-exec /nope", ["init"]],
  ["export addon", ["export addon --output bld_remote_mcp.zip"]],
];

describe("each command line in a hint is one that is taken", () => {
  test.each(wrong)("%s", async (line, named) => {
    const words = Bun.spawnSync(["sh", "-c", `printf '%s\\0' ${line}`]).stdout.toString();
    const { code, stderr } = await box.cli(words.split("\0").slice(0, -1));
    expect(code).not.toBe(0);
    const lines = commandLines(stderr.slice(stderr.indexOf("\nhint: ")));
    expect(lines).toEqual(named.map((one) => `blender-remote-cli ${one}`));
    for (const one of lines) expect(await typed(one)).not.toBe(2);
  });
});

describe("status, which has looked, doesn't tell to look with status", () => {
  test.each<[string, (socket: { end(): void }) => void]>([
    ["closes the connection", (socket: { end(): void }) => socket.end()],
    ["says nothing", () => {}],
  ])("at a program that %s", async (_, open) => {
    const server = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: { open: (socket) => void open(socket), data() {} },
    });
    try {
      const { code, stderr } = await box.cli([
        "status",
        "--port",
        String(server.port),
        "--timeout",
        "1",
      ]);
      expect(code).not.toBe(0);
      expect(stderr).toMatch(/^hint: /m);
      expect(commandLines(stderr).filter((line) => / status\b/.test(line))).toEqual([]);
    } finally {
      server.stop(true);
    }
  });
});

test("nothing listens on another machine: nothing can be started there from here", async () => {
  const { code, stderr } = await box.cli(["pkg", "list", "--host", "127.0.0.1.nip.invalid"]);
  expect(code).toBe(4);
  expect(commandLines(stderr)).toEqual([]);
});

test("what is run again is named as it was typed, without passwords", async () => {
  const there = join(box.dir, "there.zip");
  await Bun.write(there, "");
  const line = ["export", "addon", "--output", there];
  const { code, stderr } = await box.cli(line);
  expect(code).toBe(1);
  const [again = ""] = commandLines(stderr.slice(stderr.indexOf("hint:")));
  expect(again).toBe(`blender-remote-cli ${line.join(" ")} --force`);
  expect(await typed(again)).toBe(0);
});
