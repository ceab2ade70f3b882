// Compiles the executables: this machine's, those for the platforms that are named (--windows,
// --linux-arm64, …), or with --all every platform's with SHA256SUMS.
import { readFile, rm, writeFile } from "node:fs/promises";
import { withoutSignature } from "./scripts/mach_o.ts";
import { sha256Of } from "./src/local/files/sha256.ts";

interface Platform {
  target: Bun.Build.CompileTarget;
  /** Behind `blender-remote-cli-` in the file's name. */
  name: string;
}

const platforms: readonly Platform[] = [
  { target: "bun-linux-x64", name: "linux-x64" },
  { target: "bun-linux-arm64", name: "linux-arm64" },
  { target: "bun-linux-x64-musl", name: "linux-x64-musl" },
  { target: "bun-linux-arm64-musl", name: "linux-arm64-musl" },
  { target: "bun-windows-x64", name: "windows-x64.exe" },
  { target: "bun-darwin-x64", name: "darwin-x64" },
  { target: "bun-darwin-arm64", name: "darwin-arm64" },
];

async function compile(outfile: string, target?: Bun.Build.CompileTarget): Promise<void> {
  await Bun.build({
    entrypoints: ["src/main.ts"],
    // Compiled ahead and loaded by command: starting takes a quarter of the time.
    format: "esm",
    splitting: true,
    bytecode: true,
    // Names stay, so that a stack trace in a bug report can be read.
    minify: { whitespace: true, syntax: true, identifiers: false },
    compile: {
      outfile,
      ...(target === undefined ? {} : { target }),
      // The executable must not run or obey files of the folder that it is started in.
      autoloadDotenv: false,
      autoloadBunfig: false,
    },
  });
  if (target === "bun-darwin-x64") await removeSignature(outfile);
  console.error(`built ${outfile}`);
}

/**
 * For arm64 Bun signs what it has made. For x64 it leaves its own signature in a file that isn't the
 * signed one any more, which macOS ends at its start; there a program needs none.
 */
async function removeSignature(path: string): Promise<void> {
  await writeFile(path, withoutSignature(await readFile(path)));
}

const fileOf = ({ name }: Platform) => `blender-remote-cli-${name}`;
const flagOf = ({ name }: Platform) => `--${name.replace("-x64.exe", "")}`;

async function compileAll(): Promise<void> {
  const sums: string[] = [];
  for (const platform of platforms) {
    const file = fileOf(platform);
    await compile(`dist/${file}`, platform.target);
    sums.push(`${await sha256Of(`dist/${file}`)}  ${file}\n`);
  }
  await Bun.write("dist/SHA256SUMS", sums.join(""));
  console.error("wrote dist/SHA256SUMS");
}

const unknown = Bun.argv.slice(2).find((one) => !["--all", ...platforms.map(flagOf)].includes(one));
if (unknown !== undefined) {
  console.error(
    `build doesn't know ${unknown}: it takes --all, ${platforms.map(flagOf).join(", ")}`,
  );
  process.exit(2);
}
process.chdir(import.meta.dir);
// A process of its own: this one would go on believing that a file wasn't there.
const fetched = Bun.spawnSync([process.execPath, "scripts/pip_wheel.ts"], { stderr: "inherit" });
if (!fetched.success) process.exit(1);
if (Bun.argv.includes("--all")) {
  await rm("dist", { recursive: true, force: true });
  await compileAll();
}
for (const platform of platforms)
  if (Bun.argv.includes(flagOf(platform)))
    await compile(`dist/${fileOf(platform)}`, platform.target);
await compile("dist/blender-remote-cli");
