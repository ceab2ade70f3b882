// Explains why pip failed, from what it wrote.

import { again, ours, type Text, text } from "../../text.ts";
import { isPrereleaseVersion } from "../../wheels/specifier.ts";
import { importErrorIn } from "./broken-pip.ts";
import { conflictIn } from "./conflict.ts";
import { damage } from "./damaged.ts";
import { fullDisk, fullDiskIn } from "./full-disk.ts";

/** A known cause of a failed pip, in the user's terms. */
export interface PipDiagnosis {
  /** Stable, kebab-case. */
  code: string;
  message: string;
  hint: Text;
}

/** What the hint of a cause may depend on. */
export interface DiagnosisContext {
  /** The remote wheelhouse that pip was given; undefined online. */
  wheelhouse: string | undefined;
  /** The constraints that keep what Blender brings, a line each. */
  pins?: string | undefined;
  /** The run's folder for temporary files on Blender's machine. */
  temporary?: string | undefined;
  /** Whether pip was given a target folder. */
  staged?: boolean | undefined;
  /** Names of wheels that pip may have stumbled over. */
  damaged?: readonly string[] | undefined;
}

interface Cause {
  code: string;
  /** Found in what pip wrote; its first group, where there is one, goes into the message. */
  pattern: RegExp;
  message: (detail: string, match: RegExpExecArray, context: DiagnosisContext) => string;
  hint: (context: DiagnosisContext, match: RegExpExecArray) => Text;
}

const pushWheels = ours("pkg push", "WHEELS", "--remote-wheelhouse", "DIR");
const packageInfo = ours("pkg info");

const pushHint = ({ wheelhouse }: DiagnosisContext) =>
  wheelhouse === undefined
    ? text`check --index-url and --proxy, or what pip is set up to use in Blender ('${packageInfo}'); without a network bring wheels: ${pushWheels}, then ${ours("pkg install", "PACKAGE", "--remote-wheelhouse", "DIR")}`
    : text`'${ours("pkg download", "PACKAGE")}' gets wheels that fit, with all that they need; push them, then install again`;

const damagedHint = text`get it again ('${ours("pkg download", "PACKAGE")}'), then push it: ${pushWheels}`;

/** The way on where the disk with temporary files is full. */
export const temporaryHint =
  "free some space there, or start Blender with TMPDIR naming a folder on a disk that has some";

/** Who manages a package without a list of its files, where pip tells. */
function packagerIn(output: string): string | undefined {
  return /The package was installed by (\S+?)\./.exec(output)?.[1];
}

/** pip without a network or with it, as for the command that failed. */
function overInstalled(spec: string, { wheelhouse }: DiagnosisContext) {
  const source = wheelhouse === undefined ? [] : ["--no-index", "--find-links", wheelhouse];
  return ours("pkg pip", "--", "install", "--ignore-installed", "--no-deps", ...source, spec);
}

