import * as v from "valibot";
import { Failure } from "../../failure.ts";
import type { Script } from "../../script.ts";
import { snapshotPackages } from "../packages/packages.ts";
import { callScript } from "../script/call.ts";
import { masking } from "../script/modules.ts";
import { learnt, type Session } from "../wire/session.ts";
import interpreterSource from "./interpreter.py" with { type: "text" };
import probeSource from "./probe.py" with { type: "text" };

const probeScript: Script = { name: "probe.py", source: probeSource, modules: [masking] };

const strings = v.array(v.string());

function described<S extends v.GenericSchema>(schema: S, text: string) {
  return v.pipe(schema, v.description(text));
}

const blenderSchema = v.strictObject({
  version: described(v.string(), "as Blender writes it: 5.0.1, 4.5.0 LTS"),
  version_tuple: v.array(v.number()),
  binary: described(v.nullable(v.string()), "null for Blender as a Python module"),
  background: described(v.boolean(), "false where Blender has a window"),
});

const runningPythonEntries = {
  version: v.string(),
  implementation: described(v.string(), "sys.implementation.name: cpython"),
  sys_executable: described(
    v.nullable(v.string()),
    "what Blender reports; it may be a shim or another installation",
  ),
  python_args: described(
    v.nullable(strings),
    "bpy.app.python_args, null in a Blender that has none (3.x)",
  ),
  platform: described(v.string(), "sysconfig.get_platform()"),
  machine: v.string(),
  libc: v.nullable(v.strictObject({ name: v.string(), version: v.string() })),
  prefix: v.string(),
  base_prefix: v.string(),
};

const pythonSchema = v.strictObject({
  ...runningPythonEntries,
  executable: described(
    v.nullable(v.string()),
    "the interpreter that was started and found to be the one inside Blender",
  ),
  executable_error: described(v.nullable(v.string()), "why executable is null"),
  tags_source: described(
    v.nullable(v.picklist(["pip", "packaging", "ensurepip"])),
    "whose copy of the library packaging gave the tags",
  ),
  tags_error: described(v.nullable(v.string()), "why tags is null"),
});

const folderSchema = v.strictObject({
  path: v.string(),
  exists: v.boolean(),
  writable: described(
    v.boolean(),
    "a file was created there and removed again; where the folder doesn't exist, in the nearest one above that does",
  ),
  error: described(v.nullable(v.string()), "why it isn't writable"),
  on_path: described(v.boolean(), "on sys.path of the running Blender"),
});

/** A folder for packages, as `pkg info` reports it. */
export type PackageFolder = v.InferOutput<typeof folderSchema>;

const userModulesText =
  "scripts/addons/modules among Blender's user files: on its path at every start";

const siteFactsSchema = v.strictObject({
  packages: described(v.array(folderSchema), "the site-packages folders, purelib first"),
  purelib: described(v.string(), "where pip installs unless told otherwise"),
  user: v.strictObject({
    path: v.string(),
    exists: v.boolean(),
    enabled: described(v.boolean(), "whether Blender looks there"),
  }),
  user_modules: described(v.nullable(folderSchema), userModulesText),
  externally_managed: described(
    v.nullable(v.string()),
    "path of the marker file of PEP 668, null where pip may install",
  ),
});

const siteSchema = v.strictObject({
  ...siteFactsSchema.entries,
  user_modules: described(
    v.nullable(
      v.strictObject({
        ...folderSchema.entries,
        packages: described(
          v.array(v.strictObject({ name: v.string(), version: v.string() })),
          "what is installed there",
        ),
      }),
    ),
    userModulesText,
  ),
});

const pipFindingsSchema = v.strictObject({
  available: v.boolean(),
  version: v.nullable(v.string()),
  location: v.nullable(v.string()),
  command: described(v.nullable(strings), "the command line that runs it, without arguments"),
  error: described(v.nullable(v.string()), "why it isn't available"),
});

const pipSchema = v.strictObject({
  ...pipFindingsSchema.entries,
  ensurepip: described(
    v.nullable(v.boolean()),
    "whether Python's own ensurepip could install pip; null when nothing could be asked",
  ),
});

