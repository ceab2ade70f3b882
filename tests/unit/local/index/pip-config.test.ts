import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { credentials } from "../../../../src/local/index/credentials.ts";
import { pipSettings } from "../../../../src/local/index/pip-config.ts";
import { indexAccess, indexSettings } from "../../../../src/local/index/settings.ts";

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "blender-remote-pip-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function put(path: string, text: string): Promise<string> {
  const full = join(dir, path);
  await mkdir(dirname(full), { recursive: true });
  await writeFile(full, text);
  return full;
}

/** Nothing of this machine's own counts. */
const env = (more: Record<string, string> = {}) => ({
  HOME: dir,
  XDG_CONFIG_DIRS: dir,
  ...more,
});

test("files and variables count as they do for pip", async () => {
  await put(
    ".config/pip/pip.conf",
    `# a comment
[global]
index-url = https://one.example/simple
extra_index_url: https://two.example/simple
    https://three.example/simple
timeout = 3
[download]
timeout = 5
[install]
no-index = true
`,
  );
  const plain = await pipSettings(env(), "linux");
  expect(plain.get("index-url")).toBe("https://one.example/simple");
  expect(plain.get("timeout")).toBe("5");
  expect(plain.has("no-index")).toBe(false);
  const own = await put("other.conf", "[global]\nindex-url = https://own.example/simple\n");
  const named = await pipSettings(env({ PIP_CONFIG_FILE: own, PIP_TIMEOUT: "7" }), "linux");
  expect(named.get("index-url")).toBe("https://own.example/simple");
  expect(named.get("timeout")).toBe("7");
  const choices = {
    indexUrl: undefined,
    extraIndexUrls: ["https://typed.example/simple"],
    indexOf: new Map(),
    findLinks: [],
    noIndex: false,
    strategy: "first-index",
  } as const;
  expect(indexSettings(choices, plain, "https://usual.example/").indexes).toEqual([
    "https://typed.example/simple",
    "https://two.example/simple",
    "https://three.example/simple",
    "https://one.example/simple",
  ]);
  expect(indexSettings(choices, new Map(), "https://usual.example/").indexes).toEqual([
    "https://typed.example/simple",
    "https://usual.example/",
  ]);
});

test.each([
  ["nothing\n", "line 1 is 'nothing'"],
  ["[global]\n= x\n", "line 2 is '= x'"],
])("%j is refused", async (text, message) => {
  const own = await put("pip.conf", text);
  const failure = await pipSettings(env({ PIP_CONFIG_FILE: own }), "linux").catch((error) => error);
  expect(failure).toMatchObject({ code: "bad-pip-config", kind: "usage" });
  expect(failure.message).toContain(message);
});

test("a named file that is missing is refused, the others may be missing", async () => {
  // As on Windows: on Linux /etc/pip.conf, which this machine may have, always counts.
  const windows = env({ PROGRAMDATA: dir, APPDATA: dir });
  expect((await pipSettings(windows, "win32")).size).toBe(0);
  const away = env({ PIP_CONFIG_FILE: join(dir, "away.conf") });
  expect(await pipSettings(away, "linux").catch(({ code }) => code)).toBe("bad-pip-config");
});

test("netrc: hosts, quotes, macros, and a default", async () => {
  await put(
    ".netrc",
    `macdef init
machine wrong.example login no password no

machine one.example login me password "a b\\"c"
machine two.example
  login you account x
  password p#1
default login any password one
`,
  );
  const known = await credentials({ HOME: dir });
  const of = (host: string) => atob(known.of(new URL(`https://${host}/`))?.slice(6) ?? "");
  expect(of("one.example")).toBe('me:a b"c');
  expect(of("two.example")).toBe("you:p#1");
  expect(of("wrong.example")).toBe("any:one");
  expect(known.without("https://you:s%3Ax@one.example/simple/")).toBe(
    "https://one.example/simple/",
  );
  expect(of("one.example")).toBe("you:s:x");
});

test.each([
  [{}, null],
  [{ PIP_PROXY: "http://proxy.example:3128" }, "http://proxy.example:3128"],
  [{ PIP_PROXY: "proxy.example:3128" }, "http://proxy.example:3128"],
])("the proxy of %j", async (more, proxy) => {
  expect((await indexAccess(undefined, [], await pipSettings(env(more)))).proxy).toBe(proxy);
});

test("a proxy that isn't one of http", async () => {
  const settings = await pipSettings(env({ PIP_PROXY: "socks5://proxy.example" }));
  const refusal = await indexAccess(undefined, [], settings).catch((error: unknown) => error);
  expect(refusal).toMatchObject({ code: "bad-proxy", kind: "usage" });
});
