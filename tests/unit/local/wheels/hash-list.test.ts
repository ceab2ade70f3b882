import { describe, expect, test } from "bun:test";
import { isHashList, parseHashList } from "../../../../src/local/wheels/hash-list.ts";

const [one, two, three] = ["1".repeat(64), "ab".repeat(32), "3".repeat(64)] as const;
const a = "my_pkg-1.0-py3-none-any.whl";
const b = "my_pkg-1.0-cp311-cp311-win_amd64.whl";
const local = "torch-2.0+cpu-py3-none-any.whl";

/** What a file lists for some wheels. */
function listed(name: string, text: string, ...wheels: string[]) {
  expect(isHashList(name)).toBe(true);
  const list = parseHashList(name, text);
  return wheels.map((wheel) => [...list.of(wheel).sha256]);
}

test.each([
  ...[
    "wheelhouse.json",
    "pylock.toml",
    "pylock.linux-3.toml",
    "uv.lock",
    "poetry.lock",
    "pdm.lock",
  ],
  ...[
    "requirements.txt",
    "requirements-dev.txt",
    "requirements.lock",
    "SHA256SUMS",
    "sha256sum.txt",
  ],
])("%s lists hashes", (name) => {
  expect(isHashList(name)).toBe(true);
});

test.each(["README.txt", "pylock.a.b.toml", "pyproject.toml", "wheelhouse.json.bak", "my.lock"])(
  "%s doesn't",
  (name) => {
    expect(isHashList(name)).toBe(false);
  },
);

describe("wheelhouse.json", () => {
  test("names and hashes, with whatever else", () => {
    const text = JSON.stringify({
      version: 3,
      wheels: [
        { name: a, sha256: two.toUpperCase(), size: 3, tags: [] },
        { name: b, sha256: null },
      ],
    });
    expect(listed("wheelhouse.json", `\u{feff}${text}`, a, b, local)).toEqual([[two], [], []]);
  });

  test.each([
    ["", "JSON"],
    ['{"wheels": [', "JSON"],
    ["[]", ""],
    ['{"files": []}', "wheels"],
    [`{"wheels": [{"name": "${a}", "sha256": 12}]}`, "wheels.0.sha256: "],
    [`{"wheels": [{"sha256": "${one}"}]}`, "wheels.0.name"],
  ])("%s can't be read", (text, says) => {
    expect(() => parseHashList("wheelhouse.json", text)).toThrow(says);
  });
});

describe("locks", () => {
  test("pylock.toml (PEP 751): by name, address or path", () => {
    const text = `lock-version = "1.0"
created-by = "x"
[[packages]]
name = "my-pkg"
version = "1.0"
[[packages.wheels]]
name = "${a}"
upload-time = 2024-01-01T10:00:00Z
url = "https://files.example/other.whl"
hashes = {sha256 = "${one}", md5 = "x"}
[[packages.wheels]]
path = "./wheels/${b}"
hashes = {sha256 = "${two}"}
[[packages]]
name = "torch"
wheels = [{url = "https://files.example/${local.replace("+", "%2B")}#sha256=x", hashes = {sha256 = "${three}"}}]
sdist = {name = "x.tar.gz", hashes = {sha256 = "${one}"}}
`;
    expect(listed("pylock.toml", text, a, b, local)).toEqual([[one], [two], [three]]);
  });

  test("uv.lock", () => {
    const text = `version = 1
requires-python = ">=3.11"
[[package]]
name = "my-pkg"
source = { registry = "https://pypi.example/simple" }
sdist = { url = "https://files.example/my_pkg-1.0.tar.gz", hash = "sha256:${three}", size = 5 }
wheels = [
    { url = "https://files.example/${a}", hash = "sha256:${one}", size = 20 },
    { url = "https://files.example/${b}", hash = "sha256:${two}", upload-time = "2024-01-01T10:00:00Z" },
    { filename = "${local}" },
]
[[package]]
name = "project"
source = { editable = "." }
`;
    expect(listed("uv.lock", text, a, b, local)).toEqual([[one], [two], []]);
  });

  test("those of Poetry and PDM", () => {
    const text = `[[package]]
name = "my-pkg"
files = [{file = "${a}", hash = "sha256:${one}"}, {file = "${b}", hash = "md5:${two}"}]
`;
    expect(listed("poetry.lock", text, a, b)).toEqual([[one], []]);
    expect(listed("pdm.lock", text, a, b)).toEqual([[one], []]);
  });

  test.each(["a = [", "packages = 3", "[[package]]\nwheels = 3"])("%j can't be read", (text) => {
    expect(() => parseHashList("uv.lock", text)).toThrow();
  });
});

