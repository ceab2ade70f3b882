// What the probe finds in a Blender, for tests.

import type { Environment } from "../../../../src/remote/python/environment-schema.ts";

/** The user modules folder. */
export const modules = "/home/me/.config/blender/3.4/scripts/addons/modules";
/** site-packages. */
export const purelib = "/usr/local/lib/python3.11/dist-packages";

/** A folder that is in order. */
export function folder(path: string): Environment["site"]["packages"][number] {
  return { path, exists: true, writable: true, error: null, on_path: true };
}

/** What a Debian's Blender says at once. */
export const facts = {
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

/** The wheel tags of its Python. */
export const tags = [
  "cp311-cp311-manylinux_2_36_x86_64",
  "cp311-abi3-linux_x86_64",
  "py3-none-any",
];

/** What its interpreter says. */
export const findings = {
  executable: "/usr/bin/python3.11",
  executable_error: null,
  pip: {
    said: "pip 23.0.1 from /usr/lib/python3/dist-packages/pip (python 3.11)",
    command: ["/usr/bin/python3.11", "-I", "-X", "utf8", "-m", "pip"],
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

/** What is found where there is no interpreter. */
export const noInterpreter = {
  executable: null,
  executable_error: "/usr/bin/python3.11: not there",
  pip: null,
  wheels: null,
  network: null,
};

/** The first answer of a probe that isn't done yet. */
export const running = { facts, job: "j", done: false, findings: null, error: null };
