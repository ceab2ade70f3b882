// Which disk of Blender's machine a failed pip found full.

/** What is known of a run whose disk was full. */
interface WrittenPlaces {
  /** The run's folder for temporary files. */
  temporary?: string | undefined;
  /** Whether pip fills an own folder first, and moves what is in it to its target then. */
  staged?: boolean | undefined;
}

/** What systems say of a full disk, or of a user's full share of it. */
export const fullDisk =
  /No space left on device|\[Errno 28\]|\[Errno 122\]|Disk quota exceeded|not enough space on the disk|\[WinError 112\]/i;

/** The paths in such an error: what couldn't be written stands last. */
const paths =
  /(?:\[Errno (?:28|122)\]|\[WinError 112\])[^\n'"]*?: (?:(?:'[^'\n]+'|"[^"\n]+") -> )?(?:'([^'\n]+)'|"([^"\n]+)")/g;

/** The folder for temporary files that a run's own folder is in. */
function temporaryFolder(temporary: string): string {
  return temporary.replace(/[\\/][^\\/]+[\\/][^\\/]+$/, "");
}

/** That the disk with the folder for temporary files is full. */
export function fullTemporaryDisk(folder: string): string {
  return `the disk with the folder for temporary files of Blender's machine is full: ${folder}`;
}

/** Which disk is full, in a sentence; and whether it is the one with temporary files. */
export function fullDiskIn(
  output: string,
  { temporary, staged }: WrittenPlaces,
): { message: string; isTemporary: boolean } {
  const [, single, double] = Array.from(output.matchAll(paths)).at(-1) ?? [];
  // Windows' paths have their backslashes doubled there.
  const path = (single ?? double)?.replaceAll("\\\\", "\\");
  const collected = /^Installing collected packages/m.test(output);
  const filled = /^Successfully installed/m.test(output);
  const isTemporary =
    temporary !== undefined &&
    (path === undefined ? !collected || (staged === true && !filled) : path.startsWith(temporary));
  if (isTemporary) {
    return { message: fullTemporaryDisk(temporaryFolder(temporary)), isTemporary };
  }
  const folder = path?.replace(/[\\/][^\\/]*$/, "");
  const where = folder === undefined || folder === "" ? "" : `: ${folder}`;
  return { message: `the disk of Blender's machine is full${where}`, isTemporary };
}
