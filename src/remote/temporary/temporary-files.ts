// Files of this machine that one command needs on Blender's machine.

import * as v from "valibot";
import { Failure } from "../../failure.ts";
import type { Script } from "../../script.ts";
import { joined } from "../path.ts";
import { callScript } from "../script/call.ts";
import { uploadFolder } from "../script/modules.ts";
import { push } from "../wheelhouse/push.ts";
import type { Wheel } from "../wheelhouse/wheel.ts";
import type { Session } from "../wire/session.ts";
import { heldFolder } from "./script.ts";
import temporarySource from "./temporary.py" with { type: "text" };

const script: Script = {
  name: "temporary.py",
  source: temporarySource,
  modules: [heldFolder, uploadFolder],
};
const folderSchema = v.object({ folder: v.string() });

/** Upper bound of a piece that is sent, in bytes. */
const chunkSize = 1024 * 1024;
const retries = 3;

/** A file of this machine. */
export interface LocalFile {
  name: string;
  path: string;
  /** Bytes. */
  size: number;
  /** Lower-case hexadecimal. */
  sha256: string;
}

/**
 * Makes a temporary folder on Blender's machine with these files in it, does the work, and removes
 * it again, also after Ctrl-C or a time limit. A Blender that ends removes what is left.
 *
 * @param work gets their paths on Blender's machine, in the order of `files`, and the folder's.
 * @throws Failure `transfer-failed`, and as `callScript`, `push` and `work`.
 */
export async function withTemporaryFiles<T>(
  session: Session,
  files: readonly LocalFile[],
  work: (paths: string[], folder: string) => Promise<T>,
): Promise<T> {
  const { folder } = await callScript(session, script, { action: "make" }, folderSchema);
  try {
    const observer = { begins() {}, starts() {}, sent() {}, retries() {}, finished() {} };
    const options = { folder, transport: "auto", chunkSize, retries, observer } as const;
    const wheels = files.map(
      ({ sha256, ...file }): Wheel => ({
        ...file,
        fingerprint: sha256,
        knownSha256: sha256,
        sha256: async () => sha256,
      }),
    );
    const sent = await push(session, wheels, options);
    const failed = sent.files.find((file) => file.status === "failed");
    if (failed !== undefined) {
      throw new Failure("transfer-failed", `${failed.name} didn't arrive: ${failed.error}`);
    }
    const paths = files.map(({ name }) => joined(folder, name));
    return await work(paths, folder);
  } finally {
    await remove(session, folder);
  }
}

async function remove(session: Session, folder: string): Promise<void> {
  const args = { action: "remove", folder };
  const ask = (working: Session) => callScript(working, script, args, folderSchema);
  try {
    await ask(session);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    // After Ctrl-C or a time limit that connection can't be used any more. Where Blender is gone the
    // folder went with it; one that is stuck removes the folder at its end.
    await session.reconnected(ask);
  }
}
