// Carries the Python modules of the add-on scripts, each with those that it imports.

import {
  packageMetadata,
  packageNames,
  packageOrigins,
  pythonFolders,
} from "../../packages/scripts.ts";
import type { Script } from "../../script.ts";
import changesSource from "./addon_changes.py" with { type: "text" };
import doublesSource from "./addon_doubles.py" with { type: "text" };
import errorsSource from "./addon_errors.py" with { type: "text" };
import factsSource from "./addon_facts.py" with { type: "text" };
import installSource from "./addon_install.py" with { type: "text" };
import journalSource from "./addon_journal.py" with { type: "text" };
import looksSource from "./addon_looks.py" with { type: "text" };
import outcomeSource from "./addon_outcome.py" with { type: "text" };
import placesSource from "./addon_places.py" with { type: "text" };
import recordsSource from "./addon_records.py" with { type: "text" };
import runningSource from "./addon_running.py" with { type: "text" };
import stateSource from "./addon_state.py" with { type: "text" };
import tracesSource from "./addon_traces.py" with { type: "text" };
import trialSource from "./addon_trial.py" with { type: "text" };
import addonsSource from "./addons.py" with { type: "text" };
import wheelsSource from "./extension_wheels.py" with { type: "text" };
import preferencesSource from "./preferences.py" with { type: "text" };
import swapSource from "./swap.py" with { type: "text" };

function script(name: string, source: string, ...modules: readonly Script[]): Script {
  return { name: `${name}.py`, source, modules };
}

const preferences = script("preferences", preferencesSource);
const swap = script("swap", swapSource);
const places = script("addon_places", placesSource, preferences, pythonFolders);
const records = script("addon_records", recordsSource, places, preferences, pythonFolders, swap);
const facts = script("addon_facts", factsSource, places, records);
const errors = script("addon_errors", errorsSource, records, preferences);
const state = script(
  "addon_state",
  stateSource,
  errors,
  facts,
  records,
  preferences,
  pythonFolders,
);
const outcome = script("addon_outcome", outcomeSource, places, records, preferences);
const doubles = script("addon_doubles", doublesSource, facts, outcome, pythonFolders, records);
const journal = script("addon_journal", journalSource, outcome);
const looks = script("addon_looks", looksSource, facts, places, records, preferences);
const trial = script(
  ...(["addon_trial", trialSource, journal, places, records, state, preferences] as const),
);
const traces = script("addon_traces", tracesSource, places, records, swap);
const forWheels = [packageMetadata, packageNames, packageOrigins, pythonFolders];
const wheels = script("extension_wheels", wheelsSource, facts, places, records, ...forWheels);
/** What changing an add-on takes, enabled by name or installed. */
const forChanges = [
  ...[doubles, facts, journal, outcome, places, records, state, traces, wheels],
  ...[preferences, pythonFolders, swap],
];
const changes = script("addon_changes", changesSource, errors, ...forChanges);
const install = script("addon_install", installSource, changes, ...forChanges);

/** The modules that `install_service.py` imports. */
export const serviceModules: readonly Script[] = [
  facts,
  outcome,
  places,
  records,
  state,
  preferences,
  swap,
];

/** Lists and changes add-ons: `addons.py`. */
export const addonScript: Script = script(
  "addons",
  addonsSource,
  ...[changes, install, journal, looks, outcome, places, records, trial, preferences],
);

/** What a Blender that runs has loaded, and to load it anew: `addon_running.py`. */
export const runningScript: Script = script(
  "addon_running",
  runningSource,
  ...[facts, outcome, places, records, state, preferences],
);
