// The arguments that a command declares, and the types of the values that they come to.

import type { BooleanArgDef, EnumArgDef, PositionalArgDef, StringArgDef } from "citty";

/** An option with a fixed set of values: help, check and completion come from `options`. */
export interface ChoiceArgument extends Omit<EnumArgDef, "options"> {
  type: "enum";
  options: readonly string[];
  /** Takes the values in upper and lower case. */
  anyCase?: boolean;
}

/** One flag, option or positional, as citty describes it. */
export type Argument =
  | (BooleanArgDef & { type: "boolean" })
  | (StringArgDef & {
      type: "string";
      /** It may be given several times, and comes to all its values. */
      repeated?: boolean;
    })
  | (PositionalArgDef & { type: "positional" })
  | ChoiceArgument;

/** All arguments of a command, by name. */
export type Arguments = Record<string, Argument>;

type TextOf<A extends Argument> = A extends { options: readonly (infer Choice)[] }
  ? Choice
  : string;

type ValueOf<A extends Argument> = A extends { type: "boolean" }
  ? boolean
  : A extends { repeated: true }
    ? readonly string[]
    : A extends { default: string } | { required: true }
      ? TextOf<A>
      : TextOf<A> | undefined;

/**
 * The values by name: flags are true or false, what may be repeated is a list, what wasn't given and
 * has no default is undefined.
 */
export type Values<A extends Arguments> = { [Name in keyof A]: ValueOf<A[Name]> };

/** Flags that every command takes, with the same meaning everywhere. */
export const globalArgs = {
  host: { type: "string", valueHint: "host", description: "Where the service listens (127.0.0.1)" },
  port: {
    type: "string",
    valueHint: "port",
    description: "The service's port: this flag, BLENDER_REMOTE_PORT, the configuration, 6688",
  },
  "token-file": {
    type: "string",
    valueHint: "file",
    description:
      "The service's token: this flag, BLENDER_REMOTE_TOKEN, on this machine the file that it keeps",
  },
  auth: {
    type: "boolean",
    default: true,
    negativeDescription: "Speak to a service that asks for no token, also where one is known",
  },
  ssh: {
    type: "string",
    valueHint: "[user@]host[:port]",
    description:
      "The service is on that machine: reached through ssh, with ssh's own configuration",
  },
  "ssh-option": {
    type: "string",
    repeated: true,
    valueHint: "key=value",
    description: "For ssh's -o (may be repeated)",
  },
  timeout: {
    type: "string",
    valueHint: "seconds",
    description: "Limit for the whole operation (configuration cli.timeout_sec, 300)",
  },
  config: {
    type: "string",
    valueHint: "file",
    description: "The configuration file (BLENDER_REMOTE_CONFIG)",
  },
  json: { type: "boolean", description: "Print one JSON value on stdout, also on failure" },
  quiet: { type: "boolean", alias: "q", description: "No notes and no progress on stderr" },
  verbose: { type: "boolean", alias: "v", description: "Say more on stderr" },
} as const satisfies Arguments;

/** The type of `globalArgs`. */
export type GlobalArguments = typeof globalArgs;
