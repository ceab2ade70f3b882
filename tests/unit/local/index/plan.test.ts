import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Failure } from "../../../../src/failure.ts";
import { IndexClient } from "../../../../src/local/index/client.ts";
import { credentials } from "../../../../src/local/index/credentials.ts";
import { HttpCache } from "../../../../src/local/index/http-cache.ts";
import { type PlanRequest, planFor } from "../../../../src/local/index/plan.ts";
import { Projects } from "../../../../src/local/index/projects.ts";
import type { IndexSettings } from "../../../../src/local/index/settings.ts";
import { MetadataStore } from "../../../../src/local/index/source.ts";
import type { NamedRequirement } from "../../../../src/wheels/requirement.ts";
import type { WheelTarget } from "../../../../src/wheels/target.ts";
import { failureOf } from "../../../support/failure.ts";
import {
  type PackageIndex,
  packageIndex,
  type ServedWheel,
} from "../../../support/package-index.ts";
import { planRequest, requirement } from "../../../support/requirements.ts";
import { writeWheel } from "../../../support/wheels.ts";

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "blender-remote-index-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const windows: WheelTarget = {
  name: "blender-4.2-windows-x64",
  python: "3.11.7",
  tags: ["cp311-cp311-win_amd64", "cp311-none-win_amd64", "py3-none-any"],
  markers: { sys_platform: "win32", python_version: "3.11", python_full_version: "3.11.7" },
  bundled: { numpy: "1.24.3" },
};

interface Ask {
  specs: string[];
  constraints?: string[];
  settings?: Partial<IndexSettings>;
  request?: Partial<PlanRequest>;
  target?: Partial<WheelTarget>;
  offline?: boolean;
  proxy?: string;
}

async function plan(index: PackageIndex | undefined, ask: Ask) {
  const client = new IndexClient({
    credentials: await credentials({ HOME: dir }),
    cache: new HttpCache(join(dir, "cache")),
    offline: ask.offline ?? false,
    authorities: [],
    trusted: [],
    proxy: ask.proxy ?? null,
    retries: 0,
    signal: new AbortController().signal,
  });
  const settings: IndexSettings = {
    indexes: index === undefined ? [] : [index.url],
    indexOf: new Map(),
    findLinks: [],
    strategy: "first-index",
    ...ask.settings,
  };
  const constraints = (ask.constraints ?? []).map(requirement);
  const request = planRequest(ask.specs, { constraints, ...ask.request });
  const projects = new Projects(client, settings, false);
  return await planFor(
    { ...windows, ...ask.target },
    request,
    projects,
    new MetadataStore(client, dir),
  );
}

/** `name version`, with `(kept)` for what Blender brings; or the error's code and text. */
async function planned(index: PackageIndex | undefined, ask: Ask): Promise<string[] | string> {
  try {
    const { packages } = await plan(index, ask);
    return packages.map(
      ({ name, version, file }) => `${name} ${version}${file === null ? " (kept)" : ""}`,
    );
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return `${error.code}: ${error.message}`;
  }
}

const wheels: ServedWheel[] = [
  { name: "click", version: "8.1", requires: ['colorama; sys_platform == "win32"'] },
  { name: "colorama" },
  { name: "array", version: "1.0", requires: ["numpy<2"] },
  { name: "array", version: "2.0", requires: ["numpy>=2"] },
  { name: "numpy", version: "2.1", tag: "cp311-cp311-win_amd64" },
  { name: "numpy", version: "1.24.3", tag: "cp311-cp311-win_amd64" },
  { name: "late", version: "1.0", says: { "upload-time": "2024-01-01T00:00:00Z" } },
  { name: "late", version: "2.0", says: { "upload-time": "2025-01-01T00:00:00Z" } },
  { name: "gone", version: "1.0" },
  { name: "gone", version: "2.0", says: { yanked: "broken" } },
  { name: "early", version: "1.0" },
  { name: "early", version: "2.0rc1" },
  { name: "onlyearly", version: "1.0a1" },
  { name: "newer", version: "1.0" },
  { name: "newer", version: "2.0", says: { "requires-python": ">=3.12" } },
  { name: "linux", version: "1.0", tag: "cp311-cp311-manylinux_2_17_x86_64" },
  { name: "more", version: "1.0", requires: ['colorama; extra == "Colour"'] },
  { name: "needy", version: "1.0", requires: ["linux>=0.5"] },
];

