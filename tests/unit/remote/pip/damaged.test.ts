import { expect, test } from "bun:test";
import { damage, suspects } from "../../../../src/remote/pip/damaged.ts";

// What pip 22.3 and 26.3 say of wheels with bits that were changed here and there.
test.each([
  "zlib.error: Error -3 while decompressing data: invalid distance too far back",
  "zipfile.BadZipFile: Bad CRC-32 for file 'bad/data.py'",
  "zipfile.BadZipFile: Bad magic number for file header",
  "zipfile.BadZipFile: File name in directory 'bad/data.py' and header b'Xad/data.py' differ.",
  "NotImplementedError: That compression method is not supported",
  "ERROR: bad has an invalid wheel, bad has an invalid wheel, could not read 'bad-1.0.dist-info/WHEEL' file: BadZipFile(\"Bad CRC-32 for file 'bad-1.0.dist-info/WHEEL'\")",
  "ERROR: could not read 'bad-1.0.dist-info/METADATA' file: error('Error -3')",
  "ERROR: Wheel 'bad' located at /w/bad-1.0-py3-none-any.whl is invalid.",
  "ERROR: bad has an invalid wheel, .dist-info directory not found",
])("%s", (line) => {
  expect(damage.test(line)).toBe(true);
});

test("which wheels may be meant", () => {
  const collected =
    "Processing ./w/a-1-py3-none-any.whl\nProcessing /w x/b-1-py3-none-any.whl (from a)\n  Using cached c-1-py3-none-any.whl (2 kB)\n";
  expect(suspects(collected)).toEqual(["c-1-py3-none-any.whl"]);
  expect(suspects(`${collected}Installing collected packages: a, b, c\n`)).toEqual(
    [..."abc"].map((name) => `${name}-1-py3-none-any.whl`),
  );
});
