import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requirementsOf } from "../../../../src/cmd/pkg/_requirements.ts";
import { rendered } from "../../../../src/text.ts";
import { failureOf } from "../../../support/failure.ts";

let folder = "";
let file = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "blender-remote-requested-"));
  file = join(folder, "requirements.txt");
});
afterAll(() => rm(folder, { recursive: true }));

async function texts(content: string, ...specs: string[]): Promise<string[]> {
  await Bun.write(file, content);
  return (await requirementsOf(specs, file, "site")).map(({ text }) => text);
}

async function refusal(content: string, target: "site" | "user-modules" = "site") {
  await Bun.write(file, content);
  return failureOf(requirementsOf([], file, target));
}

describe("a requirements file", () => {
  test("one requirement a line, comments, blank lines, any line ends, behind those typed", async () => {
    const content =
      "\ufeff# for the farm\r\nnumpy == 1.26.4  # as Blender's\r\n\r\nscipy>=1.11\n#x\n";
    expect(await texts(content)).toEqual(["numpy==1.26.4", "scipy>=1.11"]);
    expect(await texts("scipy", "numpy")).toEqual(["numpy", "scipy"]);
  });

  test.each([
    ["a\n-r other.txt", ":2: ", "only names with versions"],
    ["--index-url https://host/simple", ":1: ", "only names with versions"],
    ["a==1 --hash=sha256:00", ":1: ", "only names with versions"],
    ["a \\\n==1", ":1: ", "only names with versions"],
    ['\n\na; python_version < "3"', ":3: ", "it has a marker"],
    ["git+https://host/a", ":1: ", "it is a URL"],
    ["./a.whl", ":1: ", "it is a path"],
  ])("%j is refused with its line", async (content, where, why) => {
    const { kind, message, hint } = await refusal(content);
    expect(kind).toBe("usage");
    expect(message).toContain(`${file}${where}`);
    expect(message).toContain(why);
    expect(rendered(hint ?? "")).toContain("blender-remote-cli pkg pip -- install");
  });

  test("empty, or not there", async () => {
    expect((await refusal("# nothing\n")).message).toContain("nothing stands in");
    const missing = requirementsOf([], join(folder, "none.txt"), "site");
    await expect(missing).rejects.toMatchObject({
      code: "requirements-unreadable",
      kind: "usage",
      message: expect.stringContaining("no such file or folder"),
    });
    await expect(requirementsOf([], folder, "site")).rejects.toMatchObject({
      message: expect.stringContaining("it is a folder"),
    });
  });
});

test("for user modules pip has to be told the folder", async () => {
  const failing = requirementsOf(["git+https://host/a"], undefined, "user-modules");
  expect(rendered((await failureOf(failing)).hint ?? "")).toContain(
    "pkg pip -- install --target MODULES git+https://host/a",
  );
});

test.each([
  ["", /^names with version constraints go here, such as numpy==1\.26\.4$/],
  ["numpy>", /^names with version constraints go here, such as numpy==1\.26\.4$/],
  [
    "https://host/x.whl",
    /^pip takes addresses: blender-remote-cli pkg pip -- install https:\/\/host/,
  ],
  ["~/my wheels/x.whl", /pkg push ~\/'my wheels\/x\.whl' --remote-wheelhouse DIR/],
  ["./folder", /for anything else: blender-remote-cli pkg pip -- install \.\/folder$/],
])("%j: what may have been meant", async (spec, hint) => {
  const failure = await failureOf(requirementsOf([spec], undefined, "site"));
  expect(failure.code).toBe("bad-requirement");
  expect(rendered(failure.hint ?? "")).toMatch(hint);
});