describe("what is installed and will do stays", () => {
  const installed = new Map([
    ["click", { version: "8.0", requires: ["colorama>=0.5", "not a requirement @ all"] }],
    ["array", { version: "1.0", requires: [] }],
    ["more", { version: "1.0.0", requires: ['linux; extra == "x"'] }],
    ["onlyhere", { version: "0.1", requires: ["gone"] }],
  ]);
  const target = { tags: [...windows.tags, "cp311-cp311-manylinux_2_17_x86_64"] };
  test.each<[Ask, string[]]>([
    [{ specs: ["click"] }, ["click 8.0 (kept)", "colorama 1.0"]],
    [{ specs: ["click>8"] }, ["click 8.1", "colorama 1.0"]],
    [{ specs: ["click"], constraints: ["click!=8.0"] }, ["click 8.1", "colorama 1.0"]],
    [{ specs: ["array"], request: { replaced: "all" } }, ["array 1.0 (kept)"]],
    [{ specs: ["array>1"], request: { replaced: "all" } }, ["array 2.0", "numpy 2.1"]],
    [{ specs: ["more"] }, ["more 1.0.0 (kept)"]],
    [{ specs: ["more[x]"] }, ["linux 1.0", "more 1.0.0 (kept)"]],
    [{ specs: ["more[x]"], request: { deps: false } }, ["more 1.0.0 (kept)"]],
    // No index has it.
    [{ specs: ["onlyhere"] }, ["gone 1.0", "onlyhere 0.1 (kept)"]],
  ])("%j", async (ask, expected) => {
    await using index = packageIndex(wheels);
    const request = { installed, ...ask.request };
    expect(await planned(index, { ...ask, target, request })).toEqual(expected);
  });

  test("a wheel of this machine is the only one of its package", async () => {
    await using index = packageIndex(wheels);
    const made = { name: "click", version: "8.1", requires: ["late"] };
    const wheelOf = new Map([["click", await writeWheel(dir, made)]]);
    const { packages } = await plan(index, { specs: ["click==8.1"], settings: { wheelOf } });
    expect(packages).toMatchObject([
      { name: "click", file: { url: expect.stringMatching(/^file:/) } },
      { name: "late", version: "2.0" },
    ]);
  });
});

describe.each([
  { pages: "json", metadata: true },
  { pages: "html", metadata: true },
  { pages: "json", metadata: false },
  { pages: "html", metadata: false, ranges: false },
] as const)("what a target needs, from %p", (options) => {
  test.each<[Ask, string[] | string]>([
    [{ specs: ["click"] }, ["click 8.1", "colorama 1.0"]],
    [{ specs: ["click"], target: { markers: { sys_platform: "linux" } } }, ["click 8.1"]],
    [{ specs: ["array"] }, ["array 1.0", "numpy 1.24.3 (kept)"]],
    [{ specs: ["array"], request: { replaced: ["numpy"] } }, ["array 2.0", "numpy 2.1"]],
    [{ specs: ["array"], request: { replaced: "all" } }, ["array 2.0", "numpy 2.1"]],
    [{ specs: ["array"], request: { includeBundled: true } }, ["array 1.0", "numpy 1.24.3"]],
    [{ specs: ["click"], request: { deps: false } }, ["click 8.1"]],
    [{ specs: ["gone"] }, ["gone 1.0"]],
    [{ specs: ["gone==2.0"] }, ["gone 2.0"]],
    [{ specs: ["early"] }, ["early 1.0"]],
    [{ specs: ["early>=1.5rc1"] }, ["early 2.0rc1"]],
    [{ specs: ["early"], request: { prereleases: true } }, ["early 2.0rc1"]],
    [{ specs: ["onlyearly"] }, ["onlyearly 1.0a1"]],
    [{ specs: ["newer"] }, ["newer 1.0"]],
    [{ specs: ["more[colour]"] }, ["colorama 1.0", "more 1.0"]],
    [{ specs: ["more"] }, ["more 1.0"]],
    [{ specs: ['more; python_version < "3"'] }, []],
  ])("%j", async (ask, expected) => {
    await using index = packageIndex(wheels, options);
    expect(await planned(index, ask)).toEqual(expected);
  });
});

