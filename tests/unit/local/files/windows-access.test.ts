import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { othersIn, othersWithAccess, sidText } from "../../../../src/local/files/windows-access.ts";

const self = "S-1-5-21-1-2-3-1001";
const other = "S-1-5-21-1-2-3-1002";

test.each([
  ["as in a user's own folder", `O:${self}D:AI(A;ID;FA;;;SY)(A;ID;FA;;;BA)(A;ID;FA;;;${self})`],
  ["made by an administrator", `O:BAG:S-1-5-21-1-2-3-513D:(A;;FA;;;SY)(A;;FA;;;BA)(A;;FR;;;OW)`],
  ["protected", `O:${self}G:DUD:PAI(A;;FA;;;${self})`],
  ["that lets nobody in", `O:${self}D:P`],
  ["that denies others", `O:${self}D:(D;;FA;;;WD)(D;;FR;;;${other})(A;;FA;;;${self})`],
  ["with entries for what is in a folder", `O:${self}D:(A;OICIIO;GA;;;CO)(A;;FA;;;${self})`],
  ["with a condition", `O:${self}D:(XD;;FA;;;WD;(exists x))(A;;FA;;;${self})`],
])("an access list %s", (_, descriptor) => {
  expect(othersIn(descriptor, self)).toEqual([]);
});

test.each([
  ["the users", `O:${self}D:AI(A;ID;0x1200a9;;;BU)(A;;FA;;;${self})`, ["BU"]],
  ["everybody", `O:${self}D:(A;;FR;;;WD)`, ["WD"]],
  ["another user", `O:${self}D:(A;;FR;;;${other})(A;;FA;;;${self})`, [other]],
  ["those who are authenticated", `O:${self}D:(A;ID;0x1301bf;;;AU)`, ["AU"]],
  ["with a condition", `O:${self}D:(XA;;FX;;;WD;(@User.Title=="PM"))`, ["WD"]],
  ["with another type of entry", `O:${self}D:(OA;;FR;;;WD)`, ["WD"]],
  ["its owner, who is somebody else", `O:${other}D:(A;;FA;;;${other})(A;;FR;;;${self})`, [other]],
  ["without a list", `O:${self}`, ["everybody"]],
  ["with none", `O:${self}G:BAD:NO_ACCESS_CONTROL`, ["everybody"]],
  ["that isn't known", "", ["nobody known", "everybody"]],
])("%s", (_, descriptor, others) => {
  expect(othersIn(descriptor, self)).toEqual(others);
});

test("a SID out of its bytes", () => {
  const bytes = Uint8Array.of(1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 32, 2, 0, 0);
  expect(sidText(new DataView(bytes.buffer))).toBe("S-1-5-32-544");
});

test.skipIf(process.platform !== "win32")("a file that was just made", () => {
  const folder = mkdtempSync(join(tmpdir(), "blender-remote-access-"));
  const path = join(folder, "ä file");
  writeFileSync(path, "x", { mode: 0o600 });
  expect(othersWithAccess(path)).toEqual([]);
  // Wine makes an access list of the mode, which chmod can only take the right to write from.
  if (process.env["WINEPREFIX"] !== undefined) {
    expect(othersWithAccess("Z:\\bin\\sh")).toContain("WD");
  }
  expect(() => othersWithAccess(join(folder, "missing"))).toThrow("GetNamedSecurityInfo: 2");
  rmSync(folder, { recursive: true });
});
