// The flag of commands that run on the other machine with `--ssh`.

import type { Arguments } from "./_declaration.ts";

/** The flag that names an executable for the other machine, for commands that run there. */
export const thereArgs = {
  "ssh-executable": {
    type: "string",
    valueHint: "file",
    description:
      "With --ssh: this version's executable for that machine, where it isn't of this kind",
  },
} as const satisfies Arguments;
