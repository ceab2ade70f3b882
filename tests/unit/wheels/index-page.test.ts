import { expect, test } from "bun:test";
import { indexPage } from "../../../src/wheels/index-page.ts";

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
  expect(indexPage(page(files), `${json}; charset=utf-8`, address)).toEqual({
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
  expect(indexPage(html, "text/html; charset=utf-8", address)).toEqual({
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
  expect(indexPage(text, type, address)).toEqual({
    ok: false,
    reason: expect.stringContaining(reason),
  });
});
