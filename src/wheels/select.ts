// Which files of a wheelhouse are meant by names that a user gives.

import { normalizedName, parseWheelName } from "./filename.ts";
import { parseRequirement } from "./requirement.ts";
import { similarNames } from "./similar.ts";
import { matches } from "./specifier.ts";

/** A wheel's file name, or a package: all its wheels, or those of one version. */
export type WheelChoice =
  | { text: string; file: string }
  | {
      text: string;
      /** PEP 503 form. */
      name: string;
      /** `==1.26.4`; empty for every version. */
      specifier: string;
    };

/** What a user typed as a choice; undefined where it is none. */
export function parseWheelChoice(text: string): WheelChoice | undefined {
  if (/\.whl$/i.test(text)) return /[/\\]/.test(text) ? undefined : { text, file: text };
  const parsed = parseRequirement(text);
  if (!parsed.ok) return undefined;
  const { name, specifier, extras } = parsed.requirement;
  if (extras.length > 0 || !/^(?:==[^=,]+)?$/.test(specifier)) return undefined;
  return { text, name, specifier };
}

/** The wheel that a part file of a push will become; the name itself for any other file. */
function wheelOf(file: string): string {
  return /^\.(.+\.whl)\.[0-9a-f.]+\.part$/.exec(file)?.[1] ?? file;
}

function isMeant(file: string, choice: WheelChoice): boolean {
  const wheel = wheelOf(file);
  if ("file" in choice) return choice.file === wheel;
  const parsed = parseWheelName(wheel);
  if (parsed === undefined || normalizedName(parsed.distribution) !== choice.name) return false;
  return matches(parsed.version, choice.specifier);
}

/** The files that are meant, and what stands in the place of those that aren't there. */
export interface WheelSelection {
  files: string[];
  /** Choices that mean no file, with what the user may have meant. */
  unknown: { text: string; similar: string[] }[];
}

function similarTo(choice: WheelChoice, files: readonly string[]): string[] {
  const wheels = [...new Set(files.map(wheelOf))].filter((wheel) => wheel.endsWith(".whl"));
  if ("file" in choice) return similarNames(choice.file, wheels);
  const parsed = wheels.flatMap((wheel) => parseWheelName(wheel) ?? []);
  const versions = parsed
    .filter(({ distribution }) => normalizedName(distribution) === choice.name)
    .map(({ version }) => `${choice.name}==${version}`);
  if (versions.length > 0) return [...new Set(versions)];
  const names = parsed.map(({ distribution }) => normalizedName(distribution));
  return similarNames(choice.name, [...new Set(names)]);
}

/**
 * Finds the wheels of a wheelhouse that are meant, and the parts of them that a push has brought.
 *
 * @param files the names of the wheelhouse's files.
 */
export function selectWheels(
  files: readonly string[],
  choices: readonly WheelChoice[],
): WheelSelection {
  const meant = files.filter((file) => choices.some((choice) => isMeant(file, choice)));
  const unknown = choices
    .filter((choice) => !files.some((file) => isMeant(file, choice)))
    .map((choice) => ({ text: choice.text, similar: similarTo(choice, files) }));
  return { files: meant, unknown };
}
