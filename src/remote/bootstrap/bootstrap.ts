// Puts pip into Blender's Python where it is missing, broken or old.

import { Failure, type FailureKind } from "../../failure.ts";
import type { Text } from "../../text.ts";
import { compareVersions } from "../../wheels/version-order.ts";
import { decidedByInstall } from "../pip/decided.ts";
import { followedPip } from "../pip/followed-pip.ts";
import { requireOpenSite } from "../python/closed-folders.ts";
import { type BlenderPython, pythonOf } from "../python/interpreter.ts";
import { notPip, parsePipVersion } from "../python/pip-version.ts";
import { type LocalFile, withTemporaryFiles } from "../temporary/temporary-files.ts";
import type { Session } from "../wire/session.ts";
import pipInWheel from "./pip_in_wheel.py" with { type: "text" };
import pipRemains from "./pip_remains.py" with { type: "text" };
import pipWhole from "./pip_whole.py" with { type: "text" };
import { pinnedPip } from "./pip-pin.ts";
import { carriedPip } from "./pip-wheel.ts";

/** The ways to get pip into a Python, in the order in which they are tried. */
export const methods = ["ensurepip", "bundled", "get-pip"] as const;

/** Python's own ensurepip; the wheel that the executable carries; pip's script get-pip.py. */
export type Method = (typeof methods)[number];

/** What became of one way. */
export interface Step {
  method: Method;
  outcome: "done" | "failed" | "skipped";
  /** What came of it, or why not: one line. */
  detail: string;
}

/** pip as it was found by starting it. */
export type PipState =
  | { works: true; version: string; location: string }
  | { works: false; error: string };

export interface BootstrapOptions {
  method: "auto" | Method;
  /** Gives a local get-pip.py; called only when its turn comes. */
  getPip: () => Promise<LocalFile>;
  /** Replace a working pip that is older than the carried one. */
  upgrade: boolean;
  /** Install into a Python that the system manages (PEP 668). */
  breakSystemPackages: boolean;
  observer: BootstrapObserver;
}

/** Told what happens while it goes on. */
export interface BootstrapObserver {
  /** A pip that is installed and doesn't run; told before anything is tried. */
  broken(error: string): void;
  step(step: Step): void;
  /** What the programs write that run in Blender's Python. */
  output(bytes: Uint8Array): Promise<void>;
  note(message: Text): void;
}

/** How a bootstrap ended. */
export interface Bootstrap {
  /** The interpreter that belongs to Blender. */
  python: string;
  /** pip before. */
  found: PipState;
  /** Empty where nothing was to be done. */
  steps: Step[];
  /** pip afterwards. */
  pip: PipState;
  /** Whether pip is now what was asked for. */
  succeeded: boolean;
}

const absent = /No module named '?pip'?$/;

/** The installed pip can't be uninstalled: nobody knows its files. */
const unknownFiles = /RECORD file not found|no RECORD file was found|distutils installed project/;

/** Ends the whole command: nothing more can be tried after these. */
const finalKinds = new Set<FailureKind>(["interrupted", "timeout", "no-service", "not-authorised"]);
const finalCodes = new Set(["pip-busy", "install-unfinished", "pip-cancelled", "pip-run-gone"]);

/**
 * Sees to it that `python -m pip` works in Blender's Python, and (`upgrade`) that it is at least
 * the carried version. Where pip works already nothing is done.
 *
 * @throws Failure `externally-managed`, `site-not-writable` before anything is done; as `pythonOf`
 *   and `runPip`.
 */
