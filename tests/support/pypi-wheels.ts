// Wheels from PyPI, fetched once and kept between runs.

import { makeOnce } from "../../scripts/cache.ts";
import { mustRun } from "../../scripts/process.ts";
import { toolsPython } from "../../scripts/python.ts";

async function fetched(
  name: string,
  python: string,
  requirements: readonly string[],
  ...platform: string[]
): Promise<string> {
  return makeOnce(name, async (making) => {
    const tools = await toolsPython();
    const flags = ["--quiet", "--no-deps", "--only-binary=:all:", "--python-version", python];
    const download = ["-I", "-m", "pip", "download", ...flags, ...platform, "--dest", making];
    await mustRun([tools, ...download, ...requirements]);
  });
}

/** A folder with these wheels from PyPI for CPython 3.11 on this machine, fetched once. */
export function wheelhouse(...requirements: string[]): Promise<string> {
  return fetched(`wheels-${Bun.hash(requirements.join(" ")).toString(16)}`, "3.11", requirements);
}

/** The same for another CPython (`3.13`). */
export function wheelhouseFor(python: string, ...requirements: string[]): Promise<string> {
  const name = `wheels-${python}-${Bun.hash(requirements.join(" ")).toString(16)}`;
  return fetched(name, python, requirements);
}

/** The same for CPython 3.11 on Windows. */
export function wheelhouseForWindows(...requirements: string[]): Promise<string> {
  const name = `wheels-windows-${Bun.hash(requirements.join(" ")).toString(16)}`;
  return fetched(name, "3.11", requirements, "--platform", "win_amd64", "--implementation", "cp");
}

const settings = ["index-url", "cert", "proxy", "trusted-host"] as const;

/** Those of this machine's settings of pip that tell how it reaches its index. */
export async function indexSettings(): Promise<Partial<Record<(typeof settings)[number], string>>> {
  const list = await mustRun([await toolsPython(), "-I", "-m", "pip", "config", "list"]);
  // The environment's come last, and win.
  const found = Array.from(list.matchAll(/^(?:global|install|:env:)\.([\w-]+)='(.*)'$/gm));
  const all = new Map(found.map(([, name = "", value = ""]) => [name, value]));
  return Object.fromEntries(
    settings.flatMap((name) => {
      const value = all.get(name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
