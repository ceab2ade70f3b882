// Package sets of every kind, each with what Blender must be able to import when it is installed.

import { chmod, cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cached } from "../../scripts/cache.ts";
import { mustRun } from "../../scripts/process.ts";
import { shellWord } from "../../src/text.ts";
import { wheelhouseFor } from "./pypi-wheels.ts";
import type { Sandbox } from "./sandbox.ts";
import { type MadeWheel, writeWheel } from "./wheels.ts";

export type Target = "site" | "user-modules";

/**
 * When a package can be imported: at once, only after a restart, or never (from its own files). What
 * is `broken` can't be imported either, for a reason that is seen only when its code runs; of
 * `nothing` there is no module to import.
 */
export type When = "now" | "restart" | "never" | "broken" | "nothing" | "refused";

/** A package that a set asks for, with the modules that must be imported for it. */
export interface Expected {
  modules: readonly string[];
  when: When | Record<Target, When>;
  /** Its version then. */
  version?: string;
}

/** When a package can be imported that was installed there. */
export function whenOf({ when }: Expected, target: Target): When {
  return typeof when === "string" ? when : when[target];
}

export interface PackageSet {
  name: string;
  wheels?: readonly MadeWheel[];
  /** Requirements of wheels from PyPI, for this Blender's Python. */
  real?: readonly string[];
  specs: readonly string[];
  flags?: readonly string[];
  /** What is installed before, from the same wheels. */
  before?: readonly string[];
  /** Unless given: 1 where something can never be imported, else 0. */
  exit?: number;
  /** By the name in the form of PEP 503. */
  expects?: Readonly<Record<string, Expected>>;
  /** Dependencies and the like, which the command doesn't name but which must be there. */
  brings?: readonly string[];
}

const now = (...modules: string[]): Expected => ({ modules, when: "now" });

/** A package by its own name. */
function plain(name: string, wheel: Partial<MadeWheel> = {}): MadeWheel {
  return { name, ...wheel };
}

const pkgutil = "from pkgutil import extend_path\n__path__ = extend_path(__path__, __name__)";

/** As setuptools writes it for an editable install: a finder, and a .pth that registers it. */
const editableFinder = `import os, sys
from importlib.machinery import PathFinder
HERE = os.path.join(os.path.dirname(__file__), "brs_sources")
class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        return PathFinder.find_spec(name, [HERE]) if name == "brs_editable" else None
def install():
    sys.meta_path.append(Finder)`;

