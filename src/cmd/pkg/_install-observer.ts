// How the progress of an install or uninstall, which pip mostly makes, is shown.

import type { InstallObserver } from "../../remote/install/observer.ts";
import type { Output } from "../../ui/output.ts";

/** Shows what goes on; what pip is quiet about has a line of its own. */
export function observerFor(output: Output): InstallObserver {
  return {
    everything: output.verbose,
    output: async (bytes) => {
      if (!output.quiet) await output.writeProgram("stderr", bytes);
    },
    warn: (message) => output.warn(message),
    note: (message) => output.note(message),
  };
}
