import { describe, expect, test } from "bun:test";
import { PlainOutput } from "../../../../src/remote/pip/plain-output.ts";

/** What is shown of a text that comes in pieces of so many bytes. */
function shown(text: string, size = 7): string {
  const bytes = Buffer.from(text);
  const output = new PlainOutput({});
  let all = "";
  for (let at = 0; at < bytes.length; at += size) all += output.take(bytes.subarray(at, at + size));
  return all + output.end();
}

const trace = (last: string) =>
  `Traceback (most recent call last):\n  File "/x/é.py", line 1, in run\n    work()\n    ^^^^^^\n${last}\n`;
const during = "\nDuring handling of the above exception, another exception occurred:\n\n";
const because = "\nThe above exception was the direct cause of the following exception:\n\n";

describe("what is shown", () => {
  test.each([
    ["lines as they are", "Collecting ä\n\n  Found it\r\n", "Collecting ä\n\n  Found it\r\n"],
    [
      "the last line of a traceback",
      `ERROR: Exception:\n${trace("E: 1")}`,
      "ERROR: Exception:\nE: 1\n",
    ],
    ["what follows it", `${trace("E: 1")}\nWARNING: later\n`, "E: 1\nWARNING: later\n"],
    [
      "the last of those that led to each other",
      `${trace("E: 1")}${during}${trace("E: 2")}${because}${trace("E: 3")}done\n`,
      "E: 3\ndone\n",
    ],
    [
      "a traceback in a frame",
      "╭──────── Traceback (most recent call last) ────────╮\n│ /x.py:1 in f │\n│ ╭─ locals ─╮ │\n╰──────────────╯\nOSError: no\n",
      "OSError: no\n",
    ],
    [
      "a log that can't be written",
      `--- Logging error ---\n${trace("OSError: full")}Call stack:\n  File "y", line 1\n    log()\nMessage: 'x'\nArguments: ()\nafter\n`,
      "OSError: full\nafter\n",
    ],
    [
      "what a build writes",
      "      Traceback (most recent call last):\n        File x\n      E: 1\n",
      "      Traceback (most recent call last):\n        File x\n      E: 1\n",
    ],
    ["a line that doesn't end", "half a line", "half a line\n"],
    [
      "no advice on what we remove ourselves",
      "one\n  WARNING: Failed to remove contents in a temporary directory 'C:\\site-packages\\~umpy.libs'.\r\n  You can safely remove it manually.\r\ntwo\n",
      "one\ntwo\n",
    ],
    [
      "advice on other folders",
      "WARNING: Failed to remove contents in a temporary directory 'C:\\T\\pip-x'.\nYou can safely remove it manually.\n",
      "WARNING: Failed to remove contents in a temporary directory 'C:\\T\\pip-x'.\nYou can safely remove it manually.\n",
    ],
  ])("%s", (_, text, expected) => {
    expect(shown(text)).toBe(expected);
    expect(shown(text, 1)).toBe(expected);
    expect(shown(text, 10_000)).toBe(expected);
  });

  test("whole lines at once, the rest when it comes", () => {
    const output = new PlainOutput({});
    expect(output.take(Buffer.from("one\ntw"))).toBe("one\n");
    expect(output.take(Buffer.from("o\n"))).toBe("two\n");
  });
});

describe("what is too much", () => {
  test("of a list of files that couldn't be copied, the first and how many", () => {
    const files = Array.from({ length: 2500 }, (_, index) => {
      const to = `/m/big/${index}.py`;
      return `('/tmp/t/${index}.py', '${to}', "[Errno 28] No space left on device: '${to}'")`;
    });
    expect(shown(trace(`shutil.Error: [${files.join(", ")}]`), 4096)).toBe(
      "shutil.Error: [Errno 28] No space left on device: '/m/big/0.py' (and 2499 more files)\n",
    );
  });

  test("a long line is cut", () => {
    expect(shown(`${"x".repeat(10_000)}\n`, 4096)).toBe(
      `${"x".repeat(500)}… (9500 more characters)\n`,
    );
  });

  test("the same of thousands of files: three of them, and how many more", () => {
    const lines = Array.from({ length: 1000 }, (_, index) => `ERROR: can't write '/a/${index}'\n`);
    expect(shown(`${lines.join("")}end\n`)).toBe(
      `${lines.slice(0, 3).join("")}(and 997 more like this)\nend\n`,
    );
    expect(shown(lines.slice(0, 5).join(""))).toEndWith("/a/2'\n(and 2 more like this)\n");
  });
});
