// Reads the files of a folder on this machine.

import { lstat, readdir, stat } from "node:fs/promises";
import { basename, join, sep } from "node:path";
import { Failure, messageOf } from "../../failure.ts";
import { realPath } from "../files/real-path.ts";
import { openPlain, piecesOf } from "../files/whole-file.ts";
import {
  type FileTree,
  isEnvironment,
  isLeftOver,
  quoted,
  TreeBuilder,
  type TreeFile,
} from "./file-tree.ts";

function unreadable(path: string, error: unknown): Failure {
  return new Failure("unreadable", `can't read ${path}: ${messageOf(error)}`, {
    hint: "see that all of the add-on's files can be read",
    cause: error,
  });
}

/** The files below a folder of this machine. */
class SourceFolder implements FileTree {
  readonly notes: readonly string[] = [];
  readonly #folder: string;
  readonly #tree: TreeBuilder;

  constructor(folder: string, tree: TreeBuilder) {
    this.#folder = folder;
    this.#tree = tree;
  }

  get files(): readonly TreeFile[] {
    return this.#tree.files;
  }

  get folders(): readonly string[] {
    return this.#tree.folders;
  }

  [Symbol.dispose](): void {}

  async *content(file: TreeFile): AsyncGenerator<Uint8Array> {
    const path = join(this.#folder, file.path);
    let size = 0;
    try {
      // It may have become something else since it was looked at.
      await using opened = await openPlain(path);
      for await (const piece of piecesOf(opened)) {
        size += piece.length;
        // A file that grows without end must not fill the disk.
        if (size > file.size) break;
        yield piece;
      }
    } catch (error) {
      throw unreadable(path, error);
    }
    if (size !== file.size) {
      throw new Failure("source-changed", `${path} changed while it was read`, {
        hint: "run it again when nothing writes there",
      });
    }
  }
}

/**
 * Looks at all that is in a folder. A link to a file within the folder counts as that file; every
 * other link becomes a file with a `problem`.
 *
 * @throws Failure `unreadable`, `unsafe-source`, `too-many-files`, `too-large`.
 */
export async function openFolder(folder: string): Promise<FileTree> {
  const tree = new TreeBuilder();
  const root = await realPath(folder).catch((error: unknown) => {
    throw unreadable(folder, error);
  });
  await walk(root, [], tree);
  return new SourceFolder(root, tree);
}

/** One file as a tree of its own. @throws Failure `unreadable`. */
export async function openFile(path: string): Promise<FileTree> {
  const tree = new TreeBuilder();
  const info = await stat(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  tree.addFile([basename(path)], { size: info.size, executable: false, problem: undefined });
  return new SourceFolder(join(path, ".."), tree);
}

async function walk(root: string, above: readonly string[], tree: TreeBuilder): Promise<void> {
  const folder = join(root, ...above);
  const names = await readdir(folder).catch((error: unknown) => {
    throw unreadable(folder, error);
  });
  if (above.length > 0 && isEnvironment(names)) return;
  for (const name of names.sort()) {
    const parts = [...above, name];
    if (isLeftOver(parts)) continue;
    const path = join(folder, name);
    const { problem, info } = await look(root, path);
    if (info.isDirectory()) {
      tree.addFolder(parts);
      await walk(root, parts, tree);
      continue;
    }
    const size = info.isFile() ? info.size : 0;
    tree.addFile(parts, { size, executable: (info.mode & 0o111) !== 0, problem });
  }
}

async function look(root: string, path: string) {
  try {
    const info = await lstat(path);
    if (!info.isSymbolicLink()) {
      const known = info.isFile() || info.isDirectory();
      return { info, problem: known ? undefined : "it is neither a file nor a folder" };
    }
    const target = await realPath(path).catch(() => undefined);
    if (target === undefined) return { info, problem: "it is a link that leads nowhere" };
    if (!target.startsWith(root + sep)) {
      return { info, problem: `it is a link that leads out of the folder, to ${quoted(target)}` };
    }
    const file = await stat(target);
    if (file.isFile()) return { info: file, problem: undefined };
    return { info, problem: "it is a link to a folder" };
  } catch (error) {
    throw unreadable(path, error);
  }
}