test("what was uploaded later doesn't count", async () => {
  await using index = packageIndex(wheels);
  const before = Date.parse("2024-06-01");
  expect(await planned(index, { specs: ["late"], request: { before } })).toEqual(["late 1.0"]);
});

test("with hashes only those files count, and nothing that nobody lists", async () => {
  await using index = packageIndex(wheels);
  const { packages } = await plan(index, { specs: ["colorama"] });
  const hashes = [`sha256:${packages[0]?.file?.hashes["sha256"]}`];
  const hashed = (spec: string, list = hashes) => ({ ...requirement(spec), hashes: list });
  const take = async (...requirements: NamedRequirement[]) =>
    await planned(index, { specs: [], request: { requirements } });
  expect(await take(hashed("colorama"))).toEqual(["colorama 1.0"]);
  expect(await take(hashed("colorama", [`sha256:${"0".repeat(64)}`]))).toContain(
    "1.0 has no wheel with a hash that is listed",
  );
  expect(await take(hashed("colorama"), requirement("late"))).toContain("no-solution: ");
});

test("who asks for a package is told with it", async () => {
  await using index = packageIndex(wheels);
  const { packages } = await plan(index, { specs: ["click>=8"] });
  expect(packages.map(({ name, requiredBy }) => [name, requiredBy])).toMatchObject([
    ["click", [{ by: null, requirement: { text: "click>=8" } }]],
    ["colorama", [{ by: { name: "click", version: "8.1" } }]],
  ]);
});

test.each<[Ask, string]>([
  [
    { specs: ["array>=2"] },
    `no-solution: no versions go together for blender-4.2-windows-x64:
  you ask for array>=2
  array 2.0 needs numpy>=2
  Blender brings numpy 1.24.3`,
  ],
  [
    { specs: ["nothing"] },
    "no-such-package: for blender-4.2-windows-x64 there is no package nothing to be found",
  ],
  [
    { specs: ["linux<0.5"] },
    `no-solution: for blender-4.2-windows-x64 nothing meets linux<0.5:
  no version is what is asked for
  1.0 has no wheel that fits: one is for Linux with glibc, x86_64, this is Windows, amd64
  of linux nothing can be installed there`,
  ],
  [
    { specs: ["needy"] },
    `no-solution: for blender-4.2-windows-x64 nothing meets linux>=0.5, which needy 1.0 needs:
  1.0 has no wheel that fits: one is for Linux with glibc, x86_64, this is Windows, amd64
  of linux nothing can be installed there`,
  ],
  [
    { specs: ["newer>=2"] },
    `no-solution: for blender-4.2-windows-x64 nothing meets newer>=2:
  2.0 needs Python >=3.12
  the newest with a wheel that fits is 1.0`,
  ],
])("%j is explained", async (ask, message) => {
  await using index = packageIndex(wheels);
  expect(await planned(index, ask)).toBe(message);
});

test("a package that a newer macOS takes: one line for all its versions, and the target that lets it in", async () => {
  const mac = {
    name: "blender-4.2-macos-arm64",
    tags: ["cp311-cp311-macosx_11_0_arm64"],
    bundled: {},
  };
  const wheels = [
    { name: "sci", version: "3.0", tag: "cp312-cp312-macosx_12_0_arm64" },
    ...["1.0", "1.5", "2.0"].flatMap((version) => [
      { name: "sci", version, tag: "cp311-cp311-macosx_10_9_x86_64" },
      { name: "sci", version, tag: "cp311-cp311-macosx_12_0_arm64" },
    ]),
  ];
  await using index = packageIndex(wheels);
  const failure = await failureOf(plan(index, { specs: ["sci"], target: mac }));
  expect(failure.message).toBe(`for blender-4.2-macos-arm64 nothing meets sci:
  3.0 has no wheel that fits: one is for CPython 3.12, this is CPython 3.11, and needs macOS 12, there is 11
  each of 1.0 to 2.0 has no wheel that fits: one needs macOS 12, there is 11
  of sci nothing can be installed there`);
  expect(failure.hint).toBe(
    "where macOS is 12 or newer, ask for that: --for blender-4.2-macos-arm64@12",
  );
  expect(JSON.stringify(failure.details)).toContain('"left_out":[{"version":"3.0"');
  const asked = { ...mac, name: "Blender 4.2.0 (macosx-11.0-arm64)" };
  const other = await failureOf(plan(index, { specs: ["sci"], target: asked }));
  expect(other.hint).toStartWith("only wheels can be taken");
});

