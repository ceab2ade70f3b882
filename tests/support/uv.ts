// Programs that choose and get wheels from the index of this machine, beside ours.

import { indexSettings } from "./pypi-wheels.ts";

/**
 * The environment in which pip, uv and we ask one index alone, the one that this machine's pip is set
 * up with; else PyPI.
 *
 * @param cache a folder for what uv remembers.
 */
export async function oneIndex(cache: string): Promise<Record<string, string | undefined>> {
  const settings = await indexSettings();
  const index = settings["index-url"];
  const { cert, proxy } = settings;
  return {
    PIP_CONFIG_FILE: "/dev/null",
    PIP_FIND_LINKS: undefined,
    PIP_EXTRA_INDEX_URL: undefined,
    PIP_INDEX_URL: index,
    PIP_CERT: cert,
    PIP_PROXY: proxy,
    PIP_DISABLE_PIP_VERSION_CHECK: "1",
    UV_PYTHON_DOWNLOADS: "never",
    UV_CACHE_DIR: cache,
    UV_NO_CONFIG: "1",
    UV_DEFAULT_INDEX: index,
    ...(cert === undefined ? {} : { SSL_CERT_FILE: cert }),
    ...(proxy === undefined ? {} : { HTTPS_PROXY: proxy }),
  };
}

/** Platforms of Blender's targets, as uv calls them. */
export const uvPlatforms = {
  "windows-x64": "x86_64-pc-windows-msvc",
  "windows-arm64": "aarch64-pc-windows-msvc",
  "linux-x64": "x86_64-manylinux_2_28",
  "macos-x64": "x86_64-apple-darwin",
  "macos-arm64": "aarch64-apple-darwin",
} as const;

/** What tells uv for whom to choose. */
export function uvTarget(platform: keyof typeof uvPlatforms, python: string): string[] {
  const where = ["--python-platform", uvPlatforms[platform], "--python-version", python];
  return ["--only-binary", ":all:", ...where];
}
