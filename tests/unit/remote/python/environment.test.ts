import { afterEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { toJsonSchema } from "@valibot/to-json-schema";
import * as v from "valibot";
import {
  type Environment,
  environmentOf,
  environmentSchema,
  pipDownloadLine,
  problemsOf,
  pythonOf,
} from "../../../../src/remote/python/environment.ts";
import type { Hello } from "../../../../src/remote/wire/server.ts";
import type { Session } from "../../../../src/remote/wire/session.ts";
import type { JsonValue } from "../../../../src/script.ts";
import { plainServer } from "../plain-server.ts";

const servers: Disposable[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server[Symbol.dispose]();
});

/** A server whose `execute_code` answers each call of a script with the next of these values. */
async function blenderThatAnswers(values: readonly JsonValue[], hello?: Hello): Promise<Session> {
  const left = [...values];
  const server = await plainServer(() => left.shift() ?? null, undefined, hello);
  servers.push(server);
  return server.session;
}

const modules = "/home/me/.config/blender/3.4/scripts/addons/modules";
const purelib = "/usr/local/lib/python3.11/dist-packages";

function folder(path: string): Environment["site"]["packages"][number] {
  return { path, exists: true, writable: true, error: null, on_path: true };
}

const facts = {
  blender: {
    version: "3.4.1",
    version_tuple: [3, 4, 1],
    binary: "/usr/bin/blender",
    background: true,
  },
  python: {
    version: "3.11.2",
    implementation: "cpython",
    sys_executable: null,
    python_args: null,
    platform: "linux-x86_64",
    machine: "x86_64",
    libc: { name: "glibc", version: "2.36" },
    prefix: "/usr",
    base_prefix: "/usr",
  },
  site: {
    packages: [folder(purelib)],
    purelib,
    user: { path: "/home/me/.local", exists: false, enabled: false },
    user_modules: { ...folder(modules), exists: false },
    externally_managed: null,
  },
  online_access: null,
  pid: 42,
};

const tags = ["cp311-cp311-manylinux_2_36_x86_64", "cp311-abi3-linux_x86_64", "py3-none-any"];

const findings = {
  executable: "/usr/bin/python3.11",
  executable_error: null,
  pip: {
    available: true,
    version: "23.0.1",
    location: "/usr/lib/python3/dist-packages/pip",
    command: ["/usr/bin/python3.11", "-I", "-m", "pip"],
    error: null,
  },
  wheels: { tags, source: "pip", error: null, ensurepip: true },
  network: {
    index_url: "https://index/simple",
    extra_index_urls: [],
    find_links: [],
    no_index: false,
    probe: { tried: true, reachable: true, error: null },
  },
};

const noInterpreter = {
  executable: null,
  executable_error: "/usr/bin/python3.11: not there",
  pip: null,
  wheels: null,
  network: null,
};

function installed(name: string, location: string): JsonValue {
  const source = location === modules ? "user-modules" : "site";
  return { name, version: "1.0", location, source, modified: 1, loaded: null };
}

/** What Blender's Python sees, asked for after the findings. */
const packages = {
  packages: [installed("elsewhere", purelib), installed("mine", modules)],
  rest: [],
};

const running = { facts, job: "j", done: false, findings: null, error: null };
const withProbe = { networkProbe: true };

async function environmentWith(findings: JsonValue): Promise<Environment> {
  const session = await blenderThatAnswers([{ ...running, done: true, findings }, packages]);
  return await environmentOf(session, withProbe);
}

describe("environmentOf", () => {
  test("asks until the findings are there, and puts everything in its place", async () => {
    const waiting = { done: false, findings: null, error: null };
    const done = { done: true, findings, error: null };
    const session = await blenderThatAnswers([running, waiting, done, packages]);
    const environment = await environmentOf(session, withProbe);
    expect(Object.keys(environment)).toEqual([
      "blender",
      "python",
      "site",
      "pip",
      "network",
      "suggested_pip_download",
      "tags",
      "service",
    ]);
    expect(v.parse(environmentSchema, environment)).toEqual(environment);
    expect(environment.python.executable).toBe("/usr/bin/python3.11");
    expect(environment.tags).toEqual(tags);
    expect(environment.site.user_modules?.packages).toEqual([{ name: "mine", version: "1.0" }]);
    expect(environment.service).toEqual({
      kind: "plain",
      name: null,
      version: null,
      protocol: null,
      capabilities: [],
      pid: 42,
      ...session.endpoint,
    });
    expect(problemsOf(environment)).toEqual([]);
  });

  test("says who the service is", async () => {
    const hello = {
      protocol: 1,
      server: "bld_remote_mcp",
      service_version: "2.0.0",
      capabilities: ["hello"],
      blender_version: "3.4.1",
      pid: 42,
      background: true,
      authentication: "none",
    };
    const answers = [{ ...running, done: true, findings }, packages];
    const session = await blenderThatAnswers(answers, hello);
    const { service } = await environmentOf(session, withProbe);
    expect(service).toMatchObject({ kind: "service", name: "bld_remote_mcp", version: "2.0.0" });
  });

  test("without an interpreter the rest is still reported", async () => {
    const environment = await environmentWith(noInterpreter);
    expect(v.parse(environmentSchema, environment)).toEqual(environment);
    expect(environment.tags).toBeNull();
    expect(environment.suggested_pip_download).toBeNull();
    expect(problemsOf(environment).map(({ code }) => code)).toEqual(["no-interpreter"]);
  });

  test("a defect there is a failure with its traceback", async () => {
    const broken = { done: true, findings: null, error: "Traceback: here" };
    const session = await blenderThatAnswers([{ ...running, ...broken }]);
    const failure = environmentOf(session, withProbe);
    await expect(failure).rejects.toMatchObject({
      code: "probe-failed",
      cause: new Error("Traceback: here"),
    });
  });
});

