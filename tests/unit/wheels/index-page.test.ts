import { expect, test } from "bun:test";
import { type IndexFile, indexPage, type PageResult } from "../../../src/wheels/index-page.ts";

const json = "application/vnd.pypi.simple.v1+json";
const address = "https://index.example/simple/pack/";
const plain = {
  hashes: {},
  requiresPython: null,
  yanked: null,
  metadata: null,
  size: null,
  uploaded: null,
};

function page(files: unknown[], version = "1.1"): string {
  return JSON.stringify({ meta: { "api-version": version }, name: "pack", files, versions: [] });
}

function read(text: string, type: string): PageResult<IndexFile> {
  return indexPage(new TextEncoder().encode(text), type, address, (files) => files);
}

test("JSON: all that a file may say", () => {
  const files = [
    {
      filename: "pack-1.0-py3-none-any.whl",
      url: "../../files/pack-1.0-py3-none-any.whl#sha256=00",
      hashes: { SHA256: "ABCD" },
      "requires-python": ">=3.8",
      yanked: "broken",
      "core-metadata": { sha256: "ff" },
      "dist-info-metadata": false,
      size: 12,
      "upload-time": "2024-01-02T03:04:05.678Z",
    },
    {
      filename: "pack-2.0.tar.gz",
      url: "https://other.example/pack-2.0.tar.gz",
      hashes: {},
      yanked: true,
    },
    {
      filename: "pack-3.0.tar.gz",
      url: "/p",
      hashes: {},
      "requires-python": "",
      "dist-info-metadata": true,
    },
  ];
  expect(read(page(files), `${json}; charset=utf-8`)).toEqual({
    ok: true,
    files: [
      {
        filename: "pack-1.0-py3-none-any.whl",
        url: "https://index.example/files/pack-1.0-py3-none-any.whl",
        hashes: { sha256: "abcd" },
        requiresPython: ">=3.8",
        yanked: "broken",
        metadata: { hashes: { sha256: "ff" } },
        size: 12,
        uploaded: "2024-01-02T03:04:05.678Z",
      },
      {
        ...plain,
        filename: "pack-2.0.tar.gz",
        url: "https://other.example/pack-2.0.tar.gz",
        yanked: "",
      },
      {
        ...plain,
        filename: "pack-3.0.tar.gz",
        url: "https://index.example/p",
        metadata: { hashes: {} },
      },
    ],
  });
});

test("HTML: attributes, entities, a base, and what isn't a link", () => {
  const html = `<!DOCTYPE html><html><head><base href="../../all/"></head><body>
    <a href="pack-1.0%2Blocal-py3-none-any.whl#sha256=ABCD" data-requires-python="&gt;=3.8,&lt;4"
       data-dist-info-metadata="sha256=ff">any <b>text</b></a>
    <A HREF="https://other.example/pack-2.0.zip?x=1#md5=ee" data-yanked data-core-metadata="true">x</A>
    <a>nothing</a><a href="http://[">broken</a><a data-yanked="late" href=/pack-3.0.tar.gz>`;
  expect(read(html, "text/html; charset=utf-8")).toEqual({
    ok: true,
    files: [
      {
        ...plain,
        filename: "pack-1.0+local-py3-none-any.whl",
        url: "https://index.example/all/pack-1.0%2Blocal-py3-none-any.whl",
        hashes: { sha256: "abcd" },
        requiresPython: ">=3.8,<4",
        metadata: { hashes: { sha256: "ff" } },
      },
      {
        ...plain,
        filename: "pack-2.0.zip",
        url: "https://other.example/pack-2.0.zip?x=1",
        hashes: { md5: "ee" },
        yanked: "",
        metadata: { hashes: {} },
      },
      {
        ...plain,
        filename: "pack-3.0.tar.gz",
        url: "https://index.example/pack-3.0.tar.gz",
        yanked: "late",
      },
    ],
  });
});

test.each([
  ["<html>", json, "it says that it is JSON, and isn't"],
  [page([], "2.0"), json, "its version is 2.0, not 1"],
  [page([{ filename: 3 }]), "application/json", "at files.0.filename: "],
  ["{}", json, "at meta: "],
  ["hello", "text/plain", "it is text/plain, not an index page"],
  ["hello", "", "it is of no stated type, not an index page"],
])("%p as %p", (text, type, reason) => {
  expect(read(text, type)).toEqual({
    ok: false,
    reason: expect.stringContaining(reason),
  });
});