const networkFindingsSchema = v.strictObject({
  index_url: described(
    v.nullable(v.string()),
    "the package index that pip is set up to use, credentials masked",
  ),
  extra_index_urls: strings,
  find_links: strings,
  no_index: v.boolean(),
  probe: v.strictObject({
    tried: v.boolean(),
    reachable: described(v.nullable(v.boolean()), "null when it wasn't tried"),
    error: described(v.nullable(v.string()), "why it isn't reachable, or wasn't tried"),
  }),
});

const networkSchema = v.strictObject({
  online_access: described(
    v.nullable(v.boolean()),
    "Blender's preference; null in a Blender without it (before 4.2), which counts as allowed",
  ),
  ...networkFindingsSchema.entries,
});

const serviceSchema = v.strictObject({
  kind: described(
    v.picklist(["service", "plain"]),
    "service: blender-remote-cli's own; plain: another server that has execute_code",
  ),
  name: v.nullable(v.string()),
  version: v.nullable(v.string()),
  protocol: v.nullable(v.number()),
  capabilities: strings,
  pid: described(v.number(), "Blender's process"),
  host: v.string(),
  port: v.number(),
});

/** What `pkg info --json` prints; docs/pkg-info.schema.json is made of it. */
export const environmentSchema = v.pipe(
  v.strictObject({
    blender: blenderSchema,
    python: pythonSchema,
    site: siteSchema,
    pip: pipSchema,
    network: networkSchema,
    suggested_pip_download: described(
      v.nullable(v.string()),
      "downloads wheels for this Python on another machine; null where tags is",
    ),
    tags: described(
      v.nullable(strings),
      "the wheel tags (PEP 425) that this Python takes, best first; null where nothing there can tell (python.tags_error)",
    ),
    service: serviceSchema,
  }),
  v.title("blender-remote-cli pkg info --json"),
);

/** What `pkg info` knows of a running Blender. */
export type Environment = v.InferOutput<typeof environmentSchema>;

const findingsSchema = v.strictObject({
  executable: v.nullable(v.string()),
  executable_error: v.nullable(v.string()),
  pip: v.nullable(pipFindingsSchema),
  wheels: v.nullable(
    v.strictObject({
      tags: v.nullable(strings),
      source: pythonSchema.entries.tags_source,
      error: v.nullable(v.string()),
      ensurepip: v.boolean(),
    }),
  ),
  network: v.nullable(networkFindingsSchema),
});

const jobSchema = v.object({
  done: v.boolean(),
  findings: v.nullable(findingsSchema),
  error: v.nullable(v.string()),
});

const startedSchema = v.object({
  facts: v.strictObject({
    blender: blenderSchema,
    python: v.strictObject(runningPythonEntries),
    site: siteFactsSchema,
    online_access: v.nullable(v.boolean()),
    pid: v.number(),
  }),
  job: v.string(),
  ...jobSchema.entries,
});

type Facts = v.InferOutput<typeof startedSchema>["facts"];
type Findings = v.InferOutput<typeof findingsSchema>;

/** How long the first call may keep Blender's main thread for what needs other processes. */
const waitSeconds = 0.1;

/** Time between two looks at the probe's thread, in milliseconds. */
const pollInterval = 60;

async function probe(
  session: Session,
  parts: readonly ("pip" | "wheels" | "network")[],
  networkProbe: boolean,
): Promise<{ facts: Facts; findings: Findings }> {
  const started = await callScript(
    session,
    probeScript,
    { interpreter: interpreterSource, parts, network_probe: networkProbe, wait: waitSeconds },
    startedSchema,
  );
  let state: v.InferOutput<typeof jobSchema> = started;
  while (!state.done) {
    await Bun.sleep(pollInterval);
    state = await callScript(session, probeScript, { job: started.job }, jobSchema);
  }
  if (state.findings === null) {
    throw new Failure("probe-failed", "Blender's Python couldn't be looked at", {
      hint: "this is a defect of blender-remote-cli: run the command again with --verbose and report it",
      cause: new Error(state.error ?? "no findings"),
    });
  }
  return { facts: started.facts, findings: state.findings };
}

async function siteOf(
  session: Session,
  { user_modules: folder, ...site }: Facts["site"],
): Promise<Environment["site"]> {
  if (folder === null) return { ...site, user_modules: null };
  const packages = (await snapshotPackages(session))
    .filter(({ source, location }) => source === "user-modules" && location === folder.path)
    .map(({ name, version }) => ({ name, version }));
  return { ...site, user_modules: { ...folder, packages } };
}

