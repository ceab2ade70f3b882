// What the add-on commands take beyond the start of Blender that they need.

import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { mustRun } from "../../scripts/process.ts";
import { legacyText, writeZip } from "../support/addon-sources.ts";
import { configured } from "../support/addons.ts";
import { launcherOf } from "../support/blender.ts";
import { expectSuccess, type Sandbox, sandbox } from "../support/sandbox.ts";
import { inTurn, type Row, seconds, timesRow } from "./measure.ts";

const ROUNDS = 9;
const MANY = 10;

/** Zips of add-ons with a few modules each, `bench_0.zip` and so on; their paths. */
async function addonZips(box: Sandbox): Promise<string[]> {
  const parts = Array.from({ length: 5 }, (_, n) => `part_${n}`);
  const init = legacyText({ top: parts.map((part) => `from . import ${part}`).join("\n") });
  const modules = Object.fromEntries(
    parts.map((part) => [`${part}.py`, "VALUE = 1\n".repeat(200)]),
  );
  const files = Object.entries({ ...modules, "__init__.py": init });
  return Promise.all(
    Array.from({ length: MANY }, (_, n) => {
      const entries = files.map(([name, text]) => [`bench_${n}/${name}`, text]);
      return writeZip(box, `bench_${n}.zip`, Object.fromEntries(entries));
    }),
  );
}

const timed = (box: Sandbox, args: string[]) =>
  seconds(async () => expectSuccess(await box.cli(["addon", ...args])));

async function beyondTheStart(name: "debian" | "trixie"): Promise<Row[]> {
  await using box = await sandbox();
  const launcher = await launcherOf(name);
  await configured(box, launcher);
  const [zip = ""] = await addonZips(box);
  const script = join(box.dir, "empty.py");
  await writeFile(script, "");
  const start = () => mustRun([launcher, "--background", "--python", script], { env: box.env });
  const [bare, list, install]: [number[], number[], number[]] = [[], [], []];
  // In turn, so that a machine that slows down slows all; the first round warms the caches.
  for (let round = 0; round <= ROUNDS; round++) {
    const taken = [
      await seconds(start),
      await timed(box, ["list"]),
      await timed(box, ["install", zip, "--enable"]),
    ] as const;
    await timed(box, ["uninstall", "bench_0"]);
    if (round === 0) continue;
    bare.push(taken[0]);
    list.push(taken[1]);
    install.push(taken[2]);
  }
  return [
    timesRow(`addon list / the bare start of Blender (${name})`, list, bare, 1.2),
    timesRow(`addon install --enable / the bare start of Blender (${name})`, install, bare, 1.4),
  ];
}

/** `addon list` and `addon install --enable` against a Blender that only starts and ends. */
export async function addonStarts(): Promise<Row[]> {
  return [...(await beyondTheStart("debian")), ...(await beyondTheStart("trixie"))];
}

/** Ten installs in one call against ten calls. */
export async function addonInstalls(): Promise<Row[]> {
  await using box = await sandbox();
  await configured(box, await launcherOf("debian"));
  const zips = await addonZips(box);
  const names = zips.map((_, n) => `bench_${n}`);
  const [together, apart]: [number[], number[]] = [[], []];
  for (let round = 0; round < 3; round++) {
    together.push(await timed(box, ["install", ...zips, "--enable"]));
    await timed(box, ["uninstall", ...names]);
    let sum = 0;
    for (const zip of zips) sum += await timed(box, ["install", zip, "--enable"]);
    apart.push(sum);
    await timed(box, ["uninstall", ...names]);
  }
  return [timesRow(`${MANY} installs in one call / in ${MANY} calls`, together, apart, 0.25)];
}

/** A zip of one add-on with this many files beside its own, in folders of a hundred. */
async function zipWith(box: Sandbox, name: string, files: number): Promise<string> {
  const data = Array.from({ length: files }, (_, n) => {
    const path = `${name}/data/${Math.floor(n / 100)}/${n}.txt`;
    return [path, `${n} `.repeat(200)] as const;
  });
  const init = [`${name}/__init__.py`, legacyText()] as const;
  return writeZip(box, `${name}.zip`, Object.fromEntries([init, ...data]));
}

/** A first install with `--enable`, ours and by Blender's own operators; each in a profile of its own. */
async function besideTheirs(
  blender: "debian" | "bpy",
  files: number,
  aim: number,
  rounds: number,
): Promise<Row> {
  await using box = await sandbox();
  await using other = await sandbox();
  const launcher = await launcherOf(blender);
  await configured(box, launcher);
  const zip = await zipWith(box, "bench_one", files);
  const script = [
    "import bpy",
    `bpy.ops.preferences.addon_install(filepath=${JSON.stringify(zip)})`,
    "bpy.ops.preferences.addon_enable(module='bench_one')",
    "bpy.ops.wm.save_userpref()",
  ].join("; ");
  const fresh = ({ env }: Sandbox) =>
    rm(join(env["HOME"] ?? "", ".config/blender"), { recursive: true, force: true });
  const { ours, theirs } = await inTurn(
    {
      ours: async () => {
        await fresh(box);
        return timed(box, ["install", zip, "--enable"]);
      },
      theirs: async () => {
        await fresh(other);
        const command = [launcher, "--background", "--python-expr", script];
        return seconds(() => mustRun(command, { env: other.env }));
      },
    },
    rounds,
  );
  const what = `addon install --enable of ${files + 1} files / Blender's own way (${blender})`;
  return timesRow(what, ours, theirs, aim);
}

/** `addon install --enable` against one background start that does the same with Blender's operators. */
export async function addonBesideTheirs(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const blender of ["debian", "bpy"] as const) {
    rows.push(await besideTheirs(blender, 5, 1.1, ROUNDS));
    rows.push(await besideTheirs(blender, 9000, 1, 5));
  }
  return rows;
}
