import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { InstallMode } from "../../../../src/cmd/pkg/_file-options.ts";
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

const online: InstallMode = { use: "install", target: "site", offline: false, indexFlags: [] };
const offline: InstallMode = { ...online, offline: true };
const inFile = () => ({ requirements: [file], constraints: [] });
const none = { requirements: [], constraints: [] };

async function asked(content: string, mode = online, specs: string[] = []) {
  await Bun.write(file, content);
  return requirementsOf(specs, inFile(), mode);
}

async function texts(content: string, ...specs: string[]): Promise<string[]> {
  return (await asked(content, online, specs)).requirements.map(({ text }) => text);
}

async function refusal(content: string, mode = online) {
  await Bun.write(file, content);
  return failureOf(requirementsOf([], inFile(), mode));
}

const hash = (letter: string) => `sha256:${letter.repeat(64)}`;

describe("a requirements file", () => {
  test("one requirement a line, comments, blank lines, any line ends, behind those typed", async () => {
    const content =
      "\ufeff# for the farm\r\nnumpy == 1.26.4  # as Blender's\r\n\r\nscipy>=1.11\n#x\n";
    expect(await texts(content)).toEqual(["numpy==1.26.4", "scipy>=1.11"]);
    expect(await texts("scipy", "numpy")).toEqual(["numpy", "scipy"]);
  });

  test("markers, hashes and where each stands; what is there twice counts once", async () => {
    const { requirements } = await asked(
      `a==1 \\\n  --hash=${hash("a")} --hash ${hash("b")}\nb==2; os_name == "nt" --hash=${hash("c")}\nb==2 ; os_name == "nt" --hash=${hash("c")}\n`,
    );
    expect(requirements).toEqual([
      {
        ...{ text: "a==1", name: "a", extras: [], specifier: "==1", marker: null },
        ...{ hashes: [hash("a"), hash("b")], where: `${file}:1` },
      },
      {
        ...{ text: 'b==2; os_name == "nt"', name: "b", extras: [], specifier: "==2" },
        ...{ marker: 'os_name == "nt"', hashes: [hash("c")], where: `${file}:3` },
      },
    ]);
  });

  test("constraints aren't asked for, wherever they are named", async () => {
    const limits = join(folder, "limits.txt");
    await Bun.write(limits, "b<2\n");
    const inside = await asked("a\n-c limits.txt\n");
    expect(inside.constraints).toMatchObject([{ text: "b<2", where: `${limits}:1` }]);
    const typed = await requirementsOf(["a"], { ...none, constraints: [limits] }, online);
    expect(typed.requirements.map(({ text }) => text)).toEqual(["a"]);
    expect(typed.constraints.map(({ text }) => text)).toEqual(["b<2"]);
  });

  test.each([
    ["--upgrade", ":1: ", "pip takes no --upgrade in such a file"],
    ["a; x", ":1: ", "'x' isn't a marker"],
    ["a==1 --hash=md5:00", ":1: ", "pip takes sha256:"],
    ["a==1 --config-settings=x=y", ":1: ", "--config-settings is for building a from its source"],
    ["\n\ngit+https://host/a", ":3: ", "it is a URL"],
    ["a\nb @ https://host/b.whl", ":2: ", "it is a URL"],
    ["./a.whl", ":1: ", "it is a path"],
    ["a\n-e .", ":2: ", "'--editable .' is a source of this machine"],
    ["a\n-f wheels", ":2: ", "'--find-links wheels' is a folder of this machine"],
    ["a\n-i file:///mirror", ":2: ", "is a folder of this machine"],
    ["a\n--no-index", ":2: ", "'--no-index' is for installing offline"],
  ])("%j is refused with its line", async (content, where, why) => {
    const { code, kind, message, hint } = await refusal(content);
    expect({ code, kind }).toEqual({ code: "bad-requirement", kind: "usage" });
    expect(message).toContain(`${file}${where}`);
    expect(message).toContain(why);
    expect(rendered(hint ?? "")).not.toBe("");
  });

  test("a constraint with extras", async () => {
    await Bun.write(join(folder, "limits.txt"), "b[x]<2\n");
    expect((await refusal("a\n-c limits.txt\n")).message).toMatch(
      /limits\.txt:1: 'b\[x\]<2' is a constraint, and pip takes none with extras$/,
    );
  });

  test.each<[string, InstallMode, string[], string[]]>([
    [
      "-i https://a/s\n-i https://b/s\n--extra-index-url https://c/s\n--trusted-host c\n",
      online,
      ["--index-url", "https://b/s", "--extra-index-url", "https://c/s", "--trusted-host", "c"],
      [],
    ],
    [
      "-f https://l/\n--pre\n--only-binary :all:\n",
      online,
      ["--find-links", "https://l/", "--pre", "--only-binary", ":all:"],
      [],
    ],
    [
      "-i https://a/s\n--extra-index-url https://c/s\n",
      { ...online, indexFlags: ["--index-url", "https://typed/s"] },
      ["--extra-index-url", "https://c/s"],
      ["the command line's is used instead of --index-url (FILE:2)"],
    ],
    [
      "-i https://a/s\n-f ../wheels\n--no-index\n--prefer-binary\n",
      offline,
      ["--prefer-binary"],
      [
        "the wheelhouse is used instead of --index-url (FILE:2), --find-links (FILE:3), --no-index (FILE:4)",
      ],
    ],
    [`--hash=${hash("a")}\n`, online, [], ["FILE:2: --hash belongs behind a requirement"]],
  ])("options: %j", async (content, mode, flags, notes) => {
    const { fileFlags, notes: said } = await asked(`a\n${content}`, mode);
    expect(fileFlags).toEqual(flags);
    expect(said).toEqual(notes.map((note) => note.replaceAll("FILE", file)));
  });

  test("an option behind a requirement means nothing to pip", async () => {
    const { fileFlags, notes } = await asked("a --pre\n");
    expect(fileFlags).toEqual([]);
    expect(notes).toEqual([
      `${file}:1: --pre means nothing behind a requirement, only in a line of its own`,
    ]);
  });

  test.each([
    [`a==1 --hash=${hash("a")}\nb==1\n`, [], "FILE:1 has a hash; these have none:\n  FILE:2: b==1"],
    ["a==1\n--require-hashes\n", [], "--require-hashes says so; these have none:\n  FILE:1: a==1"],
    [`a==1 --hash=${hash("a")}\n`, ["typed"], "FILE:1 has a hash; these have none:\n  typed"],
  ])("%j with %j: hashes for some only", async (content, specs, says) => {
    const failure = await failureOf(asked(content, online, specs));
    expect({ code: failure.code, kind: failure.kind }).toEqual({
      ...{ code: "hashes-missing", kind: "usage" },
    });
    expect(failure.message).toEndWith(says.replaceAll("FILE", file));
  });

  test.each([
    `a==1 --hash=${hash("a")}\nb==1; os_name == "nt"\n`,
    `a==1 --hash=${hash("a")}\nb==1\n--no-require-hashes\n`,
  ])("%j: what is left to pip", async (content) => {
    expect((await asked(content)).requirements).toHaveLength(2);
  });

  test("empty, or not there", async () => {
    expect((await refusal("# nothing\n")).message).toContain("nothing stands in");
    const missing = requirementsOf(
      [],
      { ...none, requirements: [join(folder, "none.txt")] },
      online,
    );
    await expect(missing).rejects.toMatchObject({
      code: "requirements-unreadable",
      kind: "usage",
      message: expect.stringContaining("no such file or folder"),
    });
    await expect(
      requirementsOf([], { ...none, requirements: [folder] }, online),
    ).rejects.toMatchObject({
      message: expect.stringContaining("it is a folder"),
    });
  });
});

test("for user modules pip has to be told the folder", async () => {
  const failing = requirementsOf(["git+https://host/a"], none, {
    ...online,
    target: "user-modules",
  });
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
  ["~/my wheels/x.whl", /pkg push ~\/(['"])my wheels\/x\.whl\1 --remote-wheelhouse DIR/],
  ["./folder", /for anything else: blender-remote-cli pkg pip -- install \.\/folder$/],
])("%j: what may have been meant", async (spec, hint) => {
  const failure = await failureOf(requirementsOf([spec], none, online));
  expect(failure.code).toBe("bad-requirement");
  expect(rendered(failure.hint ?? "")).toMatch(hint);
});

test("a lock is no list of requirements", async () => {
  const files = { requirements: [join(folder, "pylock.toml")], constraints: [] };
  const failure = await failureOf(requirementsOf(["numpy"], files, online));
  expect([failure.code, rendered(failure.hint ?? "")]).toEqual([
    "lock-file",
    expect.stringContaining("pkg download -r "),
  ]);
});
