import { describe, expect, test } from "bun:test";
import { askedInput, plannedInput } from "../../../../src/remote/install/pip-requirements.ts";
import { requirement } from "../../../support/requirements.ts";
import { request } from "./requests.ts";

const hashed = (spec: string, ...hashes: string[]) => ({ ...requirement(spec), hashes });
const at = (where: string, one: ReturnType<typeof requirement>) => ({ ...one, where });

function input(asked: ReturnType<typeof requirement>[], constraints: typeof asked = []) {
  return { asked, sent: [], request: request([], { constraints }) };
}

function planned(name: string, version: string) {
  const from = { url: "", file: "", requested: true, requires: [] };
  return { name, version, ...from };
}

describe("what pip is given", () => {
  test("on its command line, markers too", () => {
    const asked = ["a>=1,<2", "b; os_name == 'nt'"].map(requirement);
    expect(askedInput(input(asked))).toEqual({
      arguments: ["a>=1,<2", "b; os_name == 'nt'"],
      files: {},
      places: {},
    });
  });

  test("hashes and constraints in files of the run", () => {
    const a = at("r.txt:3", hashed("a==1; os_name == 'nt'", "sha256:aa", "sha512:bb"));
    const asked = [requirement("b"), a];
    expect(
      askedInput(input(asked, [at("c.txt:1", requirement("c<2")), hashed("d==1", "sha256:dd")])),
    ).toEqual({
      arguments: [
        ...["b", "--requirement", { file: "requirements.txt" }],
        ...["--constraint", { file: "constraints.txt" }],
      ],
      files: {
        "requirements.txt": "a==1; os_name == 'nt' --hash=sha256:aa --hash=sha512:bb\n",
        "constraints.txt": "c<2\nd==1 --hash=sha256:dd\n",
      },
      places: { "requirements.txt": ["r.txt:3"], "constraints.txt": ["c.txt:1", null] },
    });
  });

  test("more than a command line of Windows takes, in a file", () => {
    const asked = Array.from({ length: 2000 }, (_, n) => requirement(`package-${n}==1.0`));
    const { arguments: words, files } = askedInput(input(asked));
    expect(words).toEqual(["--requirement", { file: "requirements.txt" }]);
    expect(files["requirements.txt"]?.split("\n")).toHaveLength(2001);
  });
});

describe("what pip is given of a plan", () => {
  test("each with the hashes of its name, of constraints too", () => {
    const asked = [
      at("r.txt:2", hashed("A==1", "sha256:aa")),
      hashed("a==1", "sha256:aa", "sha256:ab"),
    ];
    const given = input(asked, [hashed("dep==2", "sha256:dd")]);
    expect(plannedInput(given, [planned("a", "1"), planned("dep", "2")])).toEqual({
      arguments: ["--requirement", { file: "requirements.txt" }],
      files: {
        "requirements.txt": "a==1 --hash=sha256:aa --hash=sha256:ab\ndep==2 --hash=sha256:dd\n",
      },
      places: { "requirements.txt": ["r.txt:2", null] },
    });
  });

  test("without hashes as words", () => {
    const given = input([requirement("a")], [requirement("dep<3")]);
    expect(plannedInput(given, [planned("a", "1"), planned("dep", "2")])).toEqual({
      arguments: ["a==1", "dep==2"],
      files: {},
      places: {},
    });
  });
});

test("a wheel that was sent for it is meant by its path, in just that version", () => {
  const sent = [{ name: "a", version: "1.0", path: "/wheels/a-1.0-py3-none-any.whl" }];
  const asked = ["a[x]==1.0", "a>=0.5", "b"].map(requirement);
  const given = { ...input(asked), sent };
  expect(askedInput(given).arguments).toEqual([`${sent[0]?.path}[x]`, "a>=0.5", "b"]);
  const both = [planned("a", "1.0"), planned("b", "1.0")];
  expect(plannedInput(given, both).arguments).toEqual([`${sent[0]?.path}`, "b==1.0"]);
  expect(plannedInput(given, [planned("a", "1.1")]).arguments).toEqual(["a==1.1"]);
});
