// What pip says of itself when it is asked for its version.

/** A pip that runs. */
export interface PipVersion {
  version: string;
  /** The folder of the package. */
  location: string;
}

/**
 * Reads what `pip --version` wrote: `pip 26.3 from /…/pip (python 3.11)`, on a line of its own.
 *
 * @returns undefined where no such line is in it.
 */
export function parsePipVersion(said: string): PipVersion | undefined {
  const [, version, location] = /^pip (\S+) from (.+) \(python [^)]*\)\s*$/m.exec(said) ?? [];
  return version === undefined || location === undefined ? undefined : { version, location };
}

/** Why what was written is no version of pip. */
export function notPip(said: string): string {
  return `pip --version answered '${said.trim().slice(0, 80)}'`;
}
