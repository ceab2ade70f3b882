// How the progress of an install, which pip mostly makes, is shown.

import type { InstallObserver } from "../../remote/install/observer.ts";
import type { Output } from "../../ui/output.ts";
import { type Ticker, ticker } from "../../ui/ticker.ts";

/** Shows what goes on; what pip is quiet about has a line of its own. */
export function observerFor(output: Output): InstallObserver {
  let line: Ticker | undefined;
  return {
    output: async (bytes) => {
      line?.clear();
      if (!output.quiet) await output.writeError(bytes);
    },
    warn: (message) => {
      line?.clear();
      output.warn(message);
    },
    note: (message) => output.note(message),
    begins: (what) => {
      const begun = ticker(output, what);
      line = begun;
      return {
        [Symbol.dispose]() {
          begun[Symbol.dispose]();
          line = undefined;
        },
      };
    },
  };
}