/**
 * Finds out about a running Blender all that `pkg info` reports. No call in it keeps Blender's
 * main thread for longer than a fraction of a second.
 *
 * @param options.networkProbe whether to ask the package index, where Blender allows online access.
 * @throws Failure as `callScript`; `probe-failed`.
 */
export async function environmentOf(
  session: Session,
  options: { networkProbe: boolean },
): Promise<Environment> {
  const { facts, findings } = await probe(
    session,
    ["pip", "wheels", "network"],
    options.networkProbe,
  );
  const none = "Blender's Python interpreter wasn't found";
  const python = {
    ...facts.python,
    executable: findings.executable,
    executable_error: findings.executable_error,
    tags_source: findings.wheels?.source ?? null,
    tags_error: findings.wheels === null ? none : findings.wheels.error,
  };
  const tags = findings.wheels?.tags ?? null;
  const { server, endpoint } = session;
  const hello = server.kind === "service" ? server.hello : undefined;
  return {
    blender: facts.blender,
    python,
    site: await siteOf(session, facts.site),
    pip: {
      ...(findings.pip ?? {
        available: false,
        version: null,
        location: null,
        command: null,
        error: none,
      }),
      ensurepip: findings.wheels?.ensurepip ?? null,
    },
    network: {
      online_access: facts.online_access,
      ...(findings.network ?? {
        index_url: null,
        extra_index_urls: [],
        find_links: [],
        no_index: false,
        probe: { tried: false, reachable: null, error: none },
      }),
    },
    suggested_pip_download: tags === null ? null : pipDownloadLine(python.version, tags),
    tags,
    service: {
      kind: server.kind,
      name: hello?.server ?? null,
      version: hello?.service_version ?? null,
      protocol: hello?.protocol ?? null,
      capabilities: hello?.capabilities ?? [],
      pid: facts.pid,
      host: endpoint.host,
      port: endpoint.port,
    },
  };
}

/** The wheel tags (PEP 425) that a Python takes, best first; or why they aren't known. */
export type KnownTags =
  | { tags: readonly string[]; unknown: null }
  | { tags: null; unknown: string };

/** Asks a running Blender's Python for its wheel tags, and for nothing else; once a session. */
export const knownTagsOf = learnt(async (session): Promise<KnownTags> => {
  const { findings } = await probe(session, ["wheels"], false);
  const tags = findings.wheels?.tags ?? null;
  if (tags !== null) return { tags, unknown: null };
  const none = noInterpreter(findings.executable_error).message;
  return { tags, unknown: findings.wheels?.error ?? none };
});

/** The part of the environment that running pip needs, with the interpreter known to be there. */
export interface PythonThere {
  /** The interpreter that belongs to Blender. */
  executable: string;
  /** Runs pip with the user site and PYTHON* switched off. */
  pip: readonly string[];
  version: string;
  prefix: string;
  site: Facts["site"];
  /** Blender's preference; null (a Blender without it) counts as allowed. */
  onlineAccess: boolean | null;
}

/**
 * Finds the interpreter that belongs to a running Blender, and where it keeps packages: quicker
 * than `environmentOf`, usually one call, and once a session. Whether pip is there isn't looked at.
 *
 * @throws Failure `no-interpreter`, and as `environmentOf`.
 */
export const pythonOf = learnt(async (session): Promise<PythonThere> => {
  const { facts, findings } = await probe(session, [], false);
  const { executable } = findings;
  if (executable === null) {
    const { message, hint } = noInterpreter(findings.executable_error);
    throw new Failure("no-interpreter", message, { hint });
  }
  return {
    executable,
    pip: [executable, "-I", "-m", "pip"],
    version: facts.python.version,
    prefix: facts.python.prefix,
    site: facts.site,
    onlineAccess: facts.online_access,
  };
});

/**
 * The `pip download` line that gets wheels for a target with these tags. pip has to be told each
 * platform, since it doesn't know that a newer manylinux takes older ones' wheels (PEP 600); of
 * macOS versions the newest suffices, pip derives the older ones.
 *
 * @returns null for tags that aren't of a CPython.
 */