/** A page of about a megabyte, with texts that fall apart between two parts. */
const many = Array.from({ length: 3000 }, (_, index) => ({
  filename: `pack-${index}-py3-none-any.whl`,
  url: `https://index.example/files/pack-${index}-py3-none-any.whl`,
  hashes: { sha256: index.toString(16).padStart(64, "0") },
  yanked: `é${"ü".repeat(index % 7)} "files":[ 😀 ${"\\".repeat(index % 5)}}`,
}));
/** Texts that look like what is between files. */
const odd = many.map((file, index) => ({ ...file, yanked: `"}, {" ${"}, {".repeat(index % 50)}` }));
const writings = [
  ["as short as it can be", (all: object) => JSON.stringify(all)],
  ["indented", (all: object) => JSON.stringify(all, null, 4)],
  [
    "with spaces, as Python writes it",
    (all: object) => JSON.stringify(all).replaceAll('},{"f', '}, {"f'),
  ],
] as const;

test.each(writings)("a long page is read in parts, %s", (_, written) => {
  const meta = { "api-version": "1.4" };
  const wanted = ({ url, yanked, hashes }: (typeof many)[number]) => ({ url, yanked, hashes });
  const parts = (all: { files: typeof many }) => {
    const counts: number[] = [];
    const bytes = new TextEncoder().encode(written(all));
    const found = indexPage(bytes, json, address, (files, read) => {
      expect(read).toBeLessThan(2 * 262_144);
      counts.push(files.length);
      return files.map(({ url, yanked, hashes }) => ({ url, yanked, hashes }));
    });
    expect(found).toEqual({ ok: true, files: all.files.map(wanted) });
    return { read: counts.length, least: Math.floor(bytes.length / 262_144) };
  };
  for (const all of [
    { files: many, meta, versions: ["1", "2"] },
    { meta, files: many },
  ]) {
    const { read, least } = parts(all);
    expect(read).toBeGreaterThanOrEqual(least);
  }
  const found = indexPage(
    new TextEncoder().encode(written({ files: odd, meta })),
    json,
    address,
    (all) => all,
  );
  expect(found).toMatchObject({ ok: true, files: odd.map(wanted) });
});

test("a long page that isn't in order is read as a whole, or refused as one", () => {
  const meta = { "api-version": "1.0" };
  const others = JSON.stringify({ more: { files: [many[1]] }, files: many, meta });
  expect(read(others, json)).toMatchObject({ ok: true, files: { length: many.length } });
  const lists = JSON.stringify({ files: many, meta, later: many.map(() => ({ a: 1 })) });
  expect(read(lists, json)).toMatchObject({ ok: true, files: { length: many.length } });
  const wrong = many.with(2900, { ...many[2900], url: 3 } as never);
  expect(read(JSON.stringify({ files: wrong, meta }), json)).toEqual({
    ok: false,
    reason: expect.stringContaining("at files.2900.url: "),
  });
  expect(read(JSON.stringify({ files: many }), json)).toEqual({
    ok: false,
    reason: expect.stringContaining("at meta: "),
  });
  expect(read(JSON.stringify({ files: many, meta }).slice(0, -200), json).ok).toBe(false);
  expect(read(`{"files":[${"{".repeat(3_000_000)}`, json).ok).toBe(false);
});

test.each([
  ["https://index.example/a/../b.whl", "https://index.example/b.whl"],
  ["https://index.example/a/%2e%2e/b.whl", "https://index.example/b.whl"],
  ["HTTPS://Index.Example/b.whl", "https://index.example/b.whl"],
  ["https://index.example:443/b.whl", "https://index.example/b.whl"],
  ["https://user:word@index.example/b.whl", "https://index.example/b.whl"],
  ["https://0x7f.1/b.whl", "https://127.0.0.1/b.whl"],
  ["https://index.example/a b.whl", "https://index.example/a%20b.whl"],
])("an address is what browsers make of it: %s", (url, expected) => {
  const found = read(page([{ filename: "b.whl", url, hashes: {} }]), json);
  expect(found).toMatchObject({ ok: true, files: [{ url: expected }] });
});
