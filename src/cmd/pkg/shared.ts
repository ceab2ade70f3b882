import type { StringArgDef } from "citty";
import { Failure } from "../../failure.ts";
import type { PythonThere } from "../../remote/environment.ts";

/** The flag that names a wheelhouse on Blender's machine. */
export const remoteWheelhouseArg = {
  type: "string",
  valueHint: "dir",
  description: "The wheelhouse on Blender's machine; ~ and relative paths are resolved there",
} as const satisfies StringArgDef;

/**
 * Stops an install that can't work before pip is asked.
 *
 * @throws Failure `externally-managed`, `site-not-writable`.
 */
export function requireOpenSite({ site }: PythonThere): void {
  const hint = "use a build of Blender from blender.org in a folder that you may write to";
  if (site.externally_managed !== null) {
    throw new Failure(
      "externally-managed",
      `the system manages Blender's Python, pip refuses to install into it (${site.externally_managed})`,
      { hint },
    );
  }
  const folder = site.packages.find(({ path }) => path === site.purelib);
  if (folder !== undefined && !folder.writable) {
    const message = `pip can't install into ${folder.path}: ${folder.error}`;
    throw new Failure("site-not-writable", message, { hint });
  }
}
