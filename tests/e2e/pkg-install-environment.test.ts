// What pip is set up to do on Blender's machine, and what an install takes from it.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { mustRun } from "../../scripts/process.ts";
import { ownBlender, siteOf, userModulesOf } from "../support/blender.ts";
import { entries } from "../support/folders.ts";
import { expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { startService } from "../support/servers.ts";
import { wheelBytes, writeWheel } from "../support/wheels.ts";

/** A package index (PEP 503) that has one version of every name. */
function answerOf(request: Request): Response {
  const [, folder, name = ""] = new URL(request.url).pathname.split("/");
  if (folder === "files") return new Response(wheelBytes({ name: name.split("-")[0] ?? "" }));
  const file = `${name}-1.0-py3-none-any.whl`;
  return new Response(`<a href="/files/${file}">${file}</a>`, {
    headers: { "Content-Type": "text/html" },
  });
}

const local = { hostname: "127.0.0.1", port: 0 };

let box: Sandbox;
let config: string;
let index: Bun.Server<undefined>;
const online = (name: string, ...flags: string[]) =>
  box.cli(["pkg", "install", name, "--allow-online", ...flags]);

beforeAll(async () => {
  box = await sandbox();
  index = Bun.serve({ ...local, fetch: answerOf });
  config = join(box.dir, "pip.conf");
  const elsewhere = join(box.dir, "elsewhere");
  await writeFile(
    config,
    `[global]\nindex-url = http://127.0.0.1:${index.port}/simple\n[install]\nuser = yes\ntarget = ${elsewhere}\nno-deps = no\n`,
  );
  for (const name of Object.keys(box.env)) if (/^PIP_|_proxy$/i.test(name)) delete box.env[name];
  Object.assign(box.env, {
    PIP_CONFIG_FILE: config,
    PIP_PREFIX: elsewhere,
    PIP_ROOT: elsewhere,
    PIP_DRY_RUN: "1",
    PIP_PYTHON: "/not/there",
    PIP_QUIET: "3",
    PIP_REQUIRE_VIRTUALENV: "true",
    PIP_RETRIES: "0",
    REQUESTS_CA_BUNDLE: "/etc/hostname",
    CURL_CA_BUNDLE: "/etc/hostname",
    NO_PROXY: "127.0.0.1",
    http_proxy: "http://127.0.0.1:9",
  });
  await startService(box, await ownBlender(box));
});
afterAll(async () => {
  await index.stop(true);
  await box[Symbol.asyncDispose]();
});

describe("settings that the command makes itself", () => {
  const places = () => [
    `[install] user in ${config}`,
    `[install] target in ${config}`,
    ...["PIP_PREFIX", "PIP_ROOT", "PIP_DRY_RUN", "PIP_PYTHON", "PIP_QUIET"],
    "PIP_REQUIRE_VIRTUALENV",
  ];

  test("are left out online, and named; the index that is set up is asked", async () => {
    const result = expectSuccess(await online("brsite", "--json"));
    const { installed, warnings } = JSON.parse(result.stdout) as {
      installed: unknown[];
      warnings: string[];
    };
    expect(installed).toMatchObject([{ name: "brsite", importable: true }]);
    expect(await entries(siteOf(box))).toContain("brsite");
    const notes = warnings.filter((one) => one.includes("left out"));
    expect(notes).toHaveLength(1);
    for (const place of places()) expect(notes[0]).toContain(place);
    expect(notes[0]).not.toContain("no-deps");
    expect(notes[0]).not.toContain("index-url");
  });

  test("into user modules", async () => {
    const result = expectSuccess(await online("brmodule", "--target", "user-modules"));
    expect(await entries(userModulesOf(box, "5.0"))).toContain("brmodule");
    expect(result.stderr.split("left out")).toHaveLength(2);
  });

  test("offline, and when it's removed", async () => {
    const wheels = join(box.dir, "wheels");
    await writeWheel(wheels, { name: "broffline" });
    const installed = await box.cli(["pkg", "install", "broffline", "--remote-wheelhouse", wheels]);
    expect(expectSuccess(installed).stderr).toContain("PIP_PREFIX");
    const removed = await box.cli(["pkg", "uninstall", "broffline", "--yes"]);
    expect(expectSuccess(removed).stderr).toMatch(/left out: .*PIP_PYTHON/);
    expect(removed.stderr).not.toContain("PIP_PREFIX");
    expect(await entries(siteOf(box))).not.toContain("broffline");
  });

  test("pkg info still finds pip and the index; pkg pip stays pip's own", async () => {
    const info = expectSuccess(await box.cli(["pkg", "info", "--json", "--no-network-probe"]));
    expect(JSON.parse(info.stdout)).toMatchObject({
      pip: { available: true },
      network: { index_url: `http://127.0.0.1:${index.port}/simple` },
    });
    expect((await box.cli(["pkg", "pip", "--", "list"])).code).not.toBe(0);
  });
});

describe("how the index is reached", () => {
  test("a host that isn't trusted: said, and the flag that trusts it; --proxy wins", async () => {
    const there = ["--index-url", "http://index.example/simple"];
    const proxy = ["--proxy", `http://127.0.0.1:${index.port}`];
    const result = await online("brtrusted", ...there, ...proxy, "--json");
    expect(result.code).toBe(1);
    const { errors, code, hint } = JSON.parse(result.stdout) as Record<string, string>;
    expect(code).toBe("untrusted-host");
    expect(String(errors)).toContain("index.example");
    expect(hint).toContain("--trusted-host index.example");
    expectSuccess(await online("brtrusted", ...there, ...proxy, "--trusted-host", "index.example"));
  });

  test("--cert wins over the variables with certificates", async () => {
    const [key, cert] = [join(box.dir, "key.pem"), join(box.dir, "cert.pem")];
    const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
    const made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"];
    await mustRun(["openssl", ...made, ...subject, "-keyout", key, "-out", cert]);
    const tls = { key: Bun.file(key), cert: Bun.file(cert) };
    await using server = Bun.serve({ ...local, tls, fetch: answerOf });
    const there = ["--index-url", `https://localhost:${server.port}/simple`];
    expectSuccess(await online("brcert", ...there, "--cert", cert));
  });
});
