import { expect, test } from "bun:test";
import { typedUninstall } from "../../../../src/cmd/pkg/_typed.ts";
import { ours } from "../../../../src/text.ts";
import { request } from "../../remote/install/requests.ts";

test("the command line that makes a request", () => {
  expect(request(["scipy>=1.11"]).typed()).toEqual(
    ours("pkg install", "scipy>=1.11", "--target", "user-modules"),
  );
  const all = request(["a", "b==1"], {
    target: "site",
    wheelhouse: "/the wheels",
    upgrade: true,
    forceReinstall: true,
    deps: false,
    breakSystemPackages: true,
  });
  expect(all.typed()).toEqual(
    ours(
      "pkg install",
      ...["a", "b==1", "--upgrade", "--force-reinstall", "--no-deps"],
      ...["--remote-wheelhouse", "/the wheels", "--break-system-packages"],
    ),
  );
});

test("the same, changed", () => {
  const change = { more: ["numpy==1.26.4"], target: "site" as const };
  expect(request(["a"]).typed(change)).toEqual(ours("pkg install", "a", "numpy==1.26.4"));
});

test("the command line that makes a removal, which isn't asked again", () => {
  const given = { names: ["a", "b"], target: undefined, breakSystemPackages: true };
  expect(typedUninstall(given)()).toEqual(
    ours("pkg uninstall", "a", "b", "--yes", "--break-system-packages"),
  );
  const target = "user-modules" as const;
  expect(typedUninstall({ ...given, target, breakSystemPackages: false })()).toEqual(
    ours("pkg uninstall", "a", "b", "--yes", "--target", "user-modules"),
  );
});
