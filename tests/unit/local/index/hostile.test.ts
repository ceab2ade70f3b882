// Indexes and files that are there to do harm.

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { IndexClient } from "../../../../src/local/index/client.ts";
import { credentials } from "../../../../src/local/index/credentials.ts";
import { HttpCache } from "../../../../src/local/index/http-cache.ts";
import { pipSettings } from "../../../../src/local/index/pip-config.ts";
import { planFor } from "../../../../src/local/index/plan.ts";
import { Projects } from "../../../../src/local/index/projects.ts";
import { MetadataStore } from "../../../../src/local/index/source.ts";
import { wheelMetadata } from "../../../../src/local/index/wheel-metadata.ts";
import {
  type WheelhouseList,
  wheelhouseList,
  writeWheelhouseList,
} from "../../../../src/local/index/wheelhouse-list.ts";
import { indexPage } from "../../../../src/wheels/index-page.ts";
import { failureOf } from "../../../support/failure.ts";
import { packageIndex } from "../../../support/package-index.ts";
import { planRequest } from "../../../support/requirements.ts";

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "blender-remote-hostile-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function clientOf(mostOfFile = 1_000_000): Promise<IndexClient> {
  return new IndexClient({
    credentials: await credentials({ HOME: dir }),
    cache: new HttpCache(join(dir, "cache")),
    offline: false,
    authorities: [],
    trusted: [],
    proxy: null,
    retries: 0,
    mostOfFile,
    signal: new AbortController().signal,
  });
}

async function projectsOf(client: IndexClient, url: string): Promise<Projects> {
  const settings = { indexes: [url], indexOf: new Map(), findLinks: [] };
  return new Projects(client, { ...settings, strategy: "first-index" }, false);
}

async function filesOf(client: IndexClient, url: string, name: string) {
  return await (await projectsOf(client, url)).files(name);
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return (await failureOf(work)).code;
}

async function planned(url: string, spec: string, limit = 10_000) {
  const client = await clientOf();
  const target = {
    name: "any",
    python: "3.11.7",
    tags: ["py3-none-any"],
    markers: {},
    bundled: {},
  };
  const store = new MetadataStore(client, dir);
  return await planFor(
    target,
    planRequest([spec], { limit }),
    await projectsOf(client, url),
    store,
  );
}

test("what one index says of a hash isn't believed of another's wheel", async () => {
  await using honest = packageIndex([{ name: "own" }]);
  const client = await clientOf();
  const [real] = await filesOf(client, honest.url, "own");
  if (real === undefined) throw new Error("nothing is offered");
  const says = { hashes: real.hashes, "core-metadata": true };
  await using liar = packageIndex([{ name: "own", requires: ["evil"], says }]);
  const [forged] = await filesOf(client, liar.url, "own");
  if (forged === undefined) throw new Error("nothing is offered");
  expect((await wheelMetadata(client, forged))?.requires).toEqual(["evil"]);
  expect((await wheelMetadata(client, real))?.requires).toEqual([]);
});

test("remembered metadata that has been cut off is asked for again", async () => {
  await using index = packageIndex([{ name: "own", requires: ["other"] }]);
  const client = await clientOf();
  const [file] = await filesOf(client, index.url, "own");
  if (file === undefined) throw new Error("nothing is offered");
  await wheelMetadata(client, file);
  for (const name of await readdir(join(dir, "cache"), { recursive: true }))
    if (name.endsWith(".body")) await writeFile(join(dir, "cache", name), "");
  expect((await wheelMetadata(client, file))?.requires).toEqual(["other"]);
});

test("metadata is checked byte by byte, whatever letters it has", async () => {
  const bytes = Buffer.from(
    "Metadata-Version: 2.1\nName: own\nVersion: 1.0\nAuthor: \xe9\n",
    "latin1",
  );
  const sha256 = new Bun.CryptoHasher("sha256").update(bytes).digest("hex").toUpperCase();
  await using index = packageIndex([{ name: "own", says: { "core-metadata": { sha256 } } }], {
    answer: (_, path) => (path.endsWith(".metadata") ? new Response(bytes) : undefined),
  });
  const client = await clientOf();
  const [file] = await filesOf(client, index.url, "own");
  expect(file && (await wheelMetadata(client, file))?.name).toBe("own");
});

