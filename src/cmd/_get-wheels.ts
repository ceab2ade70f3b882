// Chooses wheels and gets them, with progress: for whatever command needs some.

import { removeTemporaryFolder, temporaryFolder } from "../local/files/temporary-folder.ts";
import type { IndexClient } from "../local/index/client.ts";
import { type FetchedWheel, fetchWheels } from "../local/index/fetch-wheels.ts";
import { bestHash } from "../local/index/hashes.ts";
import type { PipSettings } from "../local/index/pip-config.ts";
import { type PlanRequest, planFor } from "../local/index/plan.ts";
import { type OfferedFile, Projects } from "../local/index/projects.ts";
import { MetadataStore } from "../local/index/source.ts";
import { HashCache } from "../local/wheels/hash-cache.ts";
import { listed } from "../text.ts";
import { count } from "../ui/format.ts";
import type { Output } from "../ui/output.ts";
import { createProgress } from "../ui/progress.ts";
import { waiting } from "../ui/waiting.ts";
import type { WheelTarget } from "../wheels/target.ts";
import type { Context } from "./_command.ts";
import { type Indexes, openIndexes } from "./_indexes.ts";
import { withPipChoices } from "./_pip-choices.ts";

/**
 * Chooses versions with what indexes say; nothing of it goes on once that has ended.
 *
 * @param what for whom, in words.
 * @param isOne whether each package is looked at once, for one Python.
 */
export async function choosing<T>(
  what: string,
  isOne: boolean,
  indexes: Indexes,
  context: Context,
  work: (projects: Projects, store: MetadataStore, pip: PipSettings) => Promise<T>,
): Promise<{ client: IndexClient; chosen: T }> {
  const { client, settings, pip } = await openIndexes(indexes, context);
  const folder = await temporaryFolder("blender-remote-download-");
  // One that fails, or takes too long, leaves no others that go on.
  const ended = new AbortController();
  const asking = client.until(ended.signal);
  try {
    const projects = new Projects(asking, settings, !isOne);
    const chosen = work(projects, new MetadataStore(asking, folder), pip);
    return {
      client,
      chosen: await waiting(context.output, `choosing versions for ${what}`, chosen),
    };
  } finally {
    ended.abort(new Error("nobody waits for it any more"));
    // Pages of indexes are long; wheels come next.
    Bun.shrink();
    await removeTemporaryFolder(folder);
  }
}

/** Chooses versions for every target. */
export async function plansFor(
  targets: readonly WheelTarget[],
  request: PlanRequest,
  indexes: Indexes,
  context: Context,
) {
  const what = targets.length === 1 ? targets[0]?.name : undefined;
  const { client, chosen } = await choosing(
    what ?? count(targets.length, "target"),
    targets.length === 1,
    indexes,
    context,
    async (projects, store, pip) => {
      const wanted = await withPipChoices(request, pip, context.output.note);
      return await Promise.all(targets.map((one) => planFor(one, wanted, projects, store)));
    },
  );
  return { client, plans: chosen };
}

/** An index may tell no hash, or one that can be forged: then nothing says that it is its file. */
function warnOfUnchecked(wheels: readonly FetchedWheel[], output: Output): void {
  const names = wheels
    .filter(({ file, status }) => status === "downloaded" && !file.url.startsWith("file:"))
    .filter(({ file }) => bestHash(file.hashes) === undefined)
    .map(({ file }) => file.filename);
  if (names.length === 0) return;
  output.warn(`not checked, because the index tells no hash that can be trusted: ${listed(names)}`);
}

/** Gets these wheels and shows how far that is. */
export async function fetchFiles(
  client: IndexClient,
  files: readonly OfferedFile[],
  folder: string,
  output: Output,
): Promise<FetchedWheel[]> {
  const progress = createProgress(output);
  const known = await HashCache.open();
  try {
    const wheels = await fetchWheels(client, files, folder, known, {
      begins: (all) => progress.begin(all),
      starts: (name, size) => progress.start(name, size, 0),
      heard: (name, bytes) => progress.advance(name, bytes),
      finished: ({ file, status }) => {
        progress.finish(file.filename);
        if (status === "downloaded") progress.line(file.filename);
      },
    });
    warnOfUnchecked(wheels, output);
    return wheels;
  } finally {
    progress.end();
    await known.save();
  }
}