/** How the files of a package lie. */
const layouts: readonly PackageSet[] = [
  {
    name: "a package",
    wheels: [plain("brs_plain")],
    specs: ["brs-plain"],
    expects: { "brs-plain": now("brs_plain") },
  },
  {
    name: "a single .py",
    wheels: [plain("brs_single", { top: { "brs_single.py": "" } })],
    specs: ["brs-single"],
    expects: { "brs-single": now("brs_single") },
  },
  {
    name: "a module of another name",
    wheels: [plain("brs_named", { top: { "brs_quite_other/__init__.py": "" } })],
    specs: ["brs-named"],
    expects: { "brs-named": now("brs_quite_other") },
  },
  {
    name: "several modules, one of them private",
    wheels: [
      plain("brs_several", {
        top: { "brs_first/__init__.py": "import _brs_second", "_brs_second.py": "" },
        info: { "top_level.txt": "_brs_second\nbrs_first" },
      }),
    ],
    specs: ["brs-several"],
    expects: { "brs-several": now("brs_first", "_brs_second") },
  },
  {
    name: "a namespace of two packages (PEP 420)",
    wheels: [
      plain("brs_space_a", { top: { "brs_space/a/__init__.py": "" } }),
      plain("brs_space_b", { top: { "brs_space/b/__init__.py": "" } }),
    ],
    specs: ["brs-space-a", "brs-space-b"],
    expects: { "brs-space-a": now("brs_space.a"), "brs-space-b": now("brs_space.b") },
  },
  {
    name: "a second part of a namespace that is there (PEP 420)",
    wheels: [
      plain("brs_spread_a", { top: { "brs_spread/a.py": "" } }),
      plain("brs_spread_b", { top: { "brs_spread/b.py": "" } }),
    ],
    before: ["brs-spread-a"],
    specs: ["brs-spread-b"],
    expects: { "brs-spread-b": now("brs_spread.a", "brs_spread.b") },
  },
  {
    name: "a namespace of two packages (pkgutil)",
    wheels: ["a", "b"].map((part) =>
      plain(`brs_util_${part}`, {
        top: { "brs_util/__init__.py": pkgutil, [`brs_util/${part}.py`]: "" },
      }),
    ),
    specs: ["brs-util-a", "brs-util-b"],
    expects: { "brs-util-a": now("brs_util.a"), "brs-util-b": now("brs_util.b") },
  },
  {
    name: "folders without __init__.py",
    wheels: [plain("brs_deep", { top: { "brs_deep/one/two/three.py": "" } })],
    specs: ["brs-deep"],
    expects: { "brs-deep": now("brs_deep.one.two.three") },
  },
  {
    name: "a name with capitals and dots",
    wheels: [plain("Brs.Dotted_Name", { top: { "brs_dotted.py": "" } })],
    specs: ["BRS.dotted-name"],
    expects: { "brs-dotted-name": now("brs_dotted") },
  },
  {
    name: "a module whose name isn't ASCII",
    wheels: [plain("brs_cafe", { top: { "brs_café.py": "" } })],
    specs: ["brs-cafe"],
    expects: { "brs-cafe": now("brs_café") },
  },
  {
    name: "data files in the package, which it reads",
    wheels: [
      plain("brs_data", {
        top: {
          "brs_data/__init__.py":
            "import importlib.resources as r\nassert r.read_text(__name__, 'table.txt').strip() == 'data'",
          "brs_data/table.txt": "data",
        },
        info: { "not-zip-safe": "" },
      }),
    ],
    specs: ["brs-data"],
    expects: { "brs-data": now("brs_data") },
  },
  {
    name: "data files outside the package",
    wheels: [
      plain("brs_share", {
        top: {
          "brs_share/__init__.py": "",
          "brs_share-1.0.data/data/share/brs/notes.txt": "notes",
        },
      }),
    ],
    specs: ["brs-share"],
    expects: { "brs-share": now("brs_share") },
  },
  {
    name: "modules that the installer moves (.data/purelib and platlib)",
    wheels: [
      plain("brs_moved", {
        top: {
          "brs_moved-1.0.data/purelib/brs_pure/__init__.py": "",
          "brs_moved-1.0.data/platlib/brs_plat/__init__.py": "",
        },
      }),
    ],
    specs: ["brs-moved"],
    expects: { "brs-moved": now("brs_pure", "brs_plat") },
  },
  {
    name: "console scripts, and scripts that are files",
    wheels: [
      plain("brs_tool", {
        scripts: { "brs-tool": "brs_tool:main" },
        top: {
          "brs_tool/__init__.py": "def main(): pass",
          "brs_tool-1.0.data/scripts/brs-script": "#!python",
        },
      }),
    ],
    specs: ["brs-tool"],
    expects: { "brs-tool": now("brs_tool") },
  },
];