test.each<[Ask, string]>([
  [{ specs: ["cv2"] }, "the package that brings cv2 is opencv-python"],
  [{ specs: ["mathutils"] }, "mathutils is a part of Blender: leave it out"],
  [{ specs: ["sklearn"] }, "the package that brings sklearn is scikit-learn"],
  [{ specs: ["nothing"] }, "check the name, and the index"],
  [{ specs: ["late"], request: { before: 1 } }, "give a later date: --exclude-newer"],
  [
    { specs: [], request: { requirements: [{ ...requirement("click"), hashes: ["sha256:0"] }] } },
    "list the hashes of all that this target needs",
  ],
  [{ specs: ["newer>=2"] }, "ask for another version, such as newer 1.0"],
])("%j: a hint that helps", async (ask, hint) => {
  const sources = [{ name: "sklearn", version: "0.0", tag: "cp27-cp27m-win_amd64" }];
  await using index = packageIndex([...wheels, ...sources]);
  expect((await failureOf(plan(index, ask))).hint).toStartWith(hint);
});

describe("indexes", () => {
  const own = { name: "own", version: "1.0" };
  const foreign = { name: "own", version: "9.0" };

  test("the first that has a package counts for it: nobody else can slip one in", async () => {
    await using first = packageIndex([own]);
    await using second = packageIndex([foreign, { name: "other" }]);
    const indexes = [first.url, second.url];
    expect(await planned(first, { specs: ["own", "other"], settings: { indexes } })).toEqual([
      "other 1.0",
      "own 1.0",
    ]);
    const settings = { indexes, strategy: "best-match" } as const;
    expect(await planned(first, { specs: ["own"], settings })).toEqual(["own 9.0"]);
    const failed = await plan(first, { specs: ["own>1"], settings: { indexes } }).catch(
      (error) => error,
    );
    expect(failed.hint).toBe(
      `own is taken from ${first.url} alone, the first index that has it; --index-strategy best-match asks all`,
    );
    const indexOf = new Map([["own", second.url]]);
    expect(await planned(first, { specs: ["own"], settings: { indexes, indexOf } })).toEqual([
      "own 9.0",
    ]);
  });

  test("a mirror on disk: pages, or the files themselves; and a folder of --find-links", async () => {
    const folder = join(dir, "mirror", "own");
    await writeWheel(folder, own);
    const settings = { indexes: [join(dir, "mirror")] };
    expect(await planned(undefined, { specs: ["own"], settings })).toEqual(["own 1.0"]);
    const links = { findLinks: [folder] };
    expect(await planned(undefined, { specs: ["own"], settings: links })).toEqual(["own 1.0"]);
    await writeWheel(join(dir, "files"), { ...own, version: "2.0" });
    const link = '<a href="../../files/own-2.0-py3-none-any.whl">own</a>';
    await writeFile(join(folder, "index.html"), link);
    expect(await planned(undefined, { specs: ["own"], settings })).toEqual(["own 2.0"]);
    const away = { findLinks: [join(dir, "missing")] };
    expect(await planned(undefined, { specs: ["own"], settings: away })).toStartWith(
      "bad-find-links: ",
    );
  });

  test("a server can't offer files of this machine", async () => {
    const path = await writeWheel(join(dir, "files"), { name: "own" });
    await using index = packageIndex([{ ...own, says: { url: pathToFileURL(path).href } }]);
    expect(await planned(index, { specs: ["own"] })).toStartWith("no-such-package: ");
  });

  test("a name and a password go to that host, and nowhere else", async () => {
    await using index = packageIndex([own]);
    await using other = packageIndex([foreign]);
    const indexes = [other.url.replace("//", "//me:s%40cret@"), index.url];
    await planned(index, { specs: ["missing"], settings: { indexes } });
    // Why there is none is asked once more.
    const sent = (one: PackageIndex) =>
      new Set(one.requests.map(({ headers }) => headers.get("authorization")));
    expect(sent(other)).toEqual(new Set([`Basic ${btoa("me:s@cret")}`]));
    expect(sent(index)).toEqual(new Set([null]));
  });

  test("through a proxy", async () => {
    await using proxy = packageIndex([own]);
    // Only the proxy knows this host.
    const indexes = ["http://127.0.0.1:1/simple/"];
    const found = await planned(undefined, {
      specs: ["own"],
      settings: { indexes },
      proxy: proxy.origin,
    });
    expect(found).toEqual(["own 1.0"]);
    expect(proxy.requests.length).toBeGreaterThan(0);
  });

  test("what is remembered serves while the server allows it, and offline", async () => {
    await using index = packageIndex([own], { headers: { "cache-control": "max-age=600" } });
    expect(await planned(index, { specs: ["own"] })).toEqual(["own 1.0"]);
    const asked = index.asked.length;
    expect(await planned(index, { specs: ["own"] })).toEqual(["own 1.0"]);
    expect(await planned(index, { specs: ["own"], offline: true })).toEqual(["own 1.0"]);
    expect(index.asked.length).toBe(asked);
    expect(await planned(index, { specs: ["else"], offline: true })).toStartWith(
      "not-remembered: ",
    );
  });

  test("a page that hasn't changed isn't sent again", async () => {
    let whole = 0;
    await using index = packageIndex([own], {
      headers: { etag: '"one"', "cache-control": "no-cache" },
      answer: (request) => {
        if (request.headers.get("if-none-match") === '"one"')
          return new Response(null, { status: 304, headers: { etag: '"one"' } });
        whole += 1;
        return undefined;
      },
    });
    expect(await planned(index, { specs: ["own"] })).toEqual(["own 1.0"]);
    const before = whole;
    expect(await planned(index, { specs: ["own"] })).toEqual(["own 1.0"]);
    expect(whole).toBe(before);
  });

  test.each<[string, Parameters<typeof packageIndex>[1], string]>([
    [
      "no JSON",
      {
        headers: {},
        answer: (_, path) =>
          path.startsWith("/simple")
            ? new Response("<p>", { headers: { "content-type": "application/json" } })
            : undefined,
      },
      "bad-index-page: ",
    ],
    ["another type", { headers: { "content-type": "text/plain" } }, "bad-index-page: "],
    ["not allowed", { answer: () => new Response("", { status: 401 }) }, "download-failed: "],
    ["broken", { answer: () => new Response("", { status: 500 }) }, "download-failed: "],
    ["a circle", { answer: (request) => Response.redirect(request.url, 302) }, "download-failed: "],
    [
      "other metadata",
      {
        answer: (_, path) =>
          path.endsWith(".metadata") ? new Response("Name: own\nVersion: 1.0\n\n") : undefined,
      },
      "wrong-hash: ",
    ],
  ])("one that lies: %s", async (_, options, expected) => {
    await using index = packageIndex([own], options);
    expect(await planned(index, { specs: ["own"] })).toStartWith(expected);
  });

  test("a wheel whose metadata names another package isn't taken", async () => {
    await using index = packageIndex([{ ...own, says: { size: null } }], {
      metadata: false,
      answer: (_, path) =>
        path.endsWith(".whl")
          ? fetch(`${other.origin}/files/else-1.0-py3-none-any.whl`)
          : undefined,
    });
    await using other = packageIndex([{ name: "else" }]);
    expect(await planned(index, { specs: ["own"] })).toContain(
      "own 1.0 has a wheel whose metadata says that it is else 1.0",
    );
  });
});
