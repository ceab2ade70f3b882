// The Blender behind a service, as `addon` commands ask it and have it load add-ons anew.

import { dirname } from "node:path";
import { extended, Failure } from "../../failure.ts";
import type { AddonBlender } from "../../local/addon/addon-blender.ts";
import { addonPaths } from "../../local/addon/look.ts";
import { runningScript } from "../../local/addon/modules.ts";
import { Traceback } from "../../local/addon/outcome.ts";
import { expectedPlaces } from "../../local/addon/places.ts";
import {
  lookArguments,
  lookSchema,
  type RunningLook,
  reloadArguments,
  reloadedSchema,
} from "../../local/addon/running.ts";
import type { UserFolders } from "../../local/blender/user-folders.ts";
import { realOrAbsolute, samePath } from "../../local/files/real-path.ts";
import { callBeside, callScript } from "../../remote/script/call.ts";
import { sameMachine } from "../../remote/service/local-process.ts";
import type { Endpoint } from "../../remote/wire/connection.ts";
import { addressOf } from "../../remote/wire/failures.ts";
import { Session } from "../../remote/wire/session.ts";
import { ours, type Text, text } from "../../text.ts";

/** For a look that nobody has asked for, in seconds. */
const limits = { connect: 0.9, firstAnswer: 0.9, total: 0.9 };

/** What the Blender behind a session has loaded; undefined where it isn't on this machine. */
async function lookedAt(session: Session): Promise<RunningLook | undefined> {
  if ((await sameMachine(session)) === undefined) return undefined;
  return callBeside(session, runningScript, lookArguments, lookSchema);
}

/** Asks whoever answers at an address; undefined where that is nobody who can tell. */
export async function lookQuietly(
  endpoint: Endpoint,
  signal: AbortSignal,
): Promise<RunningLook | undefined> {
  try {
    const session = await Session.open(endpoint, limits, signal);
    try {
      return await lookedAt(session);
    } finally {
      session.close();
    }
  } catch (error) {
    // Nobody waits for it any more, or nobody answers.
    if (signal.aborted || error instanceof Failure) return undefined;
    throw error;
  }
}

/** The folders of preferences and add-ons. */
type OwnPlaces = Pick<UserFolders, "config" | "addons">;

/** Whether a Blender that runs has its preferences and the user's add-ons in these folders. */
export async function isIn(look: RunningLook, { config, addons }: OwnPlaces): Promise<boolean> {
  return (
    samePath(look.config, await realOrAbsolute(config)) &&
    samePath(look.addons, await realOrAbsolute(addons))
  );
}

function otherPreferences({ endpoint }: Session, what: string): Failure {
  return new Failure("other-preferences", `the Blender on ${addressOf(endpoint)} ${what}`, {
    hint: "give the --port of the Blender that is meant, or its --profile; or leave --reload out",
  });
}

/**
 * Looks at the Blender that is to load what will be changed.
 *
 * @throws Failure `other-preferences`.
 */
export async function requireOwn(session: Session, blender: AddonBlender): Promise<RunningLook> {
  const look = await lookedAt(session);
  if (look === undefined) throw otherPreferences(session, "isn't on this machine");
  if (await isIn(look, expectedPlaces(blender).folders)) return look;
  // Builds differ in where they keep them; what this one says counts.
  const { preferences, user_addons: addons } = await addonPaths(blender);
  const own = { config: dirname(preferences), addons };
  if (await isIn(look, own)) return look;
  throw otherPreferences(
    session,
    `has its preferences in ${look.config} and its add-ons in ${look.addons}, and what would be changed is in ${own.config} and ${addons}`,
  );
}

/** What came of an add-on in the Blender behind a session. */
export interface Reload {
  loaded: boolean;
  warnings: readonly string[];
  /** `reload-failed`. */
  failure: Failure | undefined;
}

/** How a Blender is started again, in which nothing can be loaded anew. */
export function startingAgain(started: boolean, ...flags: string[]): Text {
  return started
    ? text`'${ours("restart", ...flags)}' starts it again`
    : "quit it and start it again";
}

/** Has the Blender behind a session load an add-on anew, or unload it; as `reloadArguments`. */
export async function reloadIn(
  session: Session,
  { started }: RunningLook,
  name: string,
  enabled: boolean | null,
): Promise<Reload> {
  const hint = startingAgain(started);
  const failed = (message: string, cause?: unknown) =>
    new Failure("reload-failed", message, { hint, cause });
  try {
    const args = reloadArguments(name, enabled);
    const pieces = session.server.kind === "plain";
    const reply = await callScript(session, runningScript, args, reloadedSchema, { pieces });
    const { loaded, warnings, failure } = reply;
    if (failure === null) return { loaded, warnings, failure: undefined };
    const { message, traceback } = failure;
    const cause = traceback === "" ? undefined : new Traceback(traceback.trim());
    return { loaded, warnings, failure: failed(message, cause) };
  } catch (error) {
    if (!(error instanceof Failure) || error.kind === "interrupted") throw error;
    const failure = extended(error, { code: "reload-failed", kind: "failed", hint });
    return { loaded: false, warnings: [], failure };
  }
}
