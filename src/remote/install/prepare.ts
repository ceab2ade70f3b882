// The checks of an install that can be made before pip runs.

import type { Text } from "../../text.ts";
import type { PackageSnapshot } from "../packages/snapshot.ts";
import { type BlenderPython, pythonOf } from "../python/interpreter.ts";
import type { Session } from "../wire/session.ts";
import {
  checkedWheelhouse,
  requireOnline,
  requireOpenForPackages,
  userModulesOf,
} from "./checks.ts";
import { heldRequirements } from "./held.ts";
import { recoveredPackages } from "./recovered.ts";
import type { InstallRequest } from "./request.ts";

/** An install that has passed every check that can be made before pip runs. */
export interface PreparedInstall {
  /** Without the requirements whose marker doesn't hold there. */
  request: InstallRequest;
  /** All requirements: pip says which it ignores. */
  asked: InstallRequest["requirements"];
  python: BlenderPython;
  /** The user modules folder, for that target. */
  folder: string | undefined;
  /** The wheelhouse's absolute path on Blender's machine. */
  wheelhouse: string | undefined;
  before: PackageSnapshot["packages"];
  broken: PackageSnapshot["broken"];
  /** What is to be told of what was found: changes that were cut off, what is broken. */
  found: Text[];
}

/**
 * Finds the interpreter and makes every check that can be made before pip runs.
 *
 * @throws Failure `externally-managed`, `site-not-writable`, `user-modules-not-writable`,
 *   `online-access-off`, `no-wheelhouse`, `wheelhouse-lacks`, and as `pythonOf`.
 */
export async function prepareInstall(
  session: Session,
  given: InstallRequest,
): Promise<PreparedInstall> {
  const python = await pythonOf(session);
  const asked = given.requirements;
  const request = { ...given, requirements: await heldRequirements(session, asked) };
  let folder: string | undefined;
  if (request.target === "user-modules") folder = userModulesOf(python);
  else requireOpenForPackages(python, request.breakSystemPackages);
  let wheelhouse: string | undefined;
  if (request.wheelhouse === undefined) requireOnline(python, request.allowOnline);
  else wheelhouse = await checkedWheelhouse(session, request, request.wheelhouse);
  const { packages, broken, found } = await recoveredPackages(session, python);
  return { request, asked, python, folder, wheelhouse, before: packages, broken, found };
}
