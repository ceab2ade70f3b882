// A program that waits as commands do, for the tests of what is shown meanwhile.

import { createOutput } from "../../../src/ui/output.ts";
import { waiting } from "../../../src/ui/waiting.ts";

const [how = "", ...flags] = process.argv.slice(2);
const output = createOutput({
  json: flags.includes("--json"),
  quiet: flags.includes("--quiet"),
  verbose: false,
});

/** Settles when standard input has had one more line. */
const lines = console[Symbol.asyncIterator]();
const typed = async () => void (await lines.next());

switch (how) {
  case "short":
    await waiting(output, "counting the stars", Promise.resolve());
    break;
  case "rejects":
    await waiting(
      output,
      "counting the stars",
      typed().then(() => Promise.reject(new Error("clouds"))),
    ).catch((error: Error) => output.error(error.message));
    break;
  case "twice":
    await waiting(output, "counting the stars", typed());
    await waiting(output, "counting the stars", typed());
    break;
  case "beside":
    await waiting(
      output,
      "counting the stars",
      (async () => {
        await typed();
        output.note("a comet");
        await output.write("1 comet\n");
        await typed();
        await output.writeError("half a ");
        await typed();
        await output.writeError("moon\n");
        await typed();
      })(),
    );
    break;
  case "within":
    await waiting(
      output,
      "counting the stars",
      waiting(output, "looking for the sky", typed()).then(typed),
    );
    break;
  case "steps": {
    const enough = typed();
    for (let step = 1, done = false; !done; step++) {
      const short = Promise.race([Bun.sleep(150), enough.then(() => "done")]);
      done = (await waiting(output, `taking step ${step}`, short)) === "done";
    }
    break;
  }
  case "interrupted":
    process.on("SIGINT", () => process.exit(130));
    await waiting(output, "counting the stars", typed());
    break;
}
await output.write("done\n");
process.exit(0);
