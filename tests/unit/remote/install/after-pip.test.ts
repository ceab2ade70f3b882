import { describe, expect, test } from "bun:test";
import { extended, Failure, type FailureKind } from "../../../../src/failure.ts";
import { afterPip } from "../../../../src/remote/install/after-pip.ts";
import { rendered } from "../../../../src/text.ts";
import { answeringBlenders } from "../answering.ts";
import { installed, row } from "../packages/rows.ts";

const blenderThatAnswers = answeringBlenders();

const page = { packages: [row("brold", { version: "2.0" }), row("brnew")], broken: [], rest: [] };

/** What comes of a failure behind pip, in a Blender that can still be asked. */
async function told(failure: Failure, before: ReturnType<typeof installed>[] | null) {
  const { session } = await blenderThatAnswers(() => ({ ...page, context: null }));
  const ended = { names: ["brnew", "brold"], before };
  const error = await afterPip(session, ended, async () => {
    throw failure;
  }).catch((thrown) => thrown);
  if (!(error instanceof Failure)) throw error;
  const { code, kind, message, hint = "", details } = error;
  return { code, kind, message, hint: rendered(hint), details };
}

function cutOff(kind: FailureKind, message: string): Failure {
  return new Failure(kind, message, { kind });
}

const open = "before it was known whether Blender can import what was asked for";

describe("afterPip", () => {
  test("an interruption keeps its kind, and says what pip has done", async () => {
    const interrupted = cutOff("interrupted", "interrupted");
    const ofTrial = extended(interrupted, { message: "interrupted; nothing was changed" });
    expect(await told(ofTrial, [installed("brold", "1.0")])).toEqual({
      code: "interrupted",
      kind: "interrupted",
      message: `interrupted, ${open}; pip had done its work by then:\n  added brnew 1.0\n  upgraded brold from 1.0 to 2.0`,
      hint: "'blender-remote-cli pkg why brnew' tries the import",
      details: {
        changed: {
          added: [{ name: "brnew", version: "1.0", location: "/site" }],
          upgraded: [{ name: "brold", from: "1.0", to: "2.0", location: "/site" }],
          ...{ downgraded: [], removed: [], reinstalled: [] },
        },
        debris: [],
      },
    });
  });

  test("where nobody knows what was there before, no change is claimed", async () => {
    const lost = cutOff("no-service", "the connection was lost");
    expect(await told(lost, null)).toMatchObject({
      message: `the connection was lost, ${open}; pip had done its work by then`,
      hint: "'blender-remote-cli pkg why brnew' tries the import, once Blender answers again ('blender-remote-cli status')",
      details: { changed: null },
    });
  });

  test("what isn't cut off comes back", async () => {
    const { session } = await blenderThatAnswers([]);
    expect(await afterPip(session, { names: [], before: [] }, async () => 7)).toBe(7);
  });
});