describe("pythonOf", () => {
  test("gives the interpreter and how pip runs", async () => {
    const short = { ...findings, pip: null, wheels: null, network: null };
    const session = await blenderThatAnswers([{ ...running, done: true, findings: short }]);
    expect(await pythonOf(session)).toMatchObject({
      executable: "/usr/bin/python3.11",
      pip: ["/usr/bin/python3.11", "-I", "-m", "pip"],
      onlineAccess: null,
    });
  });

  test("fails where there is none", async () => {
    const session = await blenderThatAnswers([{ ...running, done: true, findings: noInterpreter }]);
    await expect(pythonOf(session)).rejects.toMatchObject({ code: "no-interpreter" });
  });
});

describe("problemsOf", () => {
  const codes = (environment: Environment) => problemsOf(environment).map(({ code }) => code);

  test("an externally managed Python, with the way around it", async () => {
    const environment = await environmentWith(findings);
    environment.site.externally_managed = "/usr/lib/python3.11/EXTERNALLY-MANAGED";
    expect(codes(environment)).toEqual(["externally-managed"]);
    expect(problemsOf(environment)[0]?.hint).toContain("--target user-modules");
    environment.site.user_modules = null;
    expect(problemsOf(environment)[0]?.hint).not.toContain("--target");
  });

  test("where the user modules are closed as well, both are said, and what helps", async () => {
    const environment = await environmentWith(findings);
    const { site } = environment;
    const [first] = site.packages;
    const closed = { writable: false, error: "Read-only file system" };
    if (first !== undefined) Object.assign(first, closed);
    expect(codes(environment)).toEqual(["site-not-writable"]);
    if (site.user_modules !== null) Object.assign(site.user_modules, closed);
    expect(codes(environment)).toEqual(["site-not-writable", "user-modules-not-writable"]);
    for (const { hint } of problemsOf(environment)) expect(hint).toContain("BLENDER_USER_SCRIPTS");
    expect(problemsOf(environment)[1]?.message).toContain(modules);
  });

  test("a site-packages that can't be written, no pip, no tags, no index", async () => {
    const environment = await environmentWith({
      ...findings,
      pip: { available: false, version: null, location: null, command: null, error: "no pip" },
      wheels: { tags: null, source: null, error: "nothing tells", ensurepip: false },
      network: { ...findings.network, probe: { tried: true, reachable: false, error: "refused" } },
    });
    const [first] = environment.site.packages;
    if (first !== undefined) Object.assign(first, { writable: false, error: "Read-only" });
    expect(codes(environment)).toEqual([
      "no-pip",
      "site-not-writable",
      "tags-unknown",
      "index-unreachable",
    ]);
  });
});

describe("pipDownloadLine", () => {
  const platforms = (line: string | null) =>
    [...(line ?? "").matchAll(/--platform (\S+)/g)].map((match) => match[1]);

  test("lists each platform of the target once, in its order", () => {
    const line = pipDownloadLine("3.11.2", [
      "cp311-cp311-manylinux_2_36_x86_64",
      "cp311-cp311-manylinux2014_x86_64",
      "cp311-abi3-manylinux_2_36_x86_64",
      "py3-none-any",
    ]);
    expect(line).toBe(
      "pip download --only-binary=:all: --python-version 3.11 --implementation cp --abi cp311 --abi abi3 --abi none --platform manylinux_2_36_x86_64 --platform manylinux2014_x86_64 -d wheelhouse PACKAGE",
    );
  });

  test("of macOS versions the newest suffices", () => {
    const mac = ["cp311-cp311-macosx_14_0_arm64", "cp311-cp311-macosx_13_0_arm64"];
    expect(platforms(pipDownloadLine("3.11.9", mac))).toEqual(["macosx_14_0_arm64"]);
  });

  test("Windows, and a free-threaded Python", () => {
    const line = pipDownloadLine("3.14.0", ["cp314-cp314t-win_amd64", "py3-none-any"]);
    expect(platforms(line)).toEqual(["win_amd64"]);
    expect(line).toContain("--python-version 3.14 --implementation cp --abi cp314t ");
  });

  test("no line for tags that aren't CPython's, or none", () => {
    expect(pipDownloadLine("3.10.0", ["pp310-pypy310_pp73-linux_x86_64"])).toBeNull();
    expect(pipDownloadLine("3.10.0", [])).toBeNull();
  });
});

/** UPDATE_DOCS=1 writes it anew. */
test("docs/pkg-info.schema.json is made of the schema", async () => {
  const path = join(import.meta.dir, "../../../../docs/pkg-info.schema.json");
  const schema = toJsonSchema(environmentSchema);
  if (process.env["UPDATE_DOCS"]) await Bun.write(path, `${JSON.stringify(schema, null, 2)}\n`);
  const documented: unknown = await Bun.file(path).json();
  // If this differs: UPDATE_DOCS=1 bun test tests/unit/remote/environment.test.ts
  expect(documented).toEqual(JSON.parse(JSON.stringify(schema)));
});
