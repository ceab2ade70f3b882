import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { checkWheelhouse, resolve } from "../../../src/wheels/resolve.ts";
import { requirement } from "../../support/requirements.ts";
import { askPip, type Case, type TargetName } from "./pip-choice.ts";

const tags = [
  "cp311-cp311-manylinux_2_28_x86_64",
  "cp311-cp311-manylinux_2_17_x86_64",
  "cp311-abi3-manylinux_2_28_x86_64",
  "cp310-abi3-manylinux_2_17_x86_64",
  "py3-none-any",
];

const files = [
  "Num_Py-1.26.4-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
  "num_py-2.0-cp312-cp312-manylinux_2_34_x86_64.whl",
  "pre-1.0rc1-py3-none-any.whl",
  "opencv_python-4.10-cp310-abi3-manylinux_2_17_x86_64.whl",
  "odd-not.a.version-py3-none-any.whl",
  "sourced-1.0.tar.gz",
  "notes.txt",
];

describe("what a wheelhouse has for a requirement", () => {
  const code = (spec: string, target: readonly string[] | null = tags) =>
    resolve(requirement(spec), files, target).code;

  test.each([
    ["num-py", "ok"],
    ["NUM.PY==1.26.4", "ok"],
    ["num-py[extra]>=1,<2", "ok"],
    ["num-py>=2", "no-fitting-wheel"],
    ["num-py>=3", "no-matching-version"],
    ["numpie", "no-wheel"],
    ["pre", "ok"],
    ["pre>=1", "no-matching-version"],
    ["pre==1.0rc1", "ok"],
    ["odd", "no-wheel"],
    ["odd==1.*", "no-wheel"],
  ])("%s: %s", (spec, expected) => {
    expect(code(spec)).toBe(expected as ReturnType<typeof code>);
  });

  test("without tags, names and versions alone count", () => {
    expect(code("num-py>=2", null)).toBe("ok");
    expect(code("num-py>=3", null)).toBe("no-matching-version");
    expect(code("num-py>=2", [])).toBe("ok");
  });

  test("a pre-release that fits counts where no final version fits", () => {
    const house = ["a-1.0-cp312-cp312-win_amd64.whl", "a-2.0rc1-py3-none-any.whl"];
    expect(resolve(requirement("a"), house, tags)).toMatchObject({
      code: "ok",
      wheel: { version: "2.0rc1" },
    });
  });

  test("the messages say what there is instead", () => {
    const message = (spec: string, house = files) =>
      checkWheelhouse(house, [requirement(spec)], tags)
        .map((problem) => problem.message)
        .join("\n");
    expect(message("num-pi")).toBe("num-pi: there is no wheel of that name; did you mean num-py?");
    expect(message("nmu-py")).toContain("did you mean num-py?");
    expect(message("opencv")).toContain("did you mean opencv-python?");
    expect(message("quite-other")).toBe("quite-other: there is no wheel of that name");
    expect(message("sourced")).toContain("only sourced-1.0.tar.gz");
    expect(message("num-py>=3")).toBe("num-py>=3: there is only 2.0, 1.26.4");
    expect(message("num-py", [])).toBe(
      "num-py: there is no wheel of that name, nor any other wheel",
    );
    const unfit = message("num-py>=2").split("\n");
    expect(unfit.slice(1)).toEqual([
      "    num_py 2.0 is for CPython 3.12, this is CPython 3.11, and needs glibc 2.34, there is 2.28",
      "      its tags:  cp312-cp312-manylinux_2_34_x86_64",
      "      would fit: cp311-cp311-manylinux_2_28_x86_64",
    ]);
  });

  test("the details for programs", () => {
    const asked = ["num-pi", "num-py>=2", "num-py>=3", "num-py"].map(requirement);
    expect(checkWheelhouse(files, asked, tags)).toMatchObject([
      { code: "no-wheel", requirement: "num-pi", similar: ["num-py"], sources: [] },
      {
        code: "no-fitting-wheel",
        requirement: "num-py>=2",
        wheels: [{ filename: files[1], closest: "cp311-cp311-manylinux_2_28_x86_64" }],
      },
      { code: "no-matching-version", requirement: "num-py>=3", versions: ["2.0", "1.26.4"] },
    ]);
  });

  test("where a requirement stands is told", () => {
    const asked = { ...requirement("num-py>=3"), where: "requirements.txt:3" };
    const [problem] = checkWheelhouse(files, [asked], tags);
    expect(problem?.message).toBe("requirements.txt:3: num-py>=3: there is only 2.0, 1.26.4");
  });

  test("of very many wheels a message lists the newest", () => {
    const house = Array.from({ length: 2000 }, (_, n) => `a-1.${n}-cp312-cp312-win_amd64.whl`);
    const [problem] = checkWheelhouse(house, [requirement("a")], tags);
    const lines = problem?.message.split("\n") ?? [];
    expect(lines).toHaveLength(17);
    expect(lines[1]).toContain("a 1.1999 ");
    expect(lines[16]).toContain("and 1995 more");
    expect(problem).toMatchObject({ code: "no-fitting-wheel", wheels: { length: 2000 } });
  });
});

