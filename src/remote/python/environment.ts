// All that `pkg info` reports of a running Blender.

import { type Pin, pinsOf } from "../packages/pins.ts";
import { lookAtPackages } from "../packages/snapshot.ts";
import type { Session } from "../wire/session.ts";
import type { Environment } from "./environment-schema.ts";
import { pipDownloadLine } from "./pip-download.ts";
import { notPip, parsePipVersion } from "./pip-version.ts";
import { askingWords, type ProbeFacts, type ProbeFindings, probe } from "./probe.ts";

async function siteOf(
  session: Session,
  { user_modules: folder, ...site }: ProbeFacts["site"],
): Promise<{ site: Environment["site"]; pins: Pin[]; markers: Environment["markers"] }> {
  const snapshot = await lookAtPackages(session);
  const { packages, broken } = snapshot;
  const own = packages
    .filter(({ source, location }) => source === "user-modules" && location === folder?.path)
    .map(({ name, version }) => ({ name, version }));
  return {
    site: { ...site, user_modules: folder && { ...folder, packages: own }, broken },
    pins: pinsOf(snapshot),
    markers: { ...snapshot.environment },
  };
}

const noInterpreter = "Blender's Python interpreter wasn't found";

type PipFacts = Omit<Environment["pip"], "ensurepip">;

function pipFacts(found: ProbeFindings["pip"]): PipFacts {
  const none = { available: false, version: null, location: null, command: null };
  if (found === null) return { ...none, error: noInterpreter };
  const { said, command, error } = found;
  if (said === null) return { ...none, error };
  const pip = parsePipVersion(said);
  if (pip === undefined) return { ...none, error: notPip(said) };
  return { available: true, ...pip, command, error: null };
}

const noNetwork = {
  index_url: null,
  extra_index_urls: [],
  find_links: [],
  no_index: false,
  probe: { tried: false, reachable: null, error: noInterpreter },
};

function pythonFacts(facts: ProbeFacts, findings: ProbeFindings): Environment["python"] {
  return {
    ...facts.python,
    executable: findings.executable,
    executable_error: findings.executable_error,
    tags_source: findings.wheels?.source ?? null,
    tags_error: findings.wheels === null ? noInterpreter : findings.wheels.error,
  };
}

function serviceFacts({ server, endpoint }: Session, pid: number): Environment["service"] {
  const hello = server.kind === "service" ? server.hello : undefined;
  return {
    kind: server.kind,
    name: hello?.server ?? null,
    version: hello?.service_version ?? null,
    protocol: hello?.protocol ?? null,
    capabilities: hello?.capabilities ?? [],
    pid,
    host: endpoint.host,
    port: endpoint.port,
  };
}

/**
 * Finds out about a running Blender all that `pkg info` reports. No call in it keeps Blender's
 * main thread for longer than a fraction of a second.
 *
 * @param options.networkProbe whether to ask the package index, where Blender allows online access.
 * @throws Failure as `callScript`; `probe-failed`.
 */
export function environmentOf(
  session: Session,
  options: { networkProbe: boolean },
): Promise<Environment> {
  // As a whole: each part alone may be too short for a word.
  return session.waits.during(askingWords(options.networkProbe), look(session, options));
}

async function look(session: Session, options: { networkProbe: boolean }): Promise<Environment> {
  const { facts, findings: rest } = await probe(session, {
    parts: ["pip", "wheels"],
    networkProbe: options.networkProbe,
  });
  // While pip is imported there.
  const { site, pins, markers } = await siteOf(session, facts.site);
  const findings = await rest();
  const python = pythonFacts(facts, findings);
  const tags = findings.wheels?.tags ?? null;
  return {
    blender: facts.blender,
    python,
    site,
    pip: {
      ...pipFacts(findings.pip),
      ensurepip: findings.wheels?.ensurepip ?? null,
    },
    network: { online_access: facts.online_access, ...(findings.network ?? noNetwork) },
    suggested_pip_download: tags === null ? null : pipDownloadLine(python.version, tags, pins),
    tags,
    markers,
    bundled: Object.fromEntries(
      pins.flatMap(({ name, version }) => (version === null ? [] : [[name, version] as const])),
    ),
    service: serviceFacts(session, facts.pid),
  };
}