/** What couldn't be read, as far as it's known. */
function damagedText({ damaged = [] }: DiagnosisContext, output: string): string {
  const member = /Bad CRC-32 for file '([^']+)'/.exec(output)?.[1];
  const inIt = member === undefined ? "" : ` (${member} in it has another checksum than it should)`;
  const [only] = damaged;
  const named = /([^\s'\\/]+\.whl)'? is invalid/.exec(output)?.[1] ?? only;
  if (damaged.length > 1) return `one of these wheels is corrupt: ${damaged.join(", ")}${inIt}`;
  return `${named ?? "a wheel"} is corrupt${inIt}`;
}

/**
 * The causes, the most telling first: pip often ends with a general sentence behind a particular
 * one. The texts are those of pip 21 to 26.
 */
const causes: readonly Cause[] = [
  {
    code: "no-space",
    pattern: fullDisk,
    message: (_, { input }, context) => fullDiskIn(input, context).message,
    hint: (context, { input }) =>
      fullDiskIn(input, context).isTemporary
        ? temporaryHint
        : text`free some space on it; '${ours("pkg purge-cache")}' empties a wheelhouse`,
  },
  {
    code: "hash-mismatch",
    pattern: /THESE PACKAGES DO NOT MATCH THE HASHES(?:[^\n]*\n\s+(\S+) )?|Hash(?:es)? mismatch/i,
    message: (name) => `${name || "a package"} has another hash than the one that was asked for`,
    hint: () => "the file was changed or cut off: get it again, or correct the hash",
  },
  {
    code: "hash-missing",
    pattern:
      /Hashes are required in --require-hashes mode[^\n]*\n\s+(\S+)|--require-hashes mode, all requirements must have their versions pinned[^\n]*\n\s+(\S+)/,
    message: (name) =>
      `with hashes everything needs a version with == and a hash: ${name.replace(/==.*/, "")} lacks them`,
    hint: () =>
      text`add it to the file ('pip-compile --generate-hashes' writes one with all that is needed); where no file asks for hashes, Blender's machine does: '${packageInfo}', PIP_REQUIRE_HASHES`,
  },
  {
    code: "in-use",
    pattern: /\[WinError 32\][^\n]*?'([^']+)'|\[WinError 5\][^\n]*?'([^']+\.(?:pyd|dll|exe))'/i,
    message: (file) => `Windows doesn't let go of ${file} while a program has it loaded`,
    hint: () =>
      text`save what is open in Blender, '${ours("stop")}', start it again, and run '${again()}' once more; or run '${ours("pkg bootstrap", "--upgrade")}' first: pip 24.0 and newer go on there`,
  },
  {
    code: "permission",
    pattern:
      /(?:\[Errno (?:13|1|30)\]|\[WinError 5\]) [^\n]*?'([^']+)'|Permission denied: '([^']+)'/i,
    message: (path) => `Blender's user may not write to ${path || "the target folder"}`,
    hint: () => "install into Blender's user folder: --target user-modules",
  },
  {
    code: "externally-managed",
    pattern: /externally-managed-environment/,
    message: () => "the system manages Blender's Python, pip refuses to install into it",
    hint: () => "install into Blender's user folder: --target user-modules",
  },
  {
    code: "certificate",
    pattern: /CERTIFICATE_VERIFY_FAILED|SSLCertVerificationError|certificate verify failed/i,
    message: () => "the package index shows a certificate that Blender's Python doesn't trust",
    hint: () => "give your certificate authority's file on Blender's machine: --cert FILE",
  },
  {
    code: "proxy",
    pattern: /ProxyError|Cannot connect to proxy|Tunnel connection failed/i,
    message: () => "the proxy can't be reached, or refuses",
    hint: () =>
      "give the right one: --proxy http://HOST:PORT (or HTTPS_PROXY in Blender's environment)",
  },
  {
    code: "no-network",
    pattern:
      /NewConnectionError|Name or service not known|Temporary failure in name resolution|getaddrinfo failed|Network is unreachable|ConnectTimeoutError|Connection refused|Failed to establish a new connection/i,
    message: () => "the package index can't be reached from Blender's machine",
    hint: pushHint,
  },
  {
    code: "resolution-impossible",
    pattern: /ResolutionImpossible|conflicting dependencies/i,
    message: (_, { input }, { pins }) => {
      const { wishes } = conflictIn(input, pins);
      if (wishes.length > 0) return `no versions go together: ${wishes.join("; ")}`;
      return "the requested versions contradict each other or what they depend on";
    },
    hint: ({ pins }, { input }) =>
      conflictIn(input, pins).kept
        ? text`ask for a version that goes with what Blender brings, or allow to replace that: '${again("--replace-bundled")}'`
        : "ask for other versions, or for fewer packages at once",
  },
  {
    code: "uninstall-no-record-file",
    pattern:
      /Cannot uninstall (?<name>[\w.-]+) (?<version>[^\s,]+)(?:, RECORD file not found|[\s\S]*?no RECORD file was found)/,
    message: (_, { input, groups = {} }) => {
      const packager = packagerIn(input);
      const owner = packager === undefined ? "" : `; ${packager} has installed it`;
      return `pip can't remove ${groups["name"]} ${groups["version"]}, because the list of its files (RECORD) is missing${owner}`;
    },
    hint: (context, { input, groups = {} }) => {
      const packager = packagerIn(input);
      if (packager !== undefined)
        return text`change it with the system's own package manager (${packager}), or ask for what goes with this version ('${ours("pkg list")}')`;
      const spec = `${groups["name"]}==${groups["version"]}`;
      return text`write the list again by installing the same over it, '${overInstalled(spec, context)}', and then '${again()}'`;
    },
  },
  {
    code: "uninstall-distutils-installed-package",
    pattern: /Cannot uninstall '?(?<name>[\w.-]+)'?[\s\S]{0,80}It is a distutils installed project/,
    message: (_, { groups = {} }) =>
      `pip can't remove ${groups["name"]}, because it was installed without a list of its files`,
    hint: () =>
      text`change it with what installed it (often the system's package manager), or ask for what goes with this version ('${ours("pkg list")}')`,
  },
  {
    code: "build-failed",
    pattern: /metadata-generation-failed|subprocess-exited-with-error/,
    message: (_, { input }) => {
      const named = /(?:[Ff]ailed to build|building wheels? for|build wheels? for) '?([^\s',]+)/;
      const name = named.exec(input)?.[1] ?? "a package";
      return `no wheel of ${name} fits this Python, and building it from its source failed`;
    },
    hint: () =>
      text`ask for a version that has a wheel for this Python, or build a wheel elsewhere: '${ours("pkg push")}' brings it there`,
  },
  {
    code: "untrusted-host",
    pattern: /The repository located at (\S+) is not a trusted or secure host and is being ignored/,
    message: (host) =>
      `pip didn't ask the package index at ${host}: its address is http, and the host isn't trusted`,
    hint: (_, [, host = ""]) => text`give its https address, or trust it: --trusted-host ${host}`,
  },
  {
    code: "no-matching-distribution",
    // Which versions the index has stands in the sentence before, which not every pip writes.
    pattern:
      /(?:satisfies the requirement [^\n(]+?(?: \(from (?<by>[^)\n]+)\))? \(from versions: (?<versions>[^)\n]*)\)\s+(?:ERROR: )?)?No matching distribution found for (?<spec>[^\s]+)/,
    message: (_, { groups = {} }, { wheelhouse }) => {
      const { spec = "", by } = groups;
      const what = by === undefined ? spec : `${spec}, which ${by} needs,`;
      const newest = newestOf(groups["versions"]);
      if (newest.length > 0) return `no version fits ${what}; the newest are ${newest.join(", ")}`;
      if (wheelhouse !== undefined) return `nothing that fits ${what} is in the wheelhouse`;
      return `the package index has nothing of the name ${what} for this Python`;
    },
    hint: (context, { groups = {} }) => {
      if (context.wheelhouse !== undefined) return pushHint(context);
      if (newestOf(groups["versions"]).length > 0) return "ask for one of these";
      const { spec = "" } = groups;
      if (/\.(txt|in)$/.test(spec)) return text`a file of requirements is given so: -r ${spec}`;
      return text`check the spelling, and the index that pip uses in Blender ('${packageInfo}'; --index-url names another)`;
    },
  },
  {
    code: "bad-wheel",
    pattern: damage,
    message: (_, { input }, context) => damagedText(context, input),
    hint: () => damagedHint,
  },
  {
    code: "bad-pip-config",
    // Its name stands in Python's quotes, with a line behind it; alone where it isn't text.
    pattern:
      /Configuration file (?:could not be loaded|contains invalid)[\s\S]*?(?:(?:from|errors:|file:) '(?<quoted>[^'\n]+)'|characters in (?<plain>[^\n]+?)\.\r?$)(?:[\s\S]{0,4}?line:? +(?<line>\d+))?/m,
    message: (_, { groups = {} }) => {
      const file = groups["plain"] ?? groups["quoted"]?.replaceAll("\\\\", "\\");
      const line = groups["line"] === undefined ? "" : `, line ${groups["line"]}`;
      return `pip's configuration file on Blender's machine can't be read: ${file}${line}`;
    },
    hint: () => "mend or move it; pip's own words stand above",
  },
  {
    code: "no-pip",
    pattern: /No module named '?pip'?(?:\.|\b)/,
    message: () => "pip is missing or broken",
    hint: () => ours("pkg bootstrap"),
  },
  {
    code: "no-input",
    pattern: /No input was expected \(\$PIP_NO_INPUT set\)/,
    message: () => "pip asks something, and nobody can answer it in Blender",
    hint: () => text`give -y: ${ours("pkg pip", "--", "uninstall", "-y", "NAME")}`,
  },
  {
    code: "old-pip",
    pattern: /no such option: (--\S+)/,
    message: (option) => `Blender's pip is too old, it doesn't know ${option}`,
    hint: () => ours("pkg bootstrap", "--upgrade"),
  },
];

