// The checks of an install that can be made before pip runs.

import type { Text } from "../../text.ts";
import { type Pin, pinsOf } from "../packages/pins.ts";
import type { PackageSnapshot } from "../packages/snapshot.ts";
import { type BlenderPython, pythonOf } from "../python/interpreter.ts";
import type { Session } from "../wire/session.ts";
import {
  checkedWheelhouse,
  requireKept,
  requireOnline,
  requireOpenForPackages,
  userModulesOf,
} from "./checks.ts";
import { recoveredPackages } from "./recovered.ts";
import type { InstallRequest } from "./request.ts";

/** An install that has passed every check that can be made before pip runs. */
export interface PreparedInstall {
  request: InstallRequest;
  python: BlenderPython;
  /** The user modules folder, for that target. */
  folder: string | undefined;
  /** The wheelhouse's absolute path on Blender's machine. */
  wheelhouse: string | undefined;
  /** What is installed before. */
  before: PackageSnapshot;
  /** What is kept in its version. */
  pins: readonly Pin[];
  /** What is to be told of what was found: changes that were cut off, what is broken. */
  found: Text[];
}

/**
 * Finds the interpreter and makes every check that can be made before pip runs.
 *
 * @throws Failure `externally-managed`, `site-not-writable`, `user-modules-not-writable`,
 *   `online-access-off`, `no-wheelhouse`, `wheelhouse-lacks`, `bundled-kept`, and as `pythonOf`.
 */
export async function prepareInstall(
  session: Session,
  request: InstallRequest,
): Promise<PreparedInstall> {
  const python = await pythonOf(session);
  let folder: string | undefined;
  if (request.target === "user-modules") folder = userModulesOf(python);
  else requireOpenForPackages(python, request.breakSystemPackages);
  let wheelhouse: string | undefined;
  if (request.wheelhouse === undefined) requireOnline(python, request.allowOnline);
  else wheelhouse = await checkedWheelhouse(session, request, request.wheelhouse);
  const { found, ...before } = await recoveredPackages(session, python);
  const pins = request.replaceBundled ? [] : pinsOf(before);
  requireKept(request, pins);
  return { request, python, folder, wheelhouse, before, pins, found };
}