export async function bootstrap(session: Session, options: BootstrapOptions): Promise<Bootstrap> {
  const python = await pythonOf(session);
  const { executable } = python;
  const installer = new PipInstaller(session, python, options);
  const found = await session.waits.during("looking whether pip works", installer.pip());
  if (found.works && !(options.upgrade && isOlder(found.version))) {
    return { python: executable, found, steps: [], pip: found, succeeded: true };
  }
  requireOpenSite(python.site, options.breakSystemPackages, (code) => closedSiteHints[code]);
  if (!found.works && !absent.test(found.error)) options.observer.broken(found.error);
  const steps: Step[] = [];
  for (const method of options.method === "auto" ? methods : [options.method]) {
    const attempt = installer.attempt(method, found);
    const { step, pip } = await session.waits.during(`trying ${method}`, attempt);
    steps.push(step);
    options.observer.step(step);
    if (pip !== undefined) return { python: executable, found, steps, pip, succeeded: true };
  }
  return { python: executable, found, steps, pip: await installer.pip(), succeeded: false };
}

function isOlder(version: string): boolean {
  return compareVersions(version, pinnedPip.version) < 0;
}

/** Unlike packages, pip can't go elsewhere: the interpreter itself has to find it. */
const closedSiteHints = {
  "externally-managed":
    "let the system install or upgrade it (Debian: apt-get install python3-pip), use a build of Blender from blender.org, or override with --break-system-packages",
  "site-not-writable":
    "start Blender as a user who may write there, or use a build of Blender from blender.org in a folder of your own",
};

/** What a way's turn gives; `pip` where it works now. */
interface Attempt {
  step: Step;
  pip?: PipState;
}

/** How a program runs in Blender's Python. */
interface ProgramOptions {
  /** Without pip's settings of Blender's machine; unless given, it does. */
  isolated?: boolean;
  /** Whether users see what it writes; unless given, they do. */
  shown?: boolean;
  /** Whether it changes packages; what its words say, unless given. */
  changes?: boolean;
}

/** How a program ended that ran in Blender's Python. */
interface ProgramEnd {
  returncode: number;
  /** The end of what was written to both streams. */
  said: string;
}

/** Finds out whether pip works in one Python, and tries ways to install it. */
class PipInstaller {
  readonly #session: Session;
  readonly #python: BlenderPython;
  readonly #options: BootstrapOptions;

  constructor(session: Session, python: BlenderPython, options: BootstrapOptions) {
    this.#session = session;
    this.#python = python;
    this.#options = options;
  }

  /** Starts pip: its version alone is told by one of which most is damaged. */
  async pip(): Promise<PipState> {
    const asked = await this.#run(["-m", "pip", "--version"], { shown: false });
    if (asked.returncode !== 0) return { works: false, error: reasonIn(asked) };
    const pip = parsePipVersion(asked.said);
    if (pip === undefined) return { works: false, error: notPip(asked.said) };
    const whole = await this.#run(["-c", pipWhole], { shown: false });
    if (whole.returncode !== 0) return { works: false, error: reasonIn(whole) };
    return { works: true, ...pip };
  }

  async attempt(method: Method, found: PipState): Promise<Attempt> {
    const ended = (outcome: Step["outcome"], detail: string): Attempt => ({
      step: { method, outcome, detail },
    });
    const skip = this.#reasonToSkip(method);
    if (skip !== undefined) return ended("skipped", skip);
    let ran: ProgramEnd;
    try {
      ran = await this.#install(method, found);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (finalKinds.has(error.kind) || finalCodes.has(error.code)) throw error;
      return ended("failed", error.message);
    }
    if (ran.returncode !== 0) return ended("failed", reasonIn(ran));
    const pip = await this.pip();
    if (pip.works) return { ...ended("done", `pip ${pip.version}`), pip };
    return ended("failed", `it ended well, but pip doesn't run: ${pip.error}`);
  }

