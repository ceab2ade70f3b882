import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withPipChoices } from "../../../src/cmd/_pip-choices.ts";
import { planRequest } from "../../support/requirements.ts";

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "blender-remote-choices-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function chosen(pip: Record<string, string>, request = planRequest(["numpy"])) {
  const said: string[] = [];
  const settings = new Map(Object.entries(pip));
  const wanted = await withPipChoices(request, settings, (text) => said.push(text));
  return { ...wanted, said };
}

test("without such settings nothing changes and nothing is said", async () => {
  const request = planRequest(["numpy"]);
  expect(await chosen({ timeout: "3" }, request)).toEqual({ ...request, said: [] });
});

test("constraints, pre-releases and a date are followed, and said", async () => {
  const file = join(dir, "limits.txt");
  await writeFile(file, "numpy<2\n# more\nscipy==1.11.4\n");
  const { constraints, prereleases, before, said } = await chosen({
    constraint: file,
    pre: "yes",
    "uploaded-prior-to": "2025-01-31T12:00:00Z",
  });
  expect(constraints.map(({ text }) => text)).toEqual(["numpy<2", "scipy==1.11.4"]);
  expect(constraints[0]?.where).toBe(`${file}:1`);
  expect(prereleases).toBe(true);
  expect(before).toBe(Date.UTC(2025, 0, 31, 12));
  expect(said).toEqual([
    `pip's settings are followed: constraint ${file}, pre, uploaded-prior-to 2025-01-31T12:00:00Z`,
  ]);
});

test("a date on the command line counts more", async () => {
  const request = { ...planRequest(["numpy"]), before: 1 };
  const { before, said } = await chosen({ "uploaded-prior-to": "2025-01-31" }, request);
  expect(before).toBe(1);
  expect(said).toEqual([]);
});

test.each([
  [{ constraint: "/no/such/limits.txt" }, "requirements-unreadable"],
  [{ "uploaded-prior-to": "soon" }, "bad-date"],
  [{ "require-hashes": "1" }, "hashes-missing"],
])("%j is refused", async (pip, code) => {
  expect(await chosen(pip).catch((failure) => failure.code)).toBe(code);
});

test("what the command line decides by itself isn't followed, which is said", async () => {
  const { deps, said } = await chosen({ "no-deps": "1" });
  expect(deps).toBe(true);
  expect(said).toEqual(["pip's setting no-deps isn't followed"]);
});
