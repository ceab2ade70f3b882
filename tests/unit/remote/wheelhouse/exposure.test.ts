import { expect, test } from "bun:test";
import { exposureWarnings } from "../../../../src/remote/wheelhouse/exposure.ts";

test.each([
  ["/w", { path: "/w", who: "everybody" }, "into /w: its mode lets everybody", "chmod go-w /w"],
  ["/a/w", { path: "/a", who: "group" }, "that it is in, /a: its mode lets its", "chmod go-w /a"],
  ["/w", { path: "/w; rm x", who: "group" }, "its mode lets its", "chmod go-w '/w; rm x'"],
  ["/a/w", { path: "/a", who: "owner" }, "it belongs to another user", "the home of Blender's"],
] as const)("%s: %o", (folder, exposed, why, mend) => {
  const [warning = ""] = exposureWarnings(folder, exposed);
  expect(warning).toContain(why);
  expect(warning).toContain(mend);
});

test("a wheelhouse that nobody else can change", () => {
  expect(exposureWarnings("/w", null)).toEqual([]);
});