/** What isn't found by itself, and what there is nothing to import of. */
const hidden: readonly PackageSet[] = [
  {
    name: "reached only through a .pth",
    wheels: [
      plain("brs_pth", { top: { "brs_pth.pth": "brs_behind", "brs_behind/brs_far.py": "" } }),
    ],
    specs: ["brs-pth"],
    expects: {
      "brs-pth": { modules: ["brs_far"], when: { site: "restart", "user-modules": "refused" } },
    },
  },
  {
    name: "a package with a .pth that imports",
    wheels: [plain("brs_hook", { top: { "brs_hook.pth": "import sys", "brs_hook.py": "" } })],
    specs: ["brs-hook"],
    expects: { "brs-hook": now("brs_hook") },
  },
  {
    name: "an editable install",
    wheels: [
      plain("brs_editable", {
        top: {
          "__editable___brs_editable_1_0_finder.py": editableFinder,
          "__editable__.brs_editable-1.0.pth":
            "import __editable___brs_editable_1_0_finder as finder; finder.install()",
          "brs_sources/brs_editable/__init__.py": "",
        },
        info: { "top_level.txt": "brs_editable" },
      }),
    ],
    specs: ["brs-editable"],
    expects: {
      "brs-editable": {
        modules: ["brs_editable"],
        when: { site: "restart", "user-modules": "refused" },
      },
    },
  },
  {
    name: "nothing but type stubs",
    wheels: [plain("types_brs_typed", { top: { "brs_typed-stubs/__init__.pyi": "a: int" } })],
    specs: ["types-brs-typed"],
    expects: { "types-brs-typed": { modules: ["brs_typed"], when: "nothing" } },
  },
  {
    name: "nothing but metadata",
    wheels: [plain("brs_nothing", { top: {} })],
    specs: ["brs-nothing"],
    expects: { "brs-nothing": { modules: ["brs_nothing"], when: "nothing" } },
  },
  {
    name: "nothing but dependencies",
    wheels: [
      plain("brs_meta", { top: {}, requires: ["brs-in-meta"], info: { "top_level.txt": "" } }),
      plain("brs_in_meta"),
    ],
    specs: ["brs-meta"],
    expects: { "brs-meta": { modules: ["brs_meta"], when: "nothing" } },
    brings: ["brs_in_meta"],
  },
  {
    name: "nothing but data",
    wheels: [plain("brs_table", { top: { "brs_table-1.0.data/data/share/brs/table.csv": "1" } })],
    specs: ["brs-table"],
    expects: { "brs-table": { modules: ["brs_table"], when: "nothing" } },
  },
  {
    name: "a namespace whose only part fails",
    wheels: [plain("brs_hollow", { top: { "brs_hull/core/__init__.py": "import brs_gone" } })],
    specs: ["brs-hollow"],
    exit: 1,
    expects: { "brs-hollow": { modules: ["brs_hull.core"], when: "broken" } },
  },
  {
    name: "the name of a module of Python's",
    wheels: [plain("brs_pyclbr", { top: { "pyclbr.py": "" } })],
    specs: ["brs-pyclbr"],
    expects: { "brs-pyclbr": { modules: ["pyclbr"], when: "never" } },
  },
  {
    name: "an error when it is imported",
    wheels: [plain("brs_raises", { top: { "brs_raises.py": "raise RuntimeError('not here')" } })],
    specs: ["brs-raises"],
    exit: 1,
    expects: { "brs-raises": { modules: ["brs_raises"], when: "broken" } },
  },
  {
    name: "code that this Python can't compile",
    wheels: [plain("brs_syntax", { top: { "brs_syntax.py": "print 'two'" } })],
    specs: ["brs-syntax"],
    exit: 1,
    expects: { "brs-syntax": { modules: ["brs_syntax"], when: "broken" } },
  },
];

/** Versions, and which wheel is taken. */
const versions: readonly PackageSet[] = [
  {
    name: "a local version",
    wheels: [plain("brs_local", { version: "1.0+brs.1" })],
    specs: ["brs-local==1.0+brs.1"],
    expects: { "brs-local": { ...now("brs_local"), version: "1.0+brs.1" } },
  },
  {
    name: "build tags: the newer build",
    wheels: ["1", "2"].map((build) =>
      plain("brs_build", { build, top: { "brs_build.py": `assert ${build} == 2` } }),
    ),
    specs: ["brs-build"],
    expects: { "brs-build": now("brs_build") },
  },
  {
    name: "a pre-release that is asked for",
    wheels: [plain("brs_pre"), plain("brs_pre", { version: "2.0rc1" })],
    specs: ["brs-pre==2.0rc1"],
    expects: { "brs-pre": { ...now("brs_pre"), version: "2.0rc1" } },
  },
  {
    name: "a pre-release that isn't asked for",
    wheels: [plain("brs_final"), plain("brs_final", { version: "2.0b2" })],
    specs: ["brs-final"],
    expects: { "brs-final": { ...now("brs_final"), version: "1.0" } },
  },
  {
    name: "an epoch and a post-release",
    wheels: [
      plain("brs_epoch", { version: "1!0.5.post1" }),
      plain("brs_epoch", { version: "9.0" }),
    ],
    specs: ["brs-epoch"],
    expects: { "brs-epoch": { ...now("brs_epoch"), version: "1!0.5.post1" } },
  },
  {
    name: "an upgrade",
    wheels: [plain("brs_up"), plain("brs_up", { version: "2.0" })],
    before: ["brs-up==1.0"],
    specs: ["brs-up"],
    flags: ["--upgrade"],
    expects: { "brs-up": { ...now("brs_up"), version: "2.0" } },
  },
  {
    name: "a downgrade that takes a module away",
    wheels: [
      plain("brs_down", { top: { "brs_down/__init__.py": "" } }),
      plain("brs_down", {
        version: "2.0",
        top: { "brs_down/__init__.py": "", "brs_down/new.py": "" },
      }),
    ],
    before: ["brs-down==2.0"],
    specs: ["brs-down==1.0"],
    expects: { "brs-down": { ...now("brs_down"), version: "1.0" } },
  },
  {
    name: "two packages that own one module",
    wheels: ["brs_cv", "brs_cv_headless"].map((name) =>
      plain(name, { top: { "brs_cv2/__init__.py": "" } }),
    ),
    before: ["brs-cv"],
    specs: ["brs-cv-headless"],
    expects: { "brs-cv-headless": now("brs_cv2") },
  },
];

