import { afterAll, afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { accessTo, givenToken } from "../../../src/cmd/_access.ts";
import { tokenPaths } from "../../../src/local/service/token-file.ts";
import { rendered } from "../../../src/text.ts";
import { failureOfCall } from "../../support/failure.ts";

const folder = mkdtempSync(join(tmpdir(), "blender-remote-access-"));
afterAll(() => rmSync(folder, { recursive: true }));

const own = "o".repeat(40);
const given = "g".repeat(40);
const ofVariable = "v".repeat(40);
const port = 7654;
const here = { host: "127.0.0.1", port };
const elsewhere = { host: "blender.example", port };
const file = join(folder, "given");
writeFileSync(file, given, { mode: 0o600 });

const names = ["HOME", "XDG_STATE_HOME", "LOCALAPPDATA", "BLENDER_REMOTE_TOKEN"];
const before = names.map((name) => [name, process.env[name]] as const);
beforeEach(() => {
  for (const name of ["HOME", "XDG_STATE_HOME", "LOCALAPPDATA"]) process.env[name] = folder;
  delete process.env["BLENDER_REMOTE_TOKEN"];
  const path = pathOf(here);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, own, { mode: 0o600 });
});
afterEach(() => {
  for (const [name, value] of before) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
});

/** The file that is looked for first. */
function pathOf(address: typeof here): string {
  return tokenPaths(address)[0] ?? "";
}

async function tokenOf(...args: Parameters<typeof accessTo>): Promise<string | undefined> {
  return (await accessTo(...args).token())?.value;
}

test("on this machine the service's own, by its port", async () => {
  expect(await tokenOf(here, {})).toBe(own);
  expect(await tokenOf({ host: "127.0.0.1", port: port + 1 }, {})).toBeUndefined();
  expect(await tokenOf(elsewhere, {})).toBeUndefined();
});

describe("at another address of this machine", () => {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const others = ["127.0.0.2", "::1", ...all.map(({ address }) => address)].filter(
    (address) => address !== "127.0.0.1",
  );

  // Who listens there could pass on what it hears to the service on 127.0.0.1, and what that proves.
  test.each(others)("the token of 127.0.0.1 isn't used for %s", async (host) => {
    expect(await tokenOf({ host, port }, { auth: true })).toBeUndefined();
  });

  test.each(others)("%s: that of the service there, before that of one on all", async (host) => {
    const [alone = "", onAll = ""] = tokenPaths({ host, port });
    try {
      writeFileSync(onAll, given, { mode: 0o600 });
      expect(await tokenOf({ host, port }, {})).toBe(given);
      writeFileSync(alone, ofVariable, { mode: 0o600 });
      expect(await tokenOf({ host, port }, {})).toBe(ofVariable);
      expect(await tokenOf(here, {})).toBe(own);
    } finally {
      rmSync(alone, { force: true });
      rmSync(onAll);
    }
  });
});

test("it is looked for with each connection", async () => {
  const access = accessTo(here, {});
  writeFileSync(pathOf(here), "n".repeat(40));
  expect((await access.token())?.value).toBe("n".repeat(40));
  rmSync(pathOf(here));
  expect(await access.token()).toBeUndefined();
});

test("the variable before that, the flag before all", async () => {
  process.env["BLENDER_REMOTE_TOKEN"] = "";
  expect(await tokenOf(here, {})).toBe(own);
  process.env["BLENDER_REMOTE_TOKEN"] = ofVariable;
  expect(await tokenOf(here, {})).toBe(ofVariable);
  expect(await tokenOf(elsewhere, {})).toBe(ofVariable);
  expect(await tokenOf(here, { "token-file": file })).toBe(given);
});

test("--no-auth: none", async () => {
  process.env["BLENDER_REMOTE_TOKEN"] = ofVariable;
  expect(await tokenOf(here, { auth: false })).toBeUndefined();
  const failure = failureOfCall(() => givenToken({ auth: false, "token-file": file }));
  expect({ code: failure.code, exit: failure.exitCode }).toEqual({ code: "two-tokens", exit: 2 });
});

test("a token that can't be used is no reason to go on without one", async () => {
  process.env["BLENDER_REMOTE_TOKEN"] = "short";
  expect(failureOfCall(() => accessTo(here, {})).code).toBe("bad-token");
  const missing = failureOfCall(() => givenToken({ "token-file": join(folder, "missing") }));
  expect({ code: missing.code, exit: missing.exitCode }).toEqual({
    code: "no-token-file",
    exit: 5,
  });
  delete process.env["BLENDER_REMOTE_TOKEN"];
  writeFileSync(pathOf(here), "short");
  expect(tokenOf(here, {})).rejects.toMatchObject({ code: "bad-token", exitCode: 5 });
});

test("what was typed is named where it is what doesn't fit", () => {
  const hintOf = (flags: object) => rendered(givenToken(flags)?.otherwise ?? "");
  expect(hintOf({ "token-file": file })).toStartWith("leave --token-file out");
  process.env["BLENDER_REMOTE_TOKEN"] = ofVariable;
  expect(hintOf({})).toStartWith("unset BLENDER_REMOTE_TOKEN");
  expect(accessTo(here, { auth: false }).why).toBe("--no-auth gives none");
});

test("words about a token name where it is, and no token", async () => {
  const token = await accessTo(here, {}).token();
  const says = `${token?.whose} ${rendered(token?.otherwise ?? "")}`;
  expect(says).toContain(`whose token is in ${pathOf(here)}`);
  expect(says).toContain("--no-auth");
  expect(says).not.toContain(own);
});
