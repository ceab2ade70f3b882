// Tells a pip whose own files are damaged or missing, from what it wrote.

interface Frame {
  file: string;
  /** Undefined in the text of a file that isn't Python. */
  inside: string | undefined;
}

interface PipTraceback {
  frames: Frame[];
  error: string;
}

/** The tracebacks in a text; what a build of a package writes is indented. */
function tracebacksIn(output: string): PipTraceback[] {
  const found: PipTraceback[] = [];
  let frames: Frame[] | undefined;
  for (const line of output.split(/\r?\n/)) {
    const [, file, inside] = /^ +File "(.*)", line \d+(?:, in (.*))?$/.exec(line) ?? [];
    if (line === "Traceback (most recent call last):") frames = [];
    else if (file !== undefined) frames?.push({ file, inside });
    else if (/^\S/.test(line)) {
      if (frames !== undefined) found.push({ frames, error: line });
      frames = undefined;
    }
  }
  return found;
}

function isOfPip({ file }: Frame): boolean {
  return /[\\/]pip[\\/](?:_internal|_vendor)[\\/]/.test(file);
}

/** What Python itself runs to import something. */
function isImporting(frame: Frame): boolean {
  return /^<frozen importlib|[\\/]importlib[\\/]__init__\.py$/.test(frame.file) && !isOfPip(frame);
}

/** Of a part of pip that isn't there, or isn't all there. */
const missingPart =
  /^\w+Error: (?:No module named 'pip\.|(?:partially initialized )?module 'pip[.'].* has no attribute|cannot import name .* from (?:partially initialized module )?'pip[.'])/;

function isOfImport({ frames, error }: PipTraceback): boolean {
  const last = frames.findLast((frame) => !isImporting(frame));
  if (last === undefined || !isOfPip(last)) return false;
  // In a text that isn't Python, in a module's own lines, or before Python could read them.
  const { inside = "<module>" } = last;
  return inside === "<module>" || last !== frames.at(-1) || missingPart.test(error);
}

/** The error by which pip, or a part that it imports later, couldn't be imported, if it was one. */
export function importErrorIn(output: string): string | undefined {
  return tracebacksIn(output).find(isOfImport)?.error;
}