export function pipDownloadLine(pythonVersion: string, tags: readonly string[]): string | null {
  const [interpreter, abi] = tags[0]?.split("-") ?? [];
  if (abi === undefined || !interpreter?.startsWith("cp")) return null;
  const all = new Set(tags.map((tag) => tag.split("-")[2] ?? "any"));
  const listed = [...all].filter((platform) => platform !== "any");
  const platforms = listed[0]?.startsWith("macosx_") ? listed.slice(0, 1) : listed;
  return [
    "pip download --only-binary=:all:",
    `--python-version ${pythonVersion.split(".").slice(0, 2).join(".")}`,
    `--implementation cp --abi ${abi} --abi abi3 --abi none`,
    ...platforms.map((platform) => `--platform ${platform}`),
    "-d wheelhouse PACKAGE",
  ].join(" ");
}

/** Something that keeps packages from being installed there, and the way on. */
export interface Problem {
  code: string;
  message: string;
  hint: string;
}

function noInterpreter(reason: string | null): Problem {
  return {
    code: "no-interpreter",
    message: `no Python interpreter that belongs to Blender was found (${reason ?? "no reason given"})`,
    hint: "builds from blender.org bring one; with a distribution's Blender, install the python3 package of the same version",
  };
}

/** Why packages can't go into site-packages: what any of us finds who wants to put some there. */
export interface ClosedSite {
  code: "externally-managed" | "site-not-writable";
  message: string;
}

/**
 * Finds out whether packages can go into site-packages.
 *
 * @param breakSystemPackages also into a Python that the system manages (PEP 668).
 * @returns undefined where they can.
 */
export function closedSite(
  site: Pick<Environment["site"], "packages" | "purelib" | "externally_managed">,
  breakSystemPackages = false,
): ClosedSite | undefined {
  if (site.externally_managed !== null && !breakSystemPackages) {
    return {
      code: "externally-managed",
      message: `the system manages Blender's Python, pip refuses to install into it (${site.externally_managed})`,
    };
  }
  const folder = site.packages.find(({ path }) => path === site.purelib);
  if (folder === undefined || folder.writable) return undefined;
  return {
    code: "site-not-writable",
    message: `pip can't install into ${folder.path}: ${folder.error}`,
  };
}

/** Why packages can't go into Blender's user modules folder, where it can't be written to. */
export function userModulesProblem(folder: PackageFolder | null): Problem {
  return {
    code: "user-modules-not-writable",
    message:
      folder === null
        ? "this Blender has no user modules folder"
        : `Blender's user modules folder '${folder.path}' can't be written to: ${folder.error}`,
    hint: "start Blender with BLENDER_USER_SCRIPTS in its environment, which names a folder that its user may write to",
  };
}

/** The way around a closed site-packages. */
function aroundSite({ user_modules: folder }: Environment["site"]): string {
  if (folder?.writable !== true) return userModulesProblem(folder).hint;
  return "install into Blender's user folder: blender-remote-cli pkg install PACKAGE --target user-modules";
}

function pipProblem({ pip }: Environment): Problem {
  return {
    code: "no-pip",
    message: `pip doesn't run there: ${pip.error}`,
    hint: "blender-remote-cli pkg bootstrap",
  };
}

/** What stands in the way of installing packages, the most fundamental first. */
export function problemsOf(environment: Environment): Problem[] {
  const { python, site, pip, network } = environment;
  if (python.executable === null) return [noInterpreter(python.executable_error)];
  const problems: Problem[] = [];
  if (!pip.available) problems.push(pipProblem(environment));
  const closed = closedSite(site);
  if (closed !== undefined) {
    problems.push({ ...closed, hint: aroundSite(site) });
    const folder = site.user_modules;
    if (folder?.writable !== true) problems.push(userModulesProblem(folder));
  }
  if (python.tags_error !== null) {
    problems.push({
      code: "tags-unknown",
      message: `which wheels fit isn't known: ${python.tags_error}`,
      hint: "once pip is there (blender-remote-cli pkg bootstrap), blender-remote-cli pkg info tells",
    });
  }
  if (network.probe.reachable === false) {
    problems.push({
      code: "index-unreachable",
      message: `the package index ${network.index_url} isn't reachable from there: ${network.probe.error}`,
      hint: "bring wheels: blender-remote-cli pkg push WHEELS --remote-wheelhouse DIR, then pkg install PACKAGE --remote-wheelhouse DIR",
    });
  }
  return problems;
}