describe("against pip's own choice", () => {
  const versions = fc.constantFrom(
    ...["0.9", "1.0", "1.0.0", "1.0.post1", "1.0.1", "1.1", "1.10", "2.0", "1!0.5", "2.0+local.1"],
    ...["1.0rc1", "1.1a1", "2.0b2", "2.0.dev3", "2.0rc1", "2.1rc1"],
  );
  const specifierVersions = fc.constantFrom(
    ...["0.9", "1.0", "1.1", "2.0", "1!0.5", "1.0.post1", "1.0rc1", "2.0b1", "2.0rc1", "2.0.dev2"],
  );
  // Compared as text, in the form that packaging writes.
  const arbitrary = ["===1.0", "===1.0.0", "===2.0+LOCAL.1", "===1.0RC1", "===1.0-rc1", "===x"];
  const clause = fc.oneof(
    fc
      .tuple(fc.constantFrom("==", "!=", ">=", "<=", "<", ">", "~="), specifierVersions)
      .map(([operator, version]) => `${operator}${version}`),
    fc.constantFrom("==1.*", "!=1.*", "==2.0+local.1", ...arbitrary),
  );
  const specifiers = fc
    .array(clause, { maxLength: 3 })
    .map((clauses) => [...new Set(clauses)].join(","));
  const wheelTags = fc.constantFrom(
    ...["py3-none-any", "py2.py3-none-any", "py2-none-any", "py311-none-any", "py314-none-any"],
    ...["cp311-none-any", "cp311-cp311-win_amd64", "cp39-abi3-win_amd64", "cp314-abi3-win_amd64"],
    ...["cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64", "cp313-cp313t-win_amd64"],
    ...["cp311-cp311-manylinux_2_28_x86_64", "cp311-cp311-manylinux_2_34_x86_64"],
    ...["cp311-cp311-manylinux1_x86_64", "cp311-cp311-linux_x86_64", "cp311-cp311-linux_aarch64"],
    ...["cp37-abi3-manylinux_2_17_x86_64", "cp313-cp313-musllinux_1_1_x86_64"],
    ...["cp313-cp313-musllinux_1_3_x86_64", "cp313-cp313-macosx_11_0_arm64"],
    ...["cp313-cp313-macosx_10_13_universal2", "cp313-cp313-macosx_14_0_arm64"],
    ...["pp310-pypy310_pp73-manylinux_2_17_x86_64", "cp313-cp313-win_amd64"],
  );
  const builds = fc.constantFrom("", "", "", "-1", "-2", "-10", "-2b");
  const wheel = fc
    .tuple(versions, builds, wheelTags)
    .map(([version, build, tag]) => `thing-${version}${build}-${tag}.whl`);
  const cases: fc.Arbitrary<Case> = fc.record({
    target: fc.constantFrom<TargetName>(
      ...(["glibc 2.28", "musl", "windows", "macos", "free-threaded", "pypy"] as const),
    ),
    specifier: specifiers,
    files: fc.uniqueArray(wheel, { minLength: 1, maxLength: 12 }),
  });

  const seed = Date.now() % 1_000_000;
  const sample = fc.sample(cases, { numRuns: 2000, seed });
  /** Version (as compared), tags and build: pip may take either of wheels that are alike. */
  function alike(filename: string | null): string | null {
    return filename?.replace("-1.0.0-", "-1.0-") ?? null;
  }

  test(`${sample.length} wheelhouses (seed ${seed})`, async () => {
    const pip = await askPip(sample);
    const differences = sample.flatMap(({ target, specifier, files: house }, index) => {
      const asked = { ...requirement("thing"), specifier };
      const found = resolve(asked, house, pip.tags[target]);
      const ours = found.code === "ok" ? found.wheel.filename : null;
      const theirs = pip.choices[index] ?? null;
      if (alike(ours) === alike(theirs)) return [];
      return [{ target, specifier, house, ours, theirs }];
    });
    expect(differences.slice(0, 5)).toEqual([]);
    expect(pip.choices.filter((choice) => choice !== null).length).toBeGreaterThan(300);
  }, 60_000);
});
