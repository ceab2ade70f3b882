// The wheel of pip that the executable carries.

import type { LocalFile } from "../temporary/temporary-files.ts";
import path from "./pip_wheel/pip.whl" with { type: "file" };
import { pinnedPip } from "./pip-pin.ts";

/** The wheel of `pinnedPip`, inside the executable; fetched and checked when it is built. */
export const carriedPip: LocalFile = {
  name: `pip-${pinnedPip.version}-py3-none-any.whl`,
  path,
  size: Bun.file(path).size,
  sha256: pinnedPip.sha256,
};
