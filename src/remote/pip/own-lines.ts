// Names the user's files where pip names files of the run's own, of which users know nothing.

/**
 * Where each line of the run's own files stands on this machine, by the files' names:
 * `requirements.txt:3`; null for what stands in no file.
 */
export type LinePlaces = Readonly<Record<string, readonly (string | null)[]>>;

const own = String.raw`[^\n]*?blender-remote-pip-[^\\/\n]*[\\/]+files[\\/]+([a-z]+\.txt)`;
/** `(from -r …/requirements.txt (line 3))`, `(from a->-c …/constraints.txt (line 1))`. */
const fromLine = new RegExp(String.raw`(-[rc] )${own} \(line (\d+)\)`, "g");
/** `(from line 3 of …/requirements.txt)`. */
const lineOf = new RegExp(String.raw`line (\d+) of ${own}`, "g");
/** What stands in no file of the user's. */
const nowhere = "\0";

/** A line of pip's with the places that users know, or without any. */
export function withPlaces(line: string, places: LinePlaces): string {
  const known = (file: string, number: string) =>
    /^(.*):(\d+)$/s.exec(places[file]?.[Number(number) - 1] ?? "");
  return line
    .replace(fromLine, (_, flag: string, file: string, number: string) => {
      const [, path, at] = known(file, number) ?? [];
      return path === undefined ? nowhere : `${flag}${path} (line ${at})`;
    })
    .replace(lineOf, (_, number: string, file: string) => {
      const [, path, at] = known(file, number) ?? [];
      return path === undefined ? nowhere : `line ${at} of ${path}`;
    })
    .replaceAll(` (from ${nowhere})`, "")
    .replaceAll(`->${nowhere}`, "")
    .replaceAll(nowhere, "the command line");
}
