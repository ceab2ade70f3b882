// Running other programs from the developer tools.

export interface Finished {
  code: number;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  cwd?: string;
  env?: Record<string, string | undefined>;
}

/** A failure whose message is all that the developer needs to see. */
export class DevError extends Error {
  override name = "DevError";
}

/** Runs a program with its output kept. A program that does not exist is code 127, as in a shell. */
export async function run(command: string[], options: RunOptions = {}): Promise<Finished> {
  let child: Bun.ReadableSubprocess;
  try {
    child = Bun.spawn(command, { ...options, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  } catch (error) {
    return { code: 127, stdout: "", stderr: error instanceof Error ? error.message : `${error}` };
  }
  const [stdout, stderr, code] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ]);
  return { code, stdout, stderr };
}

/** Runs a program that has to succeed; its stdout. What it said is shown only when it failed. */
export async function mustRun(command: string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await run(command, options);
  if (code !== 0) {
    const said = [stdout, stderr].map((text) => text.trim()).filter(Boolean);
    throw new DevError([`${command.join(" ")}: exit code ${code}`, ...said].join("\n"));
  }
  return stdout;
}

/** Where a program's output goes: the developer's own terminal, or an open file. */
export type Shown = "inherit" | number;

/** Runs a program whose output is shown as it comes; its exit code. */
export async function runVisibly(
  command: string[],
  options: RunOptions = {},
  shown: Shown = "inherit",
): Promise<number> {
  return await Bun.spawn(command, { ...options, stdio: ["inherit", shown, shown] }).exited;
}

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** Progress of slow steps. stderr, because stdout belongs to the results. */
export function note(text: string): void {
  console.error(text);
}
