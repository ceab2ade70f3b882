// Which pip the executable carries.

import requirements from "./pip_wheel/requirements.txt" with { type: "text" };

function pinIn(text: string): { version: string; sha256: string } {
  const [, version, sha256] = /^pip==(\S+) --hash=sha256:([0-9a-f]{64})$/m.exec(text) ?? [];
  if (version === undefined || sha256 === undefined) {
    throw new Error("pip_wheel/requirements.txt pins no pip with a hash");
  }
  return { version, sha256 };
}

/** The pip that the executable carries: its version and its wheel's SHA-256 (lower-case hex). */
export const pinnedPip = pinIn(requirements);