test("a file without an end isn't waited for", async () => {
  await using index = packageIndex([], {
    answer: () =>
      new Response(new ReadableStream({ pull: (body) => body.enqueue(new Uint8Array(1000)) })),
  });
  const client = await clientOf();
  const file = client.file(`${index.origin}/x`, join(dir, "x"), "sha256", 100_000, () => {});
  const failure = await failureOf(file);
  expect([failure.code, failure.hint]).toEqual(["wrong-hash", expect.stringContaining("changed")]);
});

describe("a file of which the index says no size", () => {
  const endless = () =>
    new Response(new ReadableStream({ pull: (body) => body.enqueue(new Uint8Array(1000)) }));

  test.each([
    ["without an end", endless],
    ["that says at once how large it is", () => new Response(new Uint8Array(200_000))],
  ])("%s isn't taken beyond the bound", async (_, answer) => {
    await using index = packageIndex([], { answer });
    const client = await clientOf(100_000);
    const path = join(dir, "x");
    const heard: number[] = [];
    const file = client.file(`${index.origin}/x`, path, "sha256", null, (n) => heard.push(n));
    const failure = await failureOf(file);
    expect(failure.code).toBe("too-large");
    expect(failure.message).toContain("no file of an index may have more than 100.0 kB");
    expect(Math.max(0, ...heard)).toBeLessThanOrEqual(100_000);
    expect(await readdir(dir)).not.toContain("x");
  });

  test("or of which it says too large a one, isn't asked for", async () => {
    await using index = packageIndex([], { answer: endless });
    const client = await clientOf(100_000);
    const file = client.file(`${index.origin}/x`, join(dir, "x"), "sha256", 1e15, () => {});
    expect((await failureOf(file)).code).toBe("too-large");
    expect(index.asked).toEqual([]);
  });

  test("neither is a whole wheel whose metadata is needed", async () => {
    const says = { size: null, "core-metadata": false };
    await using index = packageIndex([{ name: "own", says }], {
      metadata: false,
      ranges: false,
      answer: (_, path) => (path.endsWith(".whl") ? endless() : undefined),
    });
    expect(await codeOf(planned(index.url, "own"))).toBe("too-large");
  });
});

test("a page without an end takes no longer than the limit", async () => {
  await using index = packageIndex([], {
    answer: () =>
      new Response(new ReadableStream({ start: (body) => body.enqueue(new Uint8Array(1)) })),
  });
  expect(await codeOf(planned(index.url, "own", 200))).toBe("resolution-timeout");
});

test("a package may have a name that every object knows", async () => {
  await using index = packageIndex([{ name: "constructor" }]);
  const { packages } = await planned(index.url, "constructor");
  expect(packages).toMatchObject([{ version: "1.0", file: { from: index.url } }]);
});

test("a page's addresses bring no user of theirs", async () => {
  await using index = packageIndex([
    { name: "own", says: { url: "http://me%ff:no@host/own.whl" } },
  ]);
  const [file] = await filesOf(await clientOf(), index.url, "own");
  expect(file?.url).toBe("http://host/own.whl");
});

test.skipIf(process.platform === "win32")("a pipe in a file's place isn't waited for", async () => {
  const pipe = join(dir, "pipe");
  Bun.spawnSync(["mkfifo", pipe]);
  expect((await credentials({ NETRC: pipe })).of(new URL("https://host/"))).toBeUndefined();
  const env = { HOME: dir, XDG_CONFIG_DIRS: dir, PIP_CONFIG_FILE: pipe };
  expect(await codeOf(pipSettings(env, "linux"))).toBe("bad-pip-config");
});

test("elements within elements aren't read for ever", () => {
  const html = `${"<b>".repeat(300_000)}${"</i>".repeat(300_000)}`;
  expect(
    indexPage(new TextEncoder().encode(html), "text/html", "https://host/", (files) => files).ok,
  ).toBe(false);
});

test("a remembered page that has been cut off is asked for again", async () => {
  await using index = packageIndex([{ name: "own" }], {
    headers: { "cache-control": "max-age=60" },
  });
  expect(await filesOf(await clientOf(), index.url, "own")).toHaveLength(1);
  for (const name of await readdir(join(dir, "cache"), { recursive: true }))
    if (name.endsWith(".body")) await writeFile(join(dir, "cache", name), "");
  expect(await filesOf(await clientOf(), index.url, "own")).toHaveLength(1);
});

