// Writes add-ons' sources as the programs write them that people use.

import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ensurePackages } from "../../scripts/apt.ts";
import { mustRun } from "../../scripts/process.ts";
import { toolsPython } from "../../scripts/python.ts";

/** What a source holds: a text or bytes, or where a link leads; the name of an empty folder ends with `/`. */
export type WildFiles = Readonly<Record<string, string | Uint8Array | { link: string }>>;

/** Those of `wild_zips.py`. */
const pythonWriters = [
  "python",
  "python stored",
  "python bzip2",
  "python lzma",
  "python zip64",
  "python streamed",
  "explorer",
  "old windows",
  "finder",
] as const;

/** What 7-Zip calls its methods. */
const methods7z = {
  "7z deflate": ["-mm=Deflate"],
  "7z deflate64": ["-mm=Deflate64"],
  "7z bzip2": ["-mm=BZip2"],
  "7z lzma": ["-mm=LZMA"],
  "7z ppmd": ["-mm=PPMd"],
  "7z encrypted": ["-pSecret"],
  "7z aes": ["-pSecret", "-mem=AES256"],
} as const;
const options7z: ReadonlyMap<string, readonly string[]> = new Map(Object.entries(methods7z));

/** A program that makes zips; or none, for a folder. */
export type WildWriter = (typeof pythonWriters)[number] | keyof typeof methods7z | "git" | "folder";

/** A source that is to be written. */
export interface Writable {
  /** Relative. */
  path: string;
  writer: WildWriter;
  /** Or, instead of what a program makes, the file's bytes. */
  files: WildFiles | Uint8Array;
  /** The zip's comment, by Python. */
  comment?: string;
}

async function writeFolder(folder: string, files: WildFiles): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    await mkdir(name.endsWith("/") ? path : dirname(path), { recursive: true });
    if (name.endsWith("/")) continue;
    if (typeof content === "object" && "link" in content) await symlink(content.link, path);
    else await writeFile(path, content);
  }
}

function entryOf([name, content]: [string, WildFiles[string]]) {
  if (typeof content === "string") return { name, text: content };
  if (content instanceof Uint8Array) return { name, base64: content.toBase64() };
  return { name, ...content };
}

async function byPython(root: string, sources: readonly Writable[]): Promise<void> {
  const archives = sources.map(({ path, writer, files, comment }) => {
    if (files instanceof Uint8Array) throw new Error("bytes need no writer");
    return { path: join(root, path), writer, comment, entries: Object.entries(files).map(entryOf) };
  });
  const script = join(import.meta.dir, "wild_zips.py");
  const input = new Blob([JSON.stringify(archives)]);
  const child = Bun.spawn([await toolsPython(), script], { stdin: input, stderr: "pipe" });
  const said = await child.stderr.text();
  if ((await child.exited) !== 0) throw new Error(said);
}

async function by7z(source: string, options: readonly string[], from: string): Promise<void> {
  await mustRun(["7zz", "a", "-tzip", "-snl", ...options, source, "."], { cwd: from });
}

/** As GitHub does it: all below one folder that is named after the archive, and the commit in the comment. */
async function byGit(source: string, prefix: string, from: string): Promise<void> {
  const git = ["git", "-c", "user.name=Tests", "-c", "user.email=tests@example.org"];
  await mustRun([...git, "init", "--quiet"], { cwd: from });
  await mustRun([...git, "add", "--all"], { cwd: from });
  await mustRun([...git, "commit", "--quiet", "-m", "All"], { cwd: from });
  const archive = ["archive", "--format=zip", `--prefix=${prefix}/`, "-o", source, "HEAD"];
  await mustRun([...git, ...archive], { cwd: from });
}

/** Writes all sources below a folder. */
export async function writeWild(root: string, sources: readonly Writable[]): Promise<void> {
  await ensurePackages(["7zip", "git"], "archives as 7-Zip and git write them");
  const python: readonly string[] = pythonWriters;
  const archives = sources.filter(({ writer, files }) => {
    return python.includes(writer) && !(files instanceof Uint8Array);
  });
  for (const { path } of sources) await mkdir(dirname(join(root, path)), { recursive: true });
  await byPython(root, archives);
  for (const source of sources) {
    const { writer, files } = source;
    const path = join(root, source.path);
    if (files instanceof Uint8Array) await writeFile(path, files);
    else if (writer === "folder") await writeFolder(path, files);
    else if (!archives.includes(source)) {
      const from = join(root, "..", "unpacked");
      await writeFolder(from, files);
      const options = options7z.get(writer);
      if (options === undefined) await byGit(path, source.path.replace(/\.zip$/, ""), from);
      else await by7z(path, options, from);
      await rm(from, { recursive: true });
    }
  }
}
