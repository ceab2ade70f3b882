import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { isWindows } from "../../support/systems.ts";
import { programOnTerminal, rowsOf, waitingLine, waitingSeconds } from "../../support/terminal.ts";

const program = [process.execPath, join(import.meta.dir, "waits.ts")];

function waits(args: string[], cols = 80, env: Record<string, string> = {}) {
  // Its own echo of what the test types would stand in the picture.
  const quiet = ["sh", "-c", 'stty -echo; exec "$0" "$@"', ...program, ...args];
  return programOnTerminal(quiet, { env: { ...process.env, TERM: "xterm", ...env }, cols });
}

describe.concurrent.skipIf(isWindows)(
  "on a terminal (POSIX only: Bun opens none on Windows)",
  () => {
    test("the line has its seconds, and leaves nothing behind", async () => {
      const terminal = waits(["rejects"]);
      await terminal.sees(waitingSeconds("counting the stars"));
      terminal.type("\n");
      expect(await terminal.exited).toBe(0);
      expect(terminal.shown()).not.toContain("(0 s)");
      expect(rowsOf(terminal.shown(), 80)).toEqual(["error: clouds", "done"]);
    });

    test("what is done at once says nothing", async () => {
      const terminal = waits(["short"]);
      expect(await terminal.exited).toBe(0);
      expect(terminal.shown()).toBe("done\r\n");
    });

    test("many short waits behind each other aren't silent", async () => {
      const terminal = waits(["steps"]);
      await terminal.sees("\rtaking step ");
      terminal.type("\n");
      expect(await terminal.exited).toBe(0);
      expect(rowsOf(terminal.shown(), 80)).toEqual(["done"]);
    });

    test("other output has the place for itself, the line comes back below it", async () => {
      const terminal = waits(["beside"]);
      await terminal.sees(waitingLine("counting the stars"));
      terminal.type("\n");
      await terminal.sees("1 comet\r\n\rcounting the stars (");
      terminal.type("\n");
      await terminal.sees("half a ");
      const before = terminal.shown();
      // Longer than the line takes to come: it stays away from a row that others have begun.
      await Bun.sleep(1200);
      expect(terminal.shown()).toBe(before);
      terminal.type("\n");
      await terminal.sees("moon\r\n\rcounting the stars (");
      terminal.type("\n");
      expect(await terminal.exited).toBe(0);
      expect(rowsOf(terminal.shown(), 80)).toEqual(["a comet", "1 comet", "half a moon", "done"]);
    });

    test("of two the one that began later stands in front, then the other again", async () => {
      const terminal = waits(["within"]);
      await terminal.sees(waitingLine("looking for the sky"));
      terminal.type("\n");
      await terminal.sees("\rcounting the stars (");
      terminal.type("\n");
      expect(await terminal.exited).toBe(0);
      expect(rowsOf(terminal.shown(), 80)).toEqual(["done"]);
    });

    test.each([10, 21, 30])("in %p columns it stays one row", async (cols) => {
      const terminal = waits(["twice"], cols);
      await terminal.sees(/\([1-9]\d* s\)/);
      const shown = rowsOf(terminal.shown(), cols);
      expect(shown).toHaveLength(1);
      expect(shown[0]?.length).toBeLessThan(cols);
      terminal.type("\n\n");
      expect(await terminal.exited).toBe(0);
      expect(rowsOf(terminal.shown(), cols)).toEqual(["done"]);
    });

    test("Ctrl-C clears it, though the program ends at once", async () => {
      const terminal = waits(["interrupted"]);
      await terminal.sees(waitingSeconds("counting the stars"));
      terminal.type("\x03");
      expect(await terminal.exited).toBe(130);
      expect(rowsOf(terminal.shown(), 80)).toEqual([]);
    });

    test.each(["--quiet", "--json"])("nothing with %s", async (flag) => {
      const terminal = waits(["twice", flag]);
      await Bun.sleep(600); // longer than the line takes to come
      terminal.type("\n\n");
      expect(await terminal.exited).toBe(0);
      expect(terminal.shown()).toBe("done\r\n");
    });

    test("one that can't move the cursor gets a plain line", async () => {
      const terminal = waits(["twice"], 80, { TERM: "dumb" });
      await terminal.sees("counting the stars …\r\n");
      terminal.type("\n\n");
      expect(await terminal.exited).toBe(0);
      expect(terminal.shown()).toBe("counting the stars …\r\ndone\r\n");
    });
  },
);

test("without a terminal it's one plain line, once", async () => {
  const child = Bun.spawn([...program, "twice"], { stdin: "pipe", stdout: "pipe", stderr: "pipe" });
  let said = "";
  const decoder = new TextDecoder();
  const line = Promise.withResolvers<void>();
  const end = child.stderr.pipeTo(
    new WritableStream({
      write: (chunk: Uint8Array) => {
        said += decoder.decode(chunk);
        line.resolve();
      },
    }),
  );
  await line.promise;
  child.stdin.write("\n");
  child.stdin.flush();
  await Bun.sleep(600); // longer than a second line would take to come
  child.stdin.write("\n");
  child.stdin.flush();
  expect(await child.exited).toBe(0);
  await end;
  expect(said).toBe("counting the stars …\n");
});