/**
 * The newest of the versions that pip lists, oldest first; none for `none`. Pre-releases, which pip
 * takes only when told to, where there is nothing else.
 */
function newestOf(versions: string | undefined): string[] {
  if (versions === undefined || versions === "none") return [];
  const all = versions.split(", ").filter(Boolean).reverse();
  const final = all.filter((version) => !isPrereleaseVersion(version));
  return (final.length > 0 ? final : all).slice(0, 3);
}

/** Where a requirement stands in a file: causes are told without it. */
const inFile = / \(from -[rc] [^\n]*?\(line \d+\)\)|->-[rc] [^\n]*?\(line \d+\)/g;

/**
 * Reads what a failed pip wrote for the causes that are known.
 *
 * @param output the end of pip's stdout and stderr, as text.
 * @returns undefined where none is.
 */
export function diagnosePip(output: string, context: DiagnosisContext): PipDiagnosis | undefined {
  const broken = importErrorIn(output);
  if (broken !== undefined) {
    const message = `pip in Blender's Python is broken: ${broken}`;
    return { code: "broken-pip", message, hint: ours("pkg bootstrap") };
  }
  const said = output.replace(inFile, "");
  for (const { code, pattern, message, hint } of causes) {
    const match = pattern.exec(said);
    if (match !== null) {
      // Python's errors double the backslashes of a path.
      const found = match.slice(1).find((group) => group !== undefined) ?? "";
      const detail = found.replaceAll("\\\\", "\\");
      return { code, message: message(detail, match, context), hint: hint(context, match) };
    }
  }
  return undefined;
}
