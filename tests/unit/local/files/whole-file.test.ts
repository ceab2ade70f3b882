import { afterAll, beforeAll, expect, test } from "bun:test";
import { constants } from "node:fs";
import { mkdtemp, open, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf } from "../../../../src/failure.ts";
import { openPlain, wholeFile } from "../../../../src/local/files/whole-file.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "blender-remote-whole-"));
});
afterAll(() => rm(folder, { recursive: true }));

const read = async (path: string, most = 1000) => {
  try {
    return Buffer.from(await wholeFile(path, most)).toString();
  } catch (error) {
    return messageOf(error);
  }
};

test("a file as long as it may be, and one byte more", async () => {
  const path = join(folder, "file");
  await writeFile(path, "x".repeat(200_000));
  expect(await read(path, 200_000)).toBe("x".repeat(200_000));
  expect(await read(path, 199_999)).toBe("it has more than 200.0 kB");
  await writeFile(path, "");
  expect(await read(path)).toBe("");
});

test("what isn't there, and what is no file", async () => {
  expect(await read(join(folder, "none"))).toBe("no such file or folder");
  expect(await read(folder)).toBe("it is a folder");
});

const onUnix = test.skipIf(process.platform === "win32");

test.skipIf(process.platform !== "win32")("Windows' devices, by any of their names", async () => {
  for (const name of ["con", "CONIN$", "com1", join(folder, "aux.txt")])
    expect([name, await read(name)]).toEqual([name, "it is a device, and no file"]);
  expect(await read("nul")).toBe("");
});

onUnix("a device is refused, but for the one that is empty", async () => {
  expect(await read("/dev/zero")).toBe("it is a device, and no file");
  expect(await read("/dev/null")).toBe("");
  const link = join(folder, "nothing");
  await symlink("/dev/null", link);
  expect(await read(link)).toBe("");
});

onUnix("a pipe or socket is refused, whether somebody has it open or not", async () => {
  const pipe = join(folder, "pipe");
  Bun.spawnSync(["mkfifo", pipe]);
  expect(await read(pipe)).toBe("it is a pipe, and no file");
  // Who writes may be silent for ever.
  const writer = await open(pipe, constants.O_RDWR);
  expect(await read(pipe)).toBe("it is a pipe, and no file");
  await writer.close();
  const socket = join(folder, "socket");
  const server = Bun.listen({ unix: socket, socket: { data: () => {} } });
  expect(await read(socket)).toBe("it is a socket, and no file");
  server.stop(true);
});

onUnix("what is to be read in parts is a plain file", async () => {
  const refusal = async (path: string) => {
    const file = await openPlain(path).catch(messageOf);
    if (typeof file === "string") return file;
    await file.close();
    return "opened";
  };
  const pipe = join(folder, "part-pipe");
  Bun.spawnSync(["mkfifo", pipe]);
  expect(await refusal(pipe)).toBe("it is a pipe, and no file");
  expect(await refusal("/dev/null")).toBe("it is a device, and no file");
  expect(await refusal(folder)).toBe("it is a folder");
  expect(await refusal(import.meta.path)).toBe("opened");
});

onUnix("what a program writes into a pipe that a shell has opened, however slowly", async () => {
  const gate = join(folder, "gate");
  Bun.spawnSync(["mkfifo", gate]);
  const module = join(import.meta.dir, "../../../../src/local/files/whole-file.ts");
  const reading = `const { wholeText } = await import(${JSON.stringify(module)});
    process.stderr.write("begun");
    process.stdout.write(await wholeText("/dev/stdin", 1000));`;
  const script = '(echo a; cat "$1"; echo b) | "$2" -e "$3"';
  const command = ["sh", "-c", script, "sh", gate, process.execPath, reading];
  const shell = Bun.spawn(command, { stdout: "pipe", stderr: "pipe" });
  for await (const _ of shell.stderr) break;
  await writeFile(gate, "slow\n");
  expect(await new Response(shell.stdout).text()).toBe("a\nslow\nb\n");
  expect(await shell.exited).toBe(0);
});
