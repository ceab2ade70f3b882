import { expect, test } from "bun:test";
import { hostname } from "node:os";
import { clientName, isOwnClient } from "../../../../src/remote/wire/client.ts";

test("a command says its name, its process, its user and its machine", () => {
  const name = clientName("pkg push");
  expect(name).toStartWith(`blender-remote-cli pkg push, pid ${process.pid}, `);
  expect(name).toEndWith(`@${hostname()}`);
  expect(name).not.toContain("unknown");
  expect(clientName("")).toStartWith(`blender-remote-cli, pid ${process.pid}, `);
});

test("its own name is known again, another's isn't", () => {
  expect(isOwnClient(clientName("execute"))).toBe(true);
  expect(isOwnClient(clientName("execute").replace(/pid \d+/, "pid 1"))).toBe(false);
});
