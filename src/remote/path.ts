// Paths on Blender's machine, which may be a Windows.

/** The path of a file or folder in a folder. */
export function joined(folder: string, name: string): string {
  return `${folder}${folder.includes("\\") ? "\\" : "/"}${name}`;
}

/** The folder that a path's file is in. */
export function folderOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")));
}
