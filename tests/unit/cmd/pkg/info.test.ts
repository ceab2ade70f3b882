import { expect, test } from "bun:test";
import { info, render } from "../../../../src/cmd/pkg/info.ts";
import type { Environment } from "../../../../src/remote/python/environment-schema.ts";
import { rendered } from "../../../../src/text.ts";
import { optionsOf, refusalOf, usualTarget } from "../parsing.ts";

const closed = {
  path: "/usr/lib/python3/dist-packages",
  exists: true,
  writable: false,
  error: "Permission denied",
  on_path: true,
};

const environment: Environment = {
  blender: {
    version: "3.4.1",
    version_tuple: [3, 4, 1],
    binary: "/usr/bin/blender",
    background: true,
  },
  python: {
    version: "3.11.2",
    implementation: "cpython",
    executable: "/usr/bin/python3.11",
    executable_error: null,
    sys_executable: null,
    python_args: null,
    platform: "linux-x86_64",
    machine: "x86_64",
    libc: { name: "glibc", version: "2.36" },
    prefix: "/usr",
    base_prefix: "/usr",
    tags_source: "pip",
    tags_error: null,
  },
  site: {
    packages: [closed],
    purelib: closed.path,
    user: { path: "/root/.local/lib", exists: false, enabled: false },
    user_modules: {
      path: "/root/.config/blender/3.4/scripts/addons/modules",
      exists: false,
      writable: true,
      error: null,
      on_path: true,
      packages: [{ name: "scipy", version: "1.13.1" }],
    },
    externally_managed: null,
    broken: [],
  },
  pip: {
    available: true,
    version: "23.0.1",
    location: "/usr/lib/python3/dist-packages/pip",
    command: ["/usr/bin/python3.11", "-I", "-X", "utf8", "-m", "pip"],
    error: null,
    ensurepip: true,
  },
  network: {
    online_access: false,
    index_url: "https://index/simple",
    extra_index_urls: [],
    find_links: ["/srv/wheels"],
    no_index: false,
    probe: { tried: false, reachable: null, error: "Blender's online access is off" },
  },
  markers: { sys_platform: "linux" },
  bundled: { numpy: "1.24.2" },
  suggested_pip_download: "pip download -d wheelhouse PACKAGE",
  tags: [
    "cp311-cp311-linux_x86_64",
    "cp311-cp311-manylinux_2_36_x86_64",
    "cp311-abi3-manylinux_2_36_x86_64",
    "cp311-none-linux_x86_64",
    "cp32-abi3-manylinux1_x86_64",
    "cp311-none-any",
    "py3-none-any",
  ],
  service: {
    kind: "plain",
    name: null,
    version: null,
    protocol: null,
    capabilities: [],
    pid: 42,
    host: "127.0.0.1",
    port: 6688,
  },
};

test("the report for people", () => {
  expect(render(environment, Number.POSITIVE_INFINITY)).toBe(`\
Problem: pip can't change the packages in /usr/lib/python3/dist-packages: Permission denied
hint: install into Blender's user folder: blender-remote-cli pkg install PACKAGE --target user-modules

Blender   3.4.1, in the background, process 42
          /usr/bin/blender
Service   a server that only has execute_code, at 127.0.0.1:6688
Python    cpython 3.11.2, linux-x86_64, glibc 2.36
          /usr/bin/python3.11
          (sys.executable says None)
Packages  read-only /usr/lib/python3/dist-packages (Permission denied)
          unused    /root/.local/lib (user site)
Modules   writable  /root/.config/blender/3.4/scripts/addons/modules (doesn't exist yet)
          scipy 1.13.1
pip       23.0.1, /usr/lib/python3/dist-packages/pip
          /usr/bin/python3.11 -I -X utf8 -m pip
Network   online access off in Blender: pkg install takes --from-here, a wheelhouse, or --allow-online
          https://index/simple not tried (Blender's online access is off)
          and links in /srv/wheels
Tags      cp311-cp311, cp311-abi3 … cp32-abi3, cp311-none … py3-none
          manylinux_2_36_x86_64 … manylinux1_x86_64, any
          7 in all, --json lists them

To get wheels for it on another machine:
blender-remote-cli pkg info --json > env.json
blender-remote-cli pkg download PACKAGE --for env.json
or, where there is pip instead:
pip download -d wheelhouse PACKAGE
`);
});

test("where ssh leads is said", () => {
  const text = render(environment, Number.POSITIVE_INFINITY, rendered, "render1");
  expect(text).toContain("execute_code, at 127.0.0.1:6688 on render1\n");
});

test("in a narrow terminal lines break between words, and the download line doesn't", () => {
  const long = `pip download ${"--platform manylinux_2_17_x86_64 ".repeat(9)}PACKAGE`;
  const text = render({ ...environment, suggested_pip_download: long }, 60);
  const lines = text.split("\n");
  expect(lines).toContain(long);
  for (const line of lines.filter(
    (one) => one !== long && !one.startsWith("blender-remote-cli "),
  )) {
    // Paths can't be broken.
    const words = line.trim().split(" ");
    if (words.length > 2) expect(line.length).toBeLessThanOrEqual(60);
  }
  const rejoined = text.replace(/\s+/g, " ");
  expect(rejoined).toContain("not tried (Blender's online access is off)");
});

test("without an interpreter", () => {
  const text = render(
    {
      ...environment,
      python: { ...environment.python, executable: null, executable_error: "/x: not there" },
      tags: null,
      suggested_pip_download: null,
    },
    80,
  );
  expect(text).toContain("interpreter not found");
  expect(text).not.toContain("another machine");
  expect(text).toContain("Problem: no Python interpreter that belongs to Blender was found");
});

test.each([
  [[], true],
  [["--no-network-probe"], false],
])("options of %j", async (tokens, networkProbe) => {
  expect(await optionsOf(info, tokens)).toEqual({ networkProbe, target: usualTarget });
});

test("an argument isn't taken", async () => {
  const refusal = await refusalOf(info, ["numpy"]);
  expect(refusal).toMatchObject({ code: "surplus-argument", exitCode: 2 });
});
