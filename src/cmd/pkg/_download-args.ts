// The flags of `pkg download`.

import type { Arguments } from "../_declaration.ts";
import { indexArgs } from "../_indexes.ts";
import { lockArgs } from "../_locks.ts";
import { choosingTimeout } from "../_plan-flags.ts";
import { projectArgs } from "../_projects.ts";

/** What `pkg download` takes. */
export const downloadArgs = {
  timeout: choosingTimeout,
  spec: {
    type: "positional",
    required: false,
    description: 'Names with version constraints: numpy "scipy>=1.11"',
  },
  requirement: {
    type: "string",
    repeated: true,
    alias: "r",
    valueHint: "file",
    description:
      "Also what stands in this requirements file or pyproject.toml; or just the files of this lock; may be given several times",
  },
  ...projectArgs,
  ...lockArgs,
  constraint: {
    type: "string",
    repeated: true,
    alias: "c",
    valueHint: "file",
    description: "Keep to the versions in this file; may be given several times",
  },
  for: {
    type: "string",
    repeated: true,
    valueHint: "target",
    description:
      "blender-4.2-windows-x64 and others that 'pkg targets' lists, or a file of 'pkg info --json'; may be given several times (the running Blender)",
  },
  dest: {
    type: "string",
    alias: "d",
    valueHint: "dir",
    default: "wheelhouse",
    description: "Where the wheels go",
  },
  pre: { type: "boolean", description: "Take pre-releases as well" },
  "exclude-newer": {
    type: "string",
    valueHint: "date",
    description: "Take nothing that was uploaded after this day or moment",
  },
  "replace-bundled": {
    type: "boolean",
    description: "Also versions other than those that Blender brings, which are left out otherwise",
  },
  "include-bundled": {
    type: "boolean",
    description: "Also wheels of what Blender brings, in its versions",
  },
  deps: {
    type: "boolean",
    default: true,
    description: "Get dependencies as well",
    negativeDescription: "Only what is named, without dependencies",
  },
  "require-hashes": {
    type: "boolean",
    description: "Take only files whose hashes the requirements files list",
  },
  "with-pip": {
    type: "boolean",
    description: "Also the wheel of pip that this executable carries",
  },
  prune: {
    type: "boolean",
    description: "Remove wheels of earlier downloads that aren't needed any more",
  },
  "dry-run": { type: "boolean", description: "Say what would be downloaded, and change nothing" },
  ...indexArgs,
} as const satisfies Arguments;