describe("requirements", () => {
  test("a release's hashes are those of all its files", () => {
    const text = `# by hand
--index-url https://pypi.example/simple
My.Pkg[extra]==1.0.0 ; python_version >= "3.11" \\
    --hash=sha256:${one} \\
    --hash sha256:${two.toUpperCase()}  # via something
torch==2.0+cpu --hash=sha256:${three}
other>=1.0 --hash=sha256:${one}
loose==1.0
star==1.* --hash=sha256:${one}
`;
    const other = "my_pkg-1.1-py3-none-any.whl";
    const rest = ["other-1.0-py3-none-any.whl", "loose-1.0-py3-none-any.whl"];
    const all = listed("requirements.txt", text, a, b, local, other, ...rest);
    expect(all).toEqual([[one, two], [one, two], [three], [], [], []]);
    const crlf = text.replaceAll("\n", "\r\n");
    expect(listed("requirements.lock", crlf, a, local)).toEqual([[one, two], [three]]);
    expect(listed("requirements.txt", text, "torch-2.0-py3-none-any.whl", "odd.whl")).toEqual([
      [],
      [],
    ]);
  });
});

test("SHA256SUMS", () => {
  const text = `${one}  ${a}\n${two} *./${b}\r\n${three}  deep/${local}\nsomething else\n`;
  expect(listed("SHA256SUMS", text, a, b, local)).toEqual([[one], [two], []]);
});

describe("what can't be compared", () => {
  const pylock = (hashes: string) => `[[packages]]\nwheels = [{name = "${a}", hashes = ${hashes}}]`;
  const uvLock = (hash: string) =>
    `[[package]]\nwheels = [{url = "https://f/${a}", hash = "${hash}"}]`;
  const short = one.slice(1);
  test.each<[string, string, string[], string[], string[]]>([
    ["pylock.toml", pylock(`{sha256 = "${short}"}`), [], [`sha256:${short}`], []],
    ["pylock.toml", pylock(`{sha256 = "${short}g"}`), [], [`sha256:${short}g`], []],
    ["pylock.toml", pylock('{sha256 = ""}'), [], ["sha256:"], []],
    ["pylock.toml", pylock('{sha512 = "x", blake9 = "y"}'), [], [], ["sha512", "blake9"]],
    ["pylock.toml", pylock(`{sha512 = "x", sha256 = "${one}"}`), [one], [], ["sha512"]],
    ["uv.lock", uvLock(`sha265:${one}`), [], [], ["sha265"]],
    ["uv.lock", uvLock("nonsense"), [], ["nonsense"], []],
    ["uv.lock", uvLock(`SHA256:${two.toUpperCase()}`), [two], [], []],
    [
      "wheelhouse.json",
      JSON.stringify({ wheels: [{ name: a, sha256: "12" }] }),
      [],
      ["sha256:12"],
      [],
    ],
    [
      "requirements.txt",
      `my-pkg==1.0 --hash=sha256:${short} --hash=sha256:${two}`,
      [two],
      [`sha256:${short}`],
      [],
    ],
    ["requirements.txt", "my-pkg==1.0 --hash=sha512:00", [], [], ["sha512"]],
    ["SHA256SUMS", `${short}  ${a}\n`, [], [`sha256:${short}`], []],
  ])("%s: %s", (name, text, sha256, malformed, others) => {
    const { sha256: found, ...rest } = parseHashList(name, text).of(a);
    expect({ sha256: [...found], ...rest }).toEqual({ sha256, malformed, others });
  });

  test("no line of a requirements file takes long", () => {
    const text = `a${" ".repeat(1_000_000)}b\n--hash${" ".repeat(1_000_000)}`;
    expect(listed("requirements.txt", text, a)).toEqual([[]]);
  }, 2000);
});
