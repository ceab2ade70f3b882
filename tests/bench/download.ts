// How fast wheels are chosen and got, against pip and uv in the same run, from the same index.

import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { mustRun } from "../../scripts/process.ts";
import { toolsPython } from "../../scripts/python.ts";
import { uvProgram } from "../../scripts/uv.ts";
import { executable, type Sandbox, sandbox } from "../support/sandbox.ts";
import { oneIndex, uvTarget } from "../support/uv.ts";
import { atMostRow, inTurn, type Row, seconds, timesRow } from "./measure.ts";

const SMALL = ["scipy", "pandas", "requests", "scikit-image"];
/** Of what is downloaded most, and of AI. */
const BIG = [
  ...["torch", "torchvision", "torchaudio", "transformers", "diffusers", "accelerate", "datasets"],
  ...["safetensors", "tokenizers", "huggingface-hub", "peft", "onnx", "onnxruntime", "timm"],
  ...["opencv-python-headless", "pillow", "imageio", "scikit-image", "scikit-learn", "scipy"],
  ...["pandas", "polars", "pyarrow", "matplotlib", "seaborn", "plotly", "sympy", "networkx"],
  ...["numba", "h5py", "zarr", "xarray", "trimesh", "shapely", "pyproj", "rasterio", "open3d"],
  ...["requests", "httpx", "aiohttp", "websockets", "fastapi", "uvicorn", "flask", "jinja2"],
  ...["pydantic", "sqlalchemy", "boto3", "google-cloud-storage", "azure-storage-blob", "redis"],
  ...["cryptography", "paramiko", "pyyaml", "tqdm", "rich", "click", "psutil", "msgpack"],
  ...["jupyter", "ipython"],
];
const TARGET = "blender-4.2-windows-x64";
const PYTHON = "3.11.7";
const LIMIT = 150_000_000;

interface Contest {
  box: Sandbox;
  env: Record<string, string | undefined>;
  uv: string;
  python: string;
  /** The most memory that our runs took, in bytes. */
  peak: number;
}

async function ours(contest: Contest, ...words: string[]): Promise<void> {
  const command = [executable, "pkg", "download", ...words, "--for", TARGET, "--replace-bundled"];
  const child = Bun.spawn(command, {
    cwd: contest.box.dir,
    env: contest.env,
    stdout: "ignore",
    stderr: "pipe",
  });
  const stderr = await child.stderr.text();
  if ((await child.exited) !== 0) throw new Error(stderr);
  contest.peak = Math.max(contest.peak, child.resourceUsage()?.maxRSS ?? Number.NaN);
}

async function theirs({ box, env }: Contest, command: string[]): Promise<void> {
  await mustRun(command, { cwd: box.dir, env });
}

/** Nothing is remembered: caches of all three, and what was downloaded. */
async function forget({ box }: Contest): Promise<void> {
  for (const name of ["home/.cache", "uv", "ours", "pip", "target"])
    await rm(join(box.dir, name), { recursive: true, force: true });
}

/** How long it takes with nothing remembered, or with all that the run before has seen. */
function timed(contest: Contest, isCold: boolean, work: () => Promise<void>) {
  return async () => {
    if (isCold) await forget(contest);
    return await seconds(work);
  };
}

async function choosing(
  contest: Contest,
  what: string,
  set: readonly string[],
  aims: { cold: number; warm: number },
): Promise<Row[]> {
  const file = `${what.replaceAll(" ", "-")}.in`;
  await writeFile(join(contest.box.dir, file), `${set.join("\n")}\n`);
  const compile = ["pip", "compile", file, "--quiet", "--no-header"];
  const uv = [contest.uv, ...compile, ...uvTarget("windows-x64", PYTHON)];
  const rows: Row[] = [];
  for (const [state, aim] of Object.entries(aims)) {
    const isCold = state === "cold";
    const taken = await inTurn(
      {
        ours: timed(contest, isCold, () => ours(contest, ...set, "--dry-run")),
        uv: timed(contest, isCold, () => theirs(contest, uv)),
      },
      isCold ? 3 : 5,
    );
    rows.push(timesRow(`choosing ${what}, ${state} / uv pip compile`, taken.ours, taken.uv, aim));
  }
  return rows;
}

async function getting(contest: Contest): Promise<Row[]> {
  const binary = ["--only-binary=:all:", "--platform", "win_amd64", "--python-version", "3.11"];
  const pip = [contest.python, "-I", "-m", "pip", "download", "--quiet", "--no-cache-dir"];
  const into = ["pip", "install", "--quiet", "--target", "target", "--python", contest.python];
  const uv = [contest.uv, ...into, ...uvTarget("windows-x64", PYTHON), ...SMALL];
  const taken = await inTurn(
    {
      ours: timed(contest, true, () => ours(contest, ...SMALL, "--dest", "ours")),
      pip: timed(contest, true, () => theirs(contest, [...pip, ...binary, "-d", "pip", ...SMALL])),
      uv: timed(contest, true, () => theirs(contest, uv)),
    },
    3,
  );
  const again = () => seconds(() => ours(contest, ...SMALL, "--dest", "ours"));
  await again();
  const there = await inTurn({ again }, 5);
  const what = "choosing and getting four, cold";
  return [
    timesRow(`${what} / pip download`, taken.ours, taken.pip, 0.5),
    timesRow(`${what} / uv pip install --target`, taken.ours, taken.uv, 1),
    atMostRow("pkg download with everything there", there.again, 0.3),
  ];
}

/** The most memory of our runs since the last one that was asked for. */
function memory(contest: Contest, what: string): Row {
  const { peak } = contest;
  contest.peak = 0;
  return {
    what: `peak memory of ${what}`,
    measured: `${(peak / 1e6).toFixed(0)} MB`,
    aim: `<= ${LIMIT / 1e6} MB`,
    met: peak <= LIMIT,
  };
}

/** `pkg download` against `uv` and `pip`, for CPython 3.11 on Windows. */
export async function download(): Promise<Row[]> {
  await using box = await sandbox();
  const env = { ...box.env, ...(await oneIndex(join(box.dir, "uv"))) };
  const contest: Contest = {
    ...{ box, env, peak: 0 },
    uv: await uvProgram(),
    python: await toolsPython(),
  };
  const rows = await choosing(contest, "four", SMALL, { cold: 1.5, warm: 2 });
  rows.push(memory(contest, "choosing four"));
  rows.push(...(await getting(contest)), memory(contest, "getting four"));
  const count = `torch and ${BIG.length - 1} more`;
  rows.push(...(await choosing(contest, count, BIG, { cold: 2, warm: 2 })));
  rows.push(memory(contest, `choosing ${count}`));
  await ours(contest, "torch", "--no-deps", "--dest", "ours");
  rows.push(memory(contest, "getting torch"));
  return rows;
}
