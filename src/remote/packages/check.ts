// What is wrong with the packages on Blender's path: missing, conflicting, half installed, shadowed.

import * as v from "valibot";
import { ours, type Text, text } from "../../text.ts";
import { countSchema } from "../numbers.ts";
import { callScript } from "../script/call.ts";
import type { Session } from "../wire/session.ts";
import { type BrokenPackage, brokenLines } from "./broken.ts";
import { type MetNeed, needsAmong, needText, unmetText } from "./dependencies.ts";
import { insteadEntries, insteadText, restartHint } from "./imports.ts";
import { isInSite, keyOf, type Package } from "./package.ts";
import { goneNow, replacedNow } from "./replacements.ts";
import { packagesScript } from "./script.ts";
import { lookAtPackages, type PackageSnapshot } from "./snapshot.ts";

const checkedSchema = v.array(
  v.object({
    name: v.string(),
    version: v.string(),
    location: v.string(),
    missing: countSchema,
    first: v.nullable(v.string()),
    importable: v.nullable(
      v.object({
        found: v.boolean(),
        ...insteadEntries,
        start_file: v.nullable(v.string()),
      }),
    ),
  }),
);

type CheckedPackage = v.InferOutput<typeof checkedSchema>[number];

/** Something that is wrong with a package, and what to type. */
export interface PackageFault {
  code:
    | "broken"
    | "missing"
    | "conflict"
    | "replaced"
    | "gone"
    | "half-installed"
    | "shadowed"
    | "hidden"
    | "restart";
  /** PEP 503 form; empty where it is nobody's. */
  name: string;
  message: string;
  hint: Text;
}

/** What `pkg check` has found. */
export interface PackageCheck {
  /** How many copies were looked at. */
  packages: number;
  faults: PackageFault[];
}

/** What a command is given so that it goes where a package lies. */
export function targetFlags(source: Package["source"] | undefined): string[] {
  return source === "user-modules" ? ["--target", "user-modules"] : [];
}

/** What installs a package again in its place. */
function again(name: string, version: string, source: Package["source"] | undefined): Text {
  if (source === "system") return `the system's package manager installs ${name} again`;
  if (source === "extension") return `an extension brought ${name}: install that one again`;
  if (source === "add-on") return `an add-on brought ${name}: install that one again`;
  const spec = `${name}==${version}`;
  return text`install it again: ${ours("pkg install", spec, "--force-reinstall", ...targetFlags(source))}`;
}

function needFault(need: MetNeed): PackageFault {
  const { by, found, name } = need;
  const install = ours("pkg install", needText(need), ...targetFlags(by.source));
  return {
    code: found === undefined ? "missing" : "conflict",
    name: by.name,
    message: `${by.name} ${by.version} ${unmetText(need)}`,
    hint: text`${install}; '${ours("pkg why", name)}' says who else needs it`,
  };
}

/** What others need, but for what Blender shipped with what is gone: that says the same. */
function needFaults(snapshot: PackageSnapshot): PackageFault[] {
  const gone = new Set(goneNow(snapshot).map(({ name }) => name));
  // What a packager leaves out, his packages can do without.
  const isLeftOut = ({ by, found }: MetNeed) => by.source === "system" && found === undefined;
  return needsAmong(snapshot)
    .filter(({ isMet, by, name }) => !isMet && !(by.source === "bundled" && gone.has(name)))
    .filter((need) => !isLeftOut(need))
    .map(needFault);
}

function goneFaults(snapshot: PackageSnapshot): PackageFault[] {
  return goneNow(snapshot).map(({ name, message, install }) => ({
    code: "gone",
    name,
    message: `${message}: Blender's own modules may break`,
    hint: text`bring it back: ${install}`,
  }));
}

function replacedFaults(snapshot: PackageSnapshot): PackageFault[] {
  return replacedNow(snapshot).map(({ name, version, shipped, bySystem }) => {
    const spec = /^\d/.test(shipped) ? `${name}==${shipped}` : `${name}${shipped}`;
    const who = bySystem ? "the system brought" : "Blender shipped";
    return {
      code: "replaced",
      name,
      message: `${name} ${version} is in the place of what ${who}: ${shipped}; what uses that may break`,
      hint: text`where something does: ${ours("pkg install", spec)}`,
    };
  });
}