/** What one package wants of others. */
const dependencies: readonly PackageSet[] = [
  {
    name: "a chain of dependencies",
    wheels: [
      plain("brs_top", { requires: ["brs-middle"], top: { "brs_top.py": "import brs_middle" } }),
      plain("brs_middle", {
        requires: ["brs-bottom>=1"],
        top: { "brs_middle.py": "import brs_bottom" },
      }),
      plain("brs_bottom"),
    ],
    specs: ["brs-top"],
    expects: { "brs-top": now("brs_top") },
    brings: ["brs_middle", "brs_bottom"],
  },
  {
    name: "an extra",
    wheels: [
      plain("brs_extra", {
        metadata: ["Provides-Extra: more", "Requires-Dist: brs-more; extra == 'more'"],
      }),
      plain("brs_more"),
    ],
    specs: ["brs-extra[more]"],
    expects: { "brs-extra": now("brs_extra") },
    brings: ["brs_more"],
  },
  {
    name: "a dependency that is left out",
    wheels: [
      plain("brs_alone", { requires: ["brs-left-out"], top: { "brs_alone.py": "import brs_out" } }),
    ],
    specs: ["brs-alone"],
    flags: ["--no-deps"],
    // It was asked for without.
    exit: 0,
    expects: { "brs-alone": { modules: ["brs_alone"], when: "never" } },
  },
  {
    name: "a dependency that isn't there",
    wheels: [plain("brs_lacks", { requires: ["brs-left-out"] })],
    specs: ["brs-lacks"],
    exit: 1,
  },
  {
    name: "versions that exclude each other",
    wheels: [
      plain("brs_old", { requires: ["brs-both<2"] }),
      plain("brs_new", { requires: ["brs-both>=2"] }),
      plain("brs_both"),
      plain("brs_both", { version: "2.0" }),
    ],
    specs: ["brs-old", "brs-new"],
    exit: 1,
  },
  {
    name: "a wheel for another machine",
    wheels: [plain("brs_foreign", { tag: "cp311-cp311-win_arm64" })],
    specs: ["brs-foreign"],
    exit: 1,
  },
];

/** From PyPI: compiled modules. */
const compiled: readonly PackageSet[] = [
  {
    name: "a compiled module",
    real: ["markupsafe==3.0.2"],
    specs: ["markupsafe"],
    expects: { markupsafe: now("markupsafe", "markupsafe._speedups") },
  },
  {
    name: "a compiled module with a stable ABI (abi3)",
    real: ["psutil==7.0.0"],
    specs: ["psutil"],
    expects: { psutil: now("psutil", "psutil._psutil_linux") },
  },
];

/** A Blender, as far as it matters which packages it takes. */
export interface Facts {
  target: Target;
  /** Its Python: `3.11`. */
  python: string;
  /** The numpy that it brings. */
  numpy: string | null;
}

