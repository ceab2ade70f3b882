import { describe, expect, test } from "bun:test";
import { Failure } from "../../../../src/failure.ts";
import type { PreparedInstall } from "../../../../src/remote/install/prepare.ts";
import type { InstallRequest } from "../../../../src/remote/install/request.ts";
import { refusedNames, requireUnshadowed } from "../../../../src/remote/install/shadows.ts";
import type { Package } from "../../../../src/remote/packages/package.ts";
import { rendered } from "../../../../src/text.ts";
import { quoted } from "../../../support/systems.ts";
import { installed, snapshotOf } from "../packages/rows.ts";
import { blenderPython, request } from "./requests.ts";

interface Changes {
  specs: string[];
  copies: Package[];
  target?: InstallRequest["target"];
  managed?: string | null;
}

function prepared({ specs, copies, target = "site", managed = null }: Changes): PreparedInstall {
  const made = request(specs, { target });
  return {
    request: made,
    asked: made.requirements,
    python: blenderPython(managed),
    folder: target === "site" ? undefined : "/modules",
    wheelhouse: undefined,
    sent: [],
    before: snapshotOf(copies, { path: ["/local", "/site", "/modules", "/addon"] }),
    pins: [],
    found: [],
  };
}

function refusal(changes: Changes, name: string, version: string) {
  try {
    requireUnshadowed(prepared(changes), [{ name, version }]);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { code: error.code, message: error.message, hint: rendered(error.hint ?? "") };
  }
  return undefined;
}

const wheel = installed("sharedlib", "1.0", { location: "/local", source: "extension" });
const module = installed("sharedlib", "1.0", { location: "/modules", source: "user-modules" });

describe("a copy that comes first on the path", () => {
  test("stops an install into site-packages, in whatever version", () => {
    const changes = { specs: ["sharedlib==2.0"], copies: [wheel] };
    expect(refusal(changes, "sharedlib", "2.0")).toEqual({
      code: "shadowed",
      message:
        "Blender would not import this from site-packages; nothing was changed:\n  sharedlib 2.0: 1.0 in /local comes first on its path",
      hint: "leave out sharedlib to keep what is there, or an extension brought sharedlib: disable or update that one",
    });
    expect(refusal(changes, "sharedlib", "1.0")?.code).toBe("shadowed");
    expect(refusedNames(prepared(changes))).toEqual({ sharedlib: null });
  });

  const bundled = [installed("numpy", "1.26.4", { source: "bundled" })];

  test("a dependency of user modules: the command that keeps what is there", () => {
    const changes = { specs: ["pandas>=2"], copies: bundled, target: "user-modules" } as const;
    expect(refusal({ ...changes, specs: [...changes.specs] }, "numpy", "2.1")?.hint).toBe(
      `keep what is there: blender-remote-cli pkg install ${quoted("pandas>=2")} numpy==1.26.4 --target user-modules`,
    );
  });

  test("what was asked for: changed where it is, where that can be", () => {
    const changes = { specs: ["numpy==2.1"], copies: bundled, target: "user-modules" as const };
    expect(refusal(changes, "numpy", "2.1")?.hint).toContain(
      "change it where it is: blender-remote-cli pkg install numpy==2.1",
    );
    const managed = refusal({ ...changes, managed: "/EXTERNALLY-MANAGED" }, "numpy", "2.1")?.hint;
    expect(managed).not.toContain("--target site");
    expect(managed).toContain("only the system may change it");
  });

  test("nothing is proposed that would be refused as well", () => {
    const changes = { specs: ["sharedlib"], copies: [wheel], target: "user-modules" as const };
    expect(refusal(changes, "sharedlib", "2.0")?.hint).not.toContain("--target site");
  });
});

describe("a copy behind on the path", () => {
  test("isn't hidden by another version", () => {
    const changes = { specs: ["sharedlib"], copies: [module] };
    expect(refusal(changes, "sharedlib", "2.0")).toEqual({
      code: "shadowed",
      message:
        "two versions would be on Blender's path, and it imports one of them; nothing was changed:\n  sharedlib 2.0: it would hide 1.0 in /modules",
      hint: "install it where it is: blender-remote-cli pkg install sharedlib --target user-modules; or remove that one first: blender-remote-cli pkg uninstall sharedlib --target user-modules",
    });
    expect(refusal(changes, "sharedlib", "1.0")).toBeUndefined();
    expect(refusedNames(prepared(changes))).toEqual({ sharedlib: "1.0" });
  });

  test("one that is hidden already is no loss", () => {
    const copies = [installed("sharedlib", "1.1"), { ...module, wins: false }];
    expect(refusal({ specs: ["sharedlib"], copies }, "sharedlib", "2.0")).toBeUndefined();
  });

  test("what an add-on brought counts as well", () => {
    const copies = [installed("sharedlib", "1.0", { location: "/addon", source: "add-on" })];
    const found = refusal(
      { specs: ["sharedlib"], copies, target: "user-modules" },
      "sharedlib",
      "2.0",
    );
    expect(found?.hint).toBe("an add-on brought sharedlib: disable or update that one");
  });

  test("what is in the folder itself is replaced", () => {
    const changes = { specs: ["sharedlib"], copies: [module], target: "user-modules" as const };
    expect(refusal(changes, "sharedlib", "2.0")).toBeUndefined();
  });
});
