// Files that several packages bring: told of, and kept when one of the packages goes.

import * as v from "valibot";
import { Failure } from "../../failure.ts";
import { packageMetadata } from "../../packages/scripts.ts";
import type { Script } from "../../script.ts";
import { listed, ours, type Text, text } from "../../text.ts";
import { countSchema } from "../numbers.ts";
import type { Package } from "../packages/package.ts";
import type { FollowedPip } from "../pip/followed-pip.ts";
import { callBeside } from "../script/call.ts";
import type { Session } from "../wire/session.ts";
import type { InstallTarget } from "./request.ts";
import sharedFilesSource from "./shared_files.py" with { type: "text" };
import siteRecordsSource from "./site_records.py" with { type: "text" };

/** Finds the files that several packages list. */
export const sharedFiles: Script = {
  name: "shared_files.py",
  source: sharedFilesSource,
  modules: [packageMetadata],
};

const siteRecordsScript: Script = {
  name: "site_records.py",
  source: siteRecordsSource,
  modules: [packageMetadata, sharedFiles],
};

export const overlapSchema = v.object({
  packages: v.tuple([v.string(), v.string()]),
  files: v.array(v.string()),
  count: countSchema,
});
/** Two packages, with versions, that bring different files of one name; some of them. */
export type Overlap = v.InferOutput<typeof overlapSchema>;

export const damageSchema = v.object({ name: v.string(), version: v.string(), file: v.string() });
/** A package of whose files another one that goes had overwritten one, or more. */
export type Damage = v.InferOutput<typeof damageSchema>;

const recordSchema = v.object({ path: v.string(), text: v.string(), modified: v.string() });
const keptSchema = v.object({ records: v.array(recordSchema), damaged: v.array(damageSchema) });

/** How many files a sentence names. */
export const namedFiles = 3;

/** What happens where two packages bring different files of one name. */
export function overlapWarning({ packages: [one, other], files, count }: Overlap): string {
  return `${one} and ${other} both bring ${listed(files, namedFiles, count)}, and not the same: what is installed last replaces the other's`;
}

/** A package that is broken by what was overwritten, and how it is mended. */
export function damageWarning({ name, version, file }: Damage, target: InstallTarget): Text {
  const place = target === "site" ? [] : ["--target", target];
  return text`${name} ${version} is broken now: its ${file} isn't as it brought it ('${ours("pkg install", name, "--force-reinstall", ...place)}' mends it)`;
}

/**
 * Runs a pip that removes packages from site-packages, so that it keeps what other packages there
 * list as well.
 *
 * @returns how pip ended, and packages that stay of whose files a removed one had overwritten some.
 * @throws Failure as `uninstall`; RemoteError where RECORD can't be changed, and nothing was.
 */
export async function keepingShared(
  session: Session,
  packages: readonly Package[],
  uninstall: () => Promise<FollowedPip>,
): Promise<{ ran: FollowedPip; damaged: Damage[] }> {
  const going = packages.map(({ name, location }) => ({ name, folder: location }));
  const keep = { action: "keep", packages: going };
  const work = callBeside(session, siteRecordsScript, keep, keptSchema);
  const looking = "looking for files of other packages";
  const { records, damaged } = await session.waits.during(looking, work);
  const restore = async (working: Session) => {
    if (records.length === 0) return;
    const args = { action: "restore", records };
    await callBeside(working, siteRecordsScript, args, v.object({}));
  };
  try {
    const ran = await uninstall();
    if (ran.pip.returncode !== 0) await restore(session);
    return { ran, damaged };
  } catch (error) {
    // Where Blender is gone, the packages are whole without it.
    if (error instanceof Failure) await session.reconnected(restore);
    throw error;
  }
}
