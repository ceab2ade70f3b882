// How long people wait for the commands that only look: `pkg wheelhouse`, `list`, `info`, `check`.

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { mustRun } from "../../scripts/process.ts";
import { ownBlender, siteOf } from "../support/blender.ts";
import { executable, expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { startService } from "../support/servers.ts";
import { writeWheel } from "../support/wheels.ts";
import { aboveRow, atMostRow, inTurn, platformTag, type Row, seconds } from "./measure.ts";

const ROUNDS = 9;
const PACKAGES = 100;

/** Packages that are installed, as pip leaves them; each needs the one before. */
async function install(box: Sandbox): Promise<void> {
  for (let index = 0; index < PACKAGES; index++) {
    const name = `bench_${index}`;
    const info = join(siteOf(box), `${name}-1.0.dist-info`);
    await mkdir(info, { recursive: true });
    await mkdir(join(siteOf(box), name), { recursive: true });
    const needs = index === 0 ? "" : `Requires-Dist: bench_${index - 1}>=1.0\n`;
    const own = ["INSTALLER", "METADATA", "RECORD"].map((file) => `${name}-1.0.dist-info/${file}`);
    await writeFile(join(siteOf(box), name, "__init__.py"), "");
    await writeFile(join(info, "INSTALLER"), "pip\n");
    const metadata = `Metadata-Version: 2.1\nName: ${name}\nVersion: 1.0\n${needs}`;
    await writeFile(join(info, "METADATA"), metadata);
    const files = [`${name}/__init__.py`, ...own];
    await writeFile(join(info, "RECORD"), files.map((file) => `${file},,\n`).join(""));
  }
}

/** The commands that look, above the start of `--version`; `pkg info` and `pkg check` as a whole. */
export async function looking(): Promise<Row[]> {
  await using box = await sandbox();
  const launcher = await ownBlender(box);
  await install(box);
  await startService(box, launcher);
  const there = join(box.dir, "there");
  await writeWheel(there, { name: "bench", tag: platformTag });
  // Its exit code is about what it finds.
  const check = async () => void (await box.cli(["pkg", "check"]));
  const known = (await box.cli(["pkg", "check", "--help"])).code === 0;
  const run = (...args: string[]) => {
    return async () => expectSuccess(await box.cli(["pkg", ...args]));
  };
  const taken = await inTurn(
    {
      start: () => seconds(() => mustRun([executable, "--version"])),
      wheelhouse: () => seconds(run("wheelhouse", "--remote-wheelhouse", there)),
      list: () => seconds(run("list")),
      info: () => seconds(run("info")),
      check: () => seconds(known ? check : async () => {}),
    },
    ROUNDS,
  );
  const { start, wheelhouse, list, info } = taken;
  return [
    aboveRow("pkg wheelhouse - the start of --version", wheelhouse, start, 0.08),
    aboveRow(`pkg list of ${PACKAGES} packages - the start of --version`, list, start, 0.1),
    atMostRow("pkg info", info, 0.5),
    ...(known ? [atMostRow(`pkg check of ${PACKAGES} packages`, taken.check, 0.3)] : []),
  ];
}
