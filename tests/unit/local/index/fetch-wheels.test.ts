import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Failure } from "../../../../src/failure.ts";
import { IndexClient } from "../../../../src/local/index/client.ts";
import { credentials } from "../../../../src/local/index/credentials.ts";
import { type FetchedWheel, fetchWheels } from "../../../../src/local/index/fetch-wheels.ts";
import { Projects } from "../../../../src/local/index/projects.ts";
import { HashCache } from "../../../../src/local/wheels/hash-cache.ts";
import { failureOf } from "../../../support/failure.ts";
import { type PackageIndex, packageIndex } from "../../../support/package-index.ts";
import { posixOnly } from "../../../support/systems.ts";

let dir = "";
let box = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "blender-remote-fetch-"));
  box = join(dir, "wheels");
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const name = "own-1.0-py3-none-any.whl";

async function clientUntil(signal: AbortSignal) {
  return new IndexClient({
    credentials: await credentials({ HOME: dir }),
    cache: null,
    offline: false,
    authorities: [],
    trusted: [],
    proxy: null,
    retries: 1,
    signal,
  });
}

async function fetched(index: PackageIndex, signal = new AbortController().signal) {
  const client = await clientUntil(signal);
  const settings = { indexes: [index.url], indexOf: new Map(), findLinks: [] };
  const files = await new Projects(client, { ...settings, strategy: "first-index" }, false).files(
    "own",
  );
  let heard = 0;
  const finished: FetchedWheel[] = [];
  const wheels = await fetchWheels(client, files, box, await HashCache.open({ HOME: dir }), {
    begins: () => {},
    starts: () => {},
    heard: (_, bytes) => {
      heard += bytes;
    },
    finished: (wheel) => finished.push(wheel),
  });
  expect(finished).toEqual(wheels);
  return { wheels, heard };
}

const codeOf = async (work: Promise<unknown>) => (await failureOf(work)).code;

test("a wheel comes once, and again where it was changed", async () => {
  await using index = packageIndex([{ name: "own", padding: 100_000 }]);
  const { wheels, heard } = await fetched(index);
  expect(wheels).toMatchObject([{ status: "downloaded", size: heard }]);
  expect(await readdir(box)).toEqual([name]);
  expect((await fetched(index)).wheels).toMatchObject([{ ...wheels[0], status: "there" }]);
  const bytes = await Bun.file(join(box, name)).bytes();
  bytes[50_000] = (bytes[50_000] ?? 0) ^ 1;
  await Bun.write(join(box, name), bytes);
  expect((await fetched(index)).wheels).toMatchObject([{ ...wheels[0], status: "downloaded" }]);
});

test("what a killed download was bringing goes after an hour, and nothing else", async () => {
  await using index = packageIndex([{ name: "own", padding: 100 }]);
  const names = [0, 1].map(() => `.${crypto.randomUUID()}.part`);
  await mkdir(box);
  for (const part of [...names, ".other.part"]) {
    await writeFile(join(box, part), "x");
    if (part !== names[1]) await utimes(join(box, part), 1, 1);
  }
  await fetched(index);
  expect((await readdir(box)).sort()).toEqual([names[1] ?? "", ".other.part", name].sort());
});

posixOnly("mkfifo")("of this machine only plain files are read", async () => {
  const path = join(dir, name);
  const file = {
    filename: name,
    url: pathToFileURL(path).href,
    hashes: { sha256: "0".repeat(64) },
    size: null,
    from: "pylock.toml",
    requiresPython: null,
    yanked: null,
    metadata: null,
    uploaded: null,
  };
  const client = await clientUntil(new AbortController().signal);
  const known = await HashCache.open({ HOME: dir });
  const silent = { begins: () => {}, starts: () => {}, heard: () => {}, finished: () => {} };
  const get = (url = file.url) =>
    codeOf(fetchWheels(client, [{ ...file, url }], box, known, silent));
  expect(await get()).toBe("download-failed");
  expect(await get(`file://elsewhere/${name}`)).toBe("download-failed");
  expect(Bun.spawnSync(["mkfifo", path]).exitCode).toBe(0);
  expect(await get()).toBe("download-failed");
  await rm(path);
  await writeFile(path, "another");
  expect(await get()).toBe("wrong-hash");
  expect(await readdir(box)).toEqual([]);
});

describe("a server that lies, or breaks", () => {
  const sha256 = "0".repeat(64);
  test.each<[string, Record<string, unknown>, Parameters<typeof packageIndex>[1], string]>([
    ["another hash", { hashes: { sha256 } }, {}, "wrong-hash"],
    ["another size", { size: 3 }, {}, "wrong-hash"],
    [
      "gone",
      {},
      {
        answer: (_, path) =>
          path.startsWith("/files") ? new Response("", { status: 404 }) : undefined,
      },
      "download-failed",
    ],
    ["a name that is a path", { filename: "../own-1.0-py3-none-any.whl" }, {}, "bad-wheel-name"],
  ])("%s: nothing is kept", async (_, says, options, code) => {
    await using index = packageIndex([{ name: "own", says }], options);
    const failure = await failureOf(fetched(index));
    expect(failure.code).toBe(code);
    expect(failure.hint).not.toBeUndefined();
    expect(await readdir(box).catch(() => [])).toEqual([]);
  });

  test("one that breaks off or asks for patience is asked again", async () => {
    const troubles = [
      () => new Response("later", { status: 429, headers: { "retry-after": "0" } }),
      () =>
        new Response(
          new ReadableStream({
            start: (body) => body.enqueue(new Uint8Array(10)),
            pull: (body) => body.error(new Error("broken off")),
          }),
        ),
    ];
    for (const trouble of troubles) {
      let asked = 0;
      await using index = packageIndex([{ name: "own" }], {
        answer: (_, path) => (path.startsWith("/files") && asked++ === 0 ? trouble() : undefined),
      });
      const { wheels, heard } = await fetched(index);
      expect(wheels).toMatchObject([{ status: "downloaded", size: heard }]);
      expect(asked).toBe(2);
      await rm(box, { recursive: true });
    }
  });

  test("Ctrl-C leaves nothing half done", async () => {
    const stop = new AbortController();
    await using index = packageIndex([{ name: "own", padding: 100_000 }], {
      answer: (_, path) => {
        if (!path.startsWith("/files")) return undefined;
        setTimeout(
          () => stop.abort(new Failure("interrupted", "stopped", { kind: "interrupted" })),
          50,
        );
        return new Response(
          new ReadableStream({ start: (body) => body.enqueue(new Uint8Array(10)) }),
        );
      },
    });
    expect(await codeOf(fetched(index, stop.signal))).toBe("interrupted");
    expect(await readdir(box)).toEqual([]);
  });
});
