// A package index of the tests' own, as honest or dishonest as a test wants it.

import { type MadeWheel, wheelBytes } from "./wheels.ts";

/** A wheel that it offers, with what the index says of it. */
export interface ServedWheel extends MadeWheel {
  /** Keys of PEP 691 over what is true: `{ yanked: "broken", hashes: {} }`. */
  says?: Record<string, unknown>;
}

export interface IndexOptions {
  /** What pages are: JSON (PEP 691) or HTML (PEP 503). */
  pages?: "json" | "html";
  /** Whether metadata can be had alone (PEP 658). */
  metadata?: boolean;
  /** Whether files can be had in parts. */
  ranges?: boolean;
  /** More headers of pages. */
  headers?: Record<string, string>;
  /** Files that aren't wheels, by project. */
  others?: Record<string, string[]>;
  /** Answers before anything else does. */
  answer?: (request: Request, path: string) => Response | Promise<Response> | undefined;
}

/** A running index. */
export interface PackageIndex extends AsyncDisposable {
  /** The address of its simple API. */
  url: string;
  origin: string;
  /** What was asked for, in order: `GET /simple/name/`. */
  asked: string[];
  /** With the headers of each. */
  requests: { path: string; headers: Headers }[];
  /** May be changed while it runs. */
  options: IndexOptions;
}

const sha256 = (bytes: Uint8Array | string) =>
  new Bun.CryptoHasher("sha256").update(bytes).digest("hex");

interface Served {
  name: string;
  filename: string;
  bytes: Uint8Array;
  metadata: string;
  says: Record<string, unknown>;
}

function served({ says = {}, ...wheel }: ServedWheel): Served {
  const {
    name,
    version = "1.0",
    tag = "py3-none-any",
    build,
    requires = [],
    metadata = [],
  } = wheel;
  const middle = build === undefined ? "" : `-${build}`;
  return {
    name,
    filename: `${name}-${version}${middle}-${tag}.whl`,
    bytes: wheelBytes(wheel),
    metadata: `${[
      "Metadata-Version: 2.1",
      `Name: ${name}`,
      `Version: ${version}`,
      ...requires.map((requirement) => `Requires-Dist: ${requirement}`),
      ...metadata,
    ].join("\n")}\n`,
    says,
  };
}

const normalized = (name: string) => name.replace(/[-_.]+/g, "-").toLowerCase();

function entryOf(one: Served, { metadata = true }: IndexOptions): Record<string, unknown> {
  return {
    filename: one.filename,
    url: `../../files/${encodeURIComponent(one.filename)}`,
    hashes: { sha256: sha256(one.bytes) },
    size: one.bytes.length,
    ...(metadata ? { "core-metadata": { sha256: sha256(one.metadata) } } : {}),
    ...one.says,
  };
}

function htmlLink(entry: Record<string, unknown>): string {
  const escaped = (value: unknown) =>
    String(value).replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
  const hashes = Object.entries(entry["hashes"] ?? {}).map(([name, hex]) => `#${name}=${hex}`);
  const metadata = Object.entries(entry["core-metadata"] ?? {}).map(
    ([name, hex]) => `${name}=${hex}`,
  );
  const attributes = [
    `href="${escaped(`${entry["url"]}${hashes[0] ?? ""}`)}"`,
    ...(entry["requires-python"]
      ? [`data-requires-python="${escaped(entry["requires-python"])}"`]
      : []),
    ...(entry["yanked"] === undefined ? [] : [`data-yanked="${escaped(entry["yanked"])}"`]),
    ...(metadata[0] === undefined ? [] : [`data-core-metadata="${metadata[0]}"`]),
  ];
  return `<a ${attributes.join(" ")}>${escaped(entry["filename"])}</a><br>`;
}

function pageOf(
  files: readonly Served[],
  others: readonly string[],
  options: IndexOptions,
): Response {
  const entries = [
    ...files.map((one) => entryOf(one, options)),
    ...others.map((filename) => ({ filename, url: `../../files/${filename}`, hashes: {} })),
  ];
  if (options.pages === "html") {
    const html = `<!DOCTYPE html><html><body>${entries.map(htmlLink).join("\n")}</body></html>`;
    return new Response(html, { headers: { "content-type": "text/html", ...options.headers } });
  }
  const type = "application/vnd.pypi.simple.v1+json";
  const page = { meta: { "api-version": "1.1" }, name: "any", files: entries, versions: [] };
  return new Response(JSON.stringify(page), {
    headers: { "content-type": type, ...options.headers },
  });
}

function partOf(bytes: Uint8Array, range: string): Response {
  const [, from = "", to = ""] = /^bytes=(\d*)-(\d*)$/.exec(range) ?? [];
  const start = from === "" ? Math.max(0, bytes.length - Number(to)) : Number(from);
  const end = from === "" || to === "" ? bytes.length : Math.min(bytes.length, Number(to) + 1);
  return new Response(bytes.slice(start, end), {
    status: 206,
    headers: { "content-range": `bytes ${start}-${end - 1}/${bytes.length}` },
  });
}

/** Starts one on loopback. */
export function packageIndex(
  wheels: readonly ServedWheel[],
  options: IndexOptions = {},
): PackageIndex {
  const files = wheels.map(served);
  const answer = async (request: Request): Promise<Response> => {
    const path = decodeURIComponent(new URL(request.url).pathname);
    index.asked.push(`${request.method} ${path}`);
    index.requests.push({ path, headers: new Headers(request.headers) });
    const own = await index.options.answer?.(request, path);
    if (own !== undefined) return own;
    const [, project] = /^\/simple\/([^/]+)\/$/.exec(path) ?? [];
    if (project !== undefined) {
      const found = files.filter(({ name }) => normalized(name) === project);
      const others = index.options.others?.[project] ?? [];
      if (found.length + others.length > 0) return pageOf(found, others, index.options);
    }
    const [, name, metadata] = /^\/files\/(.+?\.whl)(\.metadata)?$/.exec(path) ?? [];
    const file = files.find(({ filename }) => filename === name);
    if (file === undefined) return new Response("no such thing", { status: 404 });
    if (metadata !== undefined) {
      return index.options.metadata === false
        ? new Response("none", { status: 404 })
        : new Response(file.metadata);
    }
    const range = request.headers.get("range");
    if (range !== null && index.options.ranges !== false) return partOf(file.bytes, range);
    return new Response(file.bytes.slice());
  };
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: answer });
  const origin = `http://127.0.0.1:${server.port}`;
  const index: PackageIndex = {
    url: `${origin}/simple/`,
    origin,
    asked: [],
    requests: [],
    options,
    [Symbol.asyncDispose]: () => server.stop(true),
  };
  return index;
}
