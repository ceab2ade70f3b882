// Absolute paths on Blender's machine, which may be a Windows.

/** What is between the names of a path; on other systems a name may have a backslash. */
function separatorOf(path: string): string {
  return path.startsWith("/") ? "/" : "\\";
}

/** The path of a file or folder in a folder. */
export function joined(folder: string, name: string): string {
  const separator = separatorOf(folder);
  return folder.endsWith(separator) ? `${folder}${name}` : `${folder}${separator}${name}`;
}

/** The folder that a path's file is in. */
export function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf(separatorOf(path)));
}