test("a page that hasn't changed but whose remains are damaged is asked for as a whole", async () => {
  const asked: (string | null)[] = [];
  await using server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request) => {
      const known = request.headers.get("if-none-match");
      asked.push(known);
      const headers = { etag: '"one"', "cache-control": "no-cache", "content-type": "text/html" };
      if (known === '"one"') return new Response(null, { status: 304, headers });
      return new Response("<a href='own-1.0-py3-none-any.whl'>own</a>", { headers });
    },
  });
  const url = `${server.url}simple/`;
  for (const _ of [1, 2]) expect(await filesOf(await clientOf(), url, "own")).toHaveLength(1);
  for (const name of await readdir(join(dir, "cache"), { recursive: true }))
    if (name.endsWith(".body")) await writeFile(join(dir, "cache", name), "other");
  expect(await filesOf(await clientOf(), url, "own")).toHaveLength(1);
  expect(asked).toEqual([null, '"one"', '"one"', null]);
});

test("an index whose files are of no use keeps the next one out all the same", async () => {
  await using first = packageIndex([{ name: "own" }]);
  await using second = packageIndex([{ name: "own" }]);
  const settings = { indexes: [first.url, second.url], indexOf: new Map(), findLinks: [] };
  const projects = new Projects(await clientOf(), { ...settings, strategy: "first-index" }, false);
  const files = await projects.files("own", () => []);
  expect(files.map(({ from }) => from)).toEqual([first.url]);
});

const emptyList: WheelhouseList = { version: 1, targets: {}, wheels: [] };
const never = new AbortController().signal;

test("of downloads into one folder at once none forgets what another brought", async () => {
  const box = join(dir, "shared");
  await mkdir(box);
  const lists = Array.from({ length: 8 }, (_, at): WheelhouseList => {
    const name = `a${at}-1-py3-none-any.whl`;
    const about = { package: `a${at}`, version: "1", sha256: "", size: 1, url: "" };
    const target = { python: "3.11.7", kept: {} };
    return {
      version: 1,
      targets: { [`t${at}`]: target },
      wheels: [{ name, ...about, targets: [], required_by: [] }],
    };
  });
  for (const { wheels } of lists) await writeFile(join(box, wheels[0]?.name ?? ""), "");
  await Promise.all(lists.map((list) => writeWheelhouseList(box, list, false, never)));
  const written = await wheelhouseList(box);
  expect(Object.keys(written?.targets ?? {}).sort()).toEqual(lists.map((_, at) => `t${at}`));
  expect(written?.wheels.map(({ name }) => name)).toEqual(
    lists.map((_, at) => `a${at}-1-py3-none-any.whl`),
  );
});

test("--prune removes what the list says, and no folder, other file or changed wheel", async () => {
  const [gone, changed, folder] = [
    "a-1-py3-none-any.whl",
    "b-1-py3-none-any.whl",
    "c-1-py3-none-any.whl",
  ];
  const box = join(dir, "box");
  await mkdir(join(box, folder), { recursive: true });
  for (const path of [gone, changed, "notes.whl", "../own.whl"])
    await writeFile(join(box, path), path);
  const sha256 = new Bun.CryptoHasher("sha256").update(gone).digest("hex");
  const about = {
    package: "a",
    version: "1",
    sha256,
    size: 1,
    url: "",
    targets: [],
    required_by: [],
  };
  const names = [gone, changed, folder, "notes.whl", "../own.whl", join(dir, "own.whl")];
  const wheels = names.map((name) => ({ ...about, name }));
  await writeFile(join(box, "wheelhouse.json"), JSON.stringify({ ...emptyList, wheels }));
  const { removed } = await writeWheelhouseList(box, emptyList, true, never);
  expect(removed).toEqual([gone]);
  expect((await readdir(box)).sort()).toEqual([
    ".wheelhouse.json.lock",
    changed,
    folder,
    "notes.whl",
    "wheelhouse.json",
  ]);
  expect(await readdir(dir)).toContain("own.whl");
});

test("a cache that can't be written is none", async () => {
  await writeFile(join(dir, "cache"), "");
  await using index = packageIndex([{ name: "own" }]);
  expect((await planned(index.url, "own")).packages).toHaveLength(1);
});

test("of a wheel with very many files its list comes in few parts", async () => {
  const names = Array.from({ length: 20_000 }, (_, at) => `${"long".repeat(15)}${at}.h`);
  const files = Object.fromEntries(names.map((name) => [name, ""]));
  await using index = packageIndex([{ name: "own", files }], { metadata: false });
  const client = await clientOf();
  const [file] = await filesOf(client, index.url, "own");
  expect(file && (await wheelMetadata(client, file))?.name).toBe("own");
  expect(index.asked.length).toBeLessThan(40);
});
