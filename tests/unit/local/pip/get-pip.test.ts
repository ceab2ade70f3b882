import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Failure } from "../../../../src/failure.ts";
import { checkGetPip, getPipFrom } from "../../../../src/local/pip/get-pip.ts";
import { failureOf } from "../../../support/failure.ts";

const script = "#!/usr/bin/env python\nprint('pip')\n";
const sha256 = new Bun.CryptoHasher("sha256").update(script).digest("hex");
const never = new AbortController().signal;

let folder: string;
let server: Bun.Server<undefined>;
const asked: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "get-pip-test-"));
  server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request) => {
      const { pathname } = new URL(request.url);
      asked.push(pathname);
      if (pathname === "/get-pip.py") return new Response(script);
      if (pathname === "/login") return new Response("\n <html>log in</html>");
      if (pathname === "/empty") return new Response("");
      if (pathname === "/on") return Response.redirect(at("/get-pip.py"), 302);
      if (pathname === "/away") return Response.redirect("http://example.org/get-pip.py", 302);
      if (pathname === "/round") return Response.redirect(at("/round"), 302);
      if (pathname === "/endless") return new Response(endless());
      if (pathname === "/hanging") return new Promise<Response>(() => {});
      return new Response("gone", { status: 404 });
    },
  });
});
afterAll(async () => {
  await server.stop(true);
  await rm(folder, { recursive: true });
});

const endless = () =>
  new ReadableStream({ pull: (body) => body.enqueue(new Uint8Array(1_000_000).fill(35)) });
const at = (path: string) => `http://127.0.0.1:${server.port}${path}`;

describe("what names get-pip.py is checked without a look at the network", () => {
  test("files and https addresses pass, and http on loopback", async () => {
    const file = join(folder, "mine.py");
    await Bun.write(file, script);
    await checkGetPip(file);
    await checkGetPip("https://example.org/get-pip.py");
    await checkGetPip(at("/get-pip.py"));
    expect(asked).toEqual([]);
  });

  test.each([
    ["a file that isn't there", "no/such/get-pip.py", "missing-path"],
    ["a folder", tmpdir(), "missing-path"],
    ["an address that others may change", "http://example.org/get-pip.py", "bad-address"],
    ["another protocol", "ftp://example.org/get-pip.py", "bad-address"],
    ["a host that only begins like this machine", "http://127.0.0.1.example.org/x", "bad-address"],
    ["no address at all", "https://", "bad-address"],
  ])("%s", async (_, source, code) => {
    const failure = await failureOf(checkGetPip(source));
    expect(failure).toMatchObject({ code, kind: "usage" });
    expect(failure.message).toContain(source);
  });
});

describe("getting it", () => {
  test("a file stays where it is", async () => {
    const file = join(folder, "mine.py");
    await Bun.write(file, script);
    {
      await using got = await getPipFrom(file, never);
      expect(got).toMatchObject({ name: "get-pip.py", path: file, size: script.length, sha256 });
    }
    expect(existsSync(file)).toBe(true);
  });

  test("where the server sends on, too", async () => {
    await using got = await getPipFrom(at("/on"), never);
    expect(got.sha256).toBe(sha256);
  });

  test("a downloaded one goes when nobody needs it any more", async () => {
    let path: string;
    {
      await using got = await getPipFrom(at("/get-pip.py"), never);
      ({ path } = got);
      expect(got).toMatchObject({ name: "get-pip.py", size: script.length, sha256 });
      expect(await Bun.file(path).text()).toBe(script);
    }
    expect(existsSync(dirname(path))).toBe(false);
  });

  test.each([
    ["a page to log in on", "/login", "not-get-pip"],
    ["nothing", "/empty", "not-get-pip"],
    ["an error", "/missing", "download-failed"],
    ["an address that others may change", "/away", "download-failed"],
    ["a circle", "/round", "download-failed"],
    ["a file without an end", "/endless", "download-failed"],
  ])("%s", async (_, path, code) => {
    const failure = await failureOf(getPipFrom(at(path), never));
    expect(failure.code).toBe(code);
    expect(failure.message).toContain(at(path));
    expect(failure.hint).toContain("--get-pip");
  });

  test("why not, in words and without passwords", async () => {
    const missing = at("/missing").replace("://", "://me:secret@");
    const answered = await failureOf(getPipFrom(missing, never));
    expect(answered.message).toEndWith("it answered with HTTP status 404");
    expect(answered.message).not.toContain("secret");
    const page = await failureOf(getPipFrom(missing.replace("missing", "login"), never));
    expect(page.message).not.toContain("secret");
    // Reserved for names that nobody has (RFC 2606).
    const unknown = await failureOf(getPipFrom("https://host.invalid/get-pip.py", never));
    expect(unknown.message).toBe(
      "get-pip.py couldn't be got from https://host.invalid/get-pip.py: this machine doesn't find it; is it online?",
    );
  });

  test("Ctrl-C ends a download that hangs", async () => {
    const controller = new AbortController();
    const getting = failureOf(getPipFrom(at("/hanging"), controller.signal));
    controller.abort(new Failure("interrupted", "interrupted", { kind: "interrupted" }));
    expect((await getting).code).toBe("interrupted");
  });
});