/** numpy, which Blender may bring, and then has loaded. They come last: they change what is there. */
function withNumpy({ numpy }: Facts): PackageSet[] {
  const old = "1.26.4";
  const newer = "2.2.6";
  const kept = numpy ?? newer;
  const real = [...new Set([kept, newer])].map((version) => `numpy==${version}`);
  return [
    {
      name: "numpy by its name",
      real,
      specs: ["numpy"],
      expects: { numpy: { ...now("numpy"), version: kept } },
    },
    {
      name: "numpy, pinned to what is there",
      real,
      specs: [`numpy==${kept}`],
      expects: { numpy: { ...now("numpy"), version: kept } },
    },
    {
      name: "a package that takes any numpy",
      real,
      wheels: [plain("brs_any", { requires: ["numpy"], top: { "brs_any.py": "import numpy" } })],
      specs: ["brs-any"],
      expects: { "brs-any": now("brs_any") },
      brings: ["numpy"],
    },
    {
      name: "a package that needs a newer numpy than Blender's",
      real,
      wheels: [
        plain("brs_newer", {
          requires: ["numpy>=2"],
          top: { "brs_newer.py": "import numpy\nassert numpy.__version__ >= '2'" },
        }),
      ],
      specs: ["brs-newer"],
      exit: numpy === old ? 1 : 0,
      expects: numpy === old ? {} : { "brs-newer": now("brs_newer") },
    },
    {
      name: "an upgrade of numpy",
      real,
      specs: ["numpy"],
      flags: ["--upgrade"],
      expects: { numpy: { ...now("numpy"), version: kept } },
    },
  ];
}

/** All of them, in the order in which they are installed into one Blender. */
export function packageSets(facts: Facts): PackageSet[] {
  return [...layouts, ...hidden, ...versions, ...dependencies, ...compiled, ...withNumpy(facts)];
}

/** Whether nothing is special about how a set is installed, so that others may come with it. */
function goesWithOthers({ flags, exit, real, expects = {} }: PackageSet): boolean {
  const special = flags ?? exit ?? real;
  // One that fails ends its command with another exit code, so that each of them needs its own.
  return (
    special === undefined &&
    Object.values(expects).every(({ when }) => when === "now" || when === "nothing")
  );
}

/**
 * The sets of each command, in the order of the commands. To be quick, those with nothing special about
 * them share one, and so do those of them that come over something else.
 */
export function installs(facts: Facts): PackageSet[][] {
  const sets = packageSets(facts);
  const together = sets.filter(goesWithOthers);
  return [
    together.filter(({ before }) => before === undefined),
    together.filter(({ before }) => before !== undefined),
    ...sets.filter((set) => !together.includes(set)).map((set) => [set]),
  ];
}

/** Writes a wheelhouse for each command, under its number; gives the folder. */
export async function writeWheelhouses(folder: string, facts: Facts): Promise<string> {
  for (const [number, sets] of installs(facts).entries()) {
    const there = join(folder, String(number));
    await mkdir(there, { recursive: true });
    for (const wheel of sets.flatMap(({ wheels = [] }) => wheels)) await writeWheel(there, wheel);
    // One by one: they may be versions of one package.
    for (const one of sets.flatMap(({ real = [] }) => real)) {
      await cp(await wheelhouseFor(facts.python, one), there, { recursive: true });
    }
  }
  return folder;
}

/**
 * A launcher of one of Debian's Blenders that has copies of the system's folders of packages: what pip
 * installs into the system's Python is seen by nobody else, and nobody waits for the lock that it holds.
 */
export async function ownPackages(box: Sandbox, launcher: string, name: string): Promise<string> {
  const [python, system] =
    name === "trixie"
      ? ["python3.13", join(cached("debian-trixie"), "system")]
      : ["python3.11", "/"];
  const local = join(box.dir, "local");
  await mkdir(join(local, "lib", python, "dist-packages"), { recursive: true });
  const packages = join(box.dir, "packages");
  const systems = join(system, "usr/lib/python3/dist-packages");
  await mustRun(["cp", "-a", "--reflink=auto", systems, packages]);
  const path = join(box.dir, "blender");
  const bind = (own: string, at: string) => `mount --bind ${shellWord(own)} ${shellWord(at)}`;
  const mounts = [bind(local, join(system, "usr/local")), bind(packages, systems)];
  const inside = [...mounts, `exec ${shellWord(launcher)} "$@"`].join("; ");
  await writeFile(
    path,
    `#!/bin/sh\nexec unshare --mount /bin/sh -euc ${shellWord(inside)} sh "$@"\n`,
  );
  await chmod(path, 0o755);
  return path;
}