function shadowFaults({ packages }: PackageSnapshot): PackageFault[] {
  return packages
    .filter(({ wins }) => !wins)
    .flatMap((one): PackageFault[] => {
      const winner = packages.find(({ name, wins }) => wins && name === one.name);
      // Copies of one version do no harm; two in one folder are broken metadata.
      if (winner === undefined || winner.version === one.version) return [];
      if (winner.location === one.location) return [];
      const mine = one.source === "site" || one.source === "user-modules";
      const removal = ours("pkg uninstall", one.name, "--target", one.source);
      return [
        {
          code: "shadowed",
          name: one.name,
          message: `${one.name} ${one.version} in ${one.location} is never imported: ${winner.version} in ${winner.location} comes first`,
          hint: mine
            ? text`remove the one that isn't wanted: ${removal}`
            : removalElsewhere(winner),
        },
      ];
    });
}

function removalElsewhere({ name, source }: Package): Text {
  if (source === "site" || source === "user-modules") {
    return text`where the other one is wanted: ${ours("pkg uninstall", name, "--target", source)}`;
  }
  return text`'${ours("pkg list")}' shows every copy`;
}

function restartFaults({ packages }: PackageSnapshot): PackageFault[] {
  return packages
    .filter(({ restart }) => restart)
    .map(({ name, version, loaded_version: loaded }) => ({
      code: "restart",
      name,
      message: `Blender has loaded ${loaded !== null && loaded !== version ? `${name} ${loaded}` : `another copy of ${name}`}, and ${version} is what it finds`,
      hint: restartHint,
    }));
}

function fileFaults(one: CheckedPackage, source: Package["source"] | undefined): PackageFault[] {
  const { name, version, location, missing, first, importable } = one;
  const faults: PackageFault[] = [];
  // The system's packagers leave files out that RECORD lists.
  if (missing > 0 && source !== "system") {
    const more = missing === 1 ? "" : ` and ${missing - 1} more`;
    faults.push({
      code: "half-installed",
      name,
      message: `${name} ${version} in ${location} lacks ${first}${more}`,
      hint: again(name, version, source),
    });
  }
  if (importable === null || importable.found || missing > 0) return faults;
  const { instead, whose } = importable;
  if (instead !== null) {
    // Backports for older Pythons are made for that.
    if (whose === "python") return faults;
    faults.push({
      code: "hidden",
      name,
      message: `an import of ${name} gets ${insteadText(instead, whose)} instead of ${version} in ${location}`,
      hint:
        whose === "blender"
          ? text`nothing can import it: ${ours("pkg uninstall", name, ...targetFlags(source))}`
          : "move that file away on Blender's machine",
    });
  } else if (importable.start_file !== null) {
    const inSite = source !== undefined && isInSite({ source });
    faults.push({
      code: inSite ? "restart" : "hidden",
      name,
      message: inSite
        ? `${name} ${version} is found through ${importable.start_file}, which Python reads when it starts`
        : `${name} ${version} is found through ${importable.start_file}, which Python reads in site-packages only, not in ${location}`,
      hint: inSite
        ? restartHint
        : text`${ours("pkg uninstall", name)}, then ${ours("pkg install", name, "--target", "site")}`,
    });
  }
  return faults;
}

/**
 * Looks at every package in every folder on Blender's path. Nothing is imported, and nothing changed.
 *
 * @throws Failure as `callScript`.
 */
export async function checkPackages(session: Session): Promise<PackageCheck> {
  const snapshot = await lookAtPackages(session);
  const look = callScript(session, packagesScript, { check: true }, checkedSchema);
  const checked = await session.waits.during("looking at the files of Blender's packages", look);
  const sources = new Map(snapshot.packages.map((one) => [keyOf(one), one.source]));
  const isHalf = ({ kind }: BrokenPackage) => kind === "half" || kind === "unrecorded";
  const broken = brokenLines(snapshot.broken.filter((one) => !isHalf(one)));
  // Whose files are missing is told with them.
  const lacking = new Set(checked.filter(({ missing }) => missing > 0).map(keyOf));
  const half = snapshot.broken.filter(
    (one) => isHalf(one) && !lacking.has(keyOf({ name: one.name, location: one.folder })),
  );
  const faults = [
    ...broken.map(
      ({ message, hint }): PackageFault => ({ code: "broken", name: "", message, hint }),
    ),
    ...half.flatMap((one) =>
      brokenLines([one]).map((line): PackageFault => {
        return { code: "half-installed", name: one.name, ...line };
      }),
    ),
    ...checked.flatMap((one) => fileFaults(one, sources.get(keyOf(one)))),
    ...goneFaults(snapshot),
    ...needFaults(snapshot),
    ...replacedFaults(snapshot),
    ...shadowFaults(snapshot),
    ...restartFaults(snapshot),
  ];
  return { packages: snapshot.packages.length, faults };
}