  #reasonToSkip(method: Method): string | undefined {
    const { breakSystemPackages, upgrade } = this.#options;
    if (method === "ensurepip") {
      if (this.#options.method === "auto" && upgrade) {
        return `--upgrade asks for pip ${pinnedPip.version} or newer, which ensurepip may not have`;
      }
      if (this.#python.site.externally_managed !== null && breakSystemPackages) {
        return "it has no --break-system-packages";
      }
    }
    return undefined;
  }

  async #install(method: Method, found: PipState): Promise<ProgramEnd> {
    switch (method) {
      case "ensurepip":
        // It installs from its own wheels, without an index. --upgrade: what is broken is replaced
        // where its version differs.
        return this.#run(["-m", "ensurepip", "--upgrade"]);
      case "bundled":
        return this.#fromWheel(found);
      case "get-pip":
        return this.#getPip();
    }
  }

  async #fromWheel(found: PipState): Promise<ProgramEnd> {
    return withTemporaryFiles(this.#session, [carriedPip], async ([wheel = ""], dir) => {
      const install = (how: string) =>
        this.#run([
          ...["-c", pipInWheel, wheel, "install", how],
          ...["--no-index", "--find-links", dir, "--no-deps", "--no-cache-dir"],
          ...this.#breakFlag(),
          `pip==${pinnedPip.version}`,
        ]);
      const first = await install("--force-reinstall");
      if (first.returncode === 0) return first;
      const none = !found.works && absent.test(found.error);
      if (none && !unknownFiles.test(first.said)) return first;
      return this.#overRemains(install);
    });
  }

  /** Installs over a pip that can't be uninstalled, and removes what only looks like that pip. */
  async #overRemains(install: (how: string) => Promise<ProgramEnd>): Promise<ProgramEnd> {
    const installed = await install("--ignore-installed");
    if (installed.returncode !== 0) return installed;
    const cleared = await this.#run(["-c", pipRemains], { shown: false, changes: true });
    return cleared.returncode === 0 ? installed : cleared;
  }

  async #getPip(): Promise<ProgramEnd> {
    const script = await this.#options.getPip();
    const offline = this.#python.onlineAccess === false;
    const files = offline ? [script, carriedPip] : [script];
    return withTemporaryFiles(this.#session, files, async ([path = ""], dir) => {
      // It brings its own pip, and has that one get pip from an index.
      const source = offline ? ["--no-index", "--find-links", dir] : [];
      const flags = [...source, ...this.#onlyPip(), ...this.#breakFlag()];
      const install = (...how: string[]) =>
        this.#run([path, ...flags, ...how], { isolated: offline });
      const first = await install();
      return unknownFiles.test(first.said) ? this.#overRemains(install) : first;
    });
  }

  /** For older Pythons get-pip.py installs two more packages, which nobody asked for. */
  #onlyPip(): string[] {
    const [, minor = 0] = this.#python.version.split(".").map(Number);
    return minor < 12 ? ["--no-setuptools", "--no-wheel"] : [];
  }

  #breakFlag(): string[] {
    return this.#options.breakSystemPackages ? ["--break-system-packages"] : [];
  }

  /** Runs Blender's Python, without pip's configuration files unless it needs the network. */
  async #run(
    args: readonly string[],
    { isolated = true, shown = true, changes }: ProgramOptions = {},
  ): Promise<ProgramEnd> {
    const invocation = {
      // UTF-8, so that paths that aren't ASCII are printed as they are.
      command: [this.#python.executable, "-I", "-X", "utf8"],
      arguments: args,
      isolated,
      decided: decidedByInstall([]),
      ...(changes === undefined ? {} : { changes }),
    };
    const { observer } = this.#options;
    const { pip, output } = await followedPip(this.#session, invocation, {
      everything: true,
      output: async (bytes) => {
        if (shown) await observer.output(bytes);
      },
      note: (message) => observer.note(message),
    });
    return { returncode: pip.returncode, said: output.replaceAll("\r\n", "\n") };
  }
}

/** Why a program failed, in one line: pip's last error, or the last line at all. */
export function reasonIn({ returncode, said }: ProgramEnd): string {
  const lines = said.split("\n").map((line) => line.trim());
  const errors = lines.filter((line) => /^(?:ERROR: |× )/.test(line));
  const line = errors.at(-1) ?? lines.findLast((text) => text !== "");
  if (line === undefined) return `exit status ${returncode}`;
  // Python puts its own path before "No module named pip".
  return line.replace(/^(?:ERROR: |× )/, "").replace(/^.*python[\w.]*(?:\.exe)?: /i, "");
}
