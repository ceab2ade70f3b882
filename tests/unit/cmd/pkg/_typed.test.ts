import { describe, expect, test } from "bun:test";
import { typedInstall, typedUninstall } from "../../../../src/cmd/pkg/_typed.ts";
import { install } from "../../../../src/cmd/pkg/install.ts";
import { uninstall } from "../../../../src/cmd/pkg/uninstall.ts";
import { rendered } from "../../../../src/text.ts";
import { quoted } from "../../../support/systems.ts";
import { fileOf, optionsOf } from "../parsing.ts";

const program = "blender-remote-cli";

describe("pkg install, as it was typed", () => {
  test.each([
    [["numpy"], "numpy"],
    [["numpy >= 1.26", "scipy[all]"], `${quoted("numpy>=1.26")} ${quoted("scipy[all]")}`],
    [["numpy", "-U", "--no-deps"], "numpy --upgrade --no-deps"],
    [["numpy", "--force-reinstall"], "numpy --force-reinstall"],
    [["numpy", "--remote-wheelhouse", "~/my w"], `numpy --remote-wheelhouse ${quoted("~/my w")}`],
    [
      ["numpy", "--index-url", "https://h/s", "--proxy", "p:1"],
      "numpy --index-url https://h/s --proxy p:1",
    ],
    [
      ["numpy", "--target", "user-modules", "--break-system-packages", "--allow-online"],
      "numpy --allow-online --break-system-packages --target user-modules",
    ],
  ])("%j", async (tokens, words) => {
    const { request } = await optionsOf(install, tokens);
    expect(rendered(typedInstall(request)())).toBe(`${program} pkg install ${words}`);
  });

  test("with a change", async () => {
    const { request } = await optionsOf(install, ["a", "--target", "user-modules", "-U"]);
    const again = typedInstall(request);
    expect(rendered(again({ more: ["b==1", "c"] }))).toBe(
      `${program} pkg install a b==1 c --upgrade --target user-modules`,
    );
    expect(rendered(again({ target: "site" }))).toBe(`${program} pkg install a --upgrade`);
  });

  test("files are named again, not what stands in them", async () => {
    const [file, limits] = [fileOf("typed.txt", "b\n--pre\n"), fileOf("limits.txt", "c<2\n")];
    const tokens = ["a; os_name=='nt'", "-r", file, "-c", limits, "-r", file];
    const { request } = await optionsOf(install, tokens);
    const again = typedInstall(request);
    expect(again({ more: ["d==1"] }).arguments).toEqual([
      ...["a; os_name=='nt'", "d==1", "-r", file, "-r", file, "-c", limits],
    ]);
    expect((await optionsOf(install, again().arguments)).request).toEqual(request);
  });

  test("what is typed means the same when it is typed again", async () => {
    const tokens = ["a", "b<2", "-U", "--no-deps", "--target", "user-modules", "--allow-online"];
    const { request } = await optionsOf(install, tokens);
    const again = await optionsOf(install, typedInstall(request)().arguments);
    expect(again.request).toEqual(request);
  });
});

describe("pkg uninstall, as it was typed", () => {
  test.each([
    [["NumPy"], "numpy --yes"],
    [["a", "b", "--target", "site"], "a b --yes --target site"],
    [["a", "--break-system-packages"], "a --yes --break-system-packages"],
  ])("%j", async (tokens, words) => {
    const { request } = await optionsOf(uninstall, tokens);
    expect(rendered(typedUninstall(request)())).toBe(`${program} pkg uninstall ${words}`);
  });
});
