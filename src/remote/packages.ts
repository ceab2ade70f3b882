import * as v from "valibot";
import type { Script } from "../script.ts";
import type { Connection } from "./connection.ts";
import { callScript } from "./execute.ts";
import packagesSource from "./python/packages.py" with { type: "text" };

const packageSchema = v.object({
  name: v.string(),
  version: v.nullable(v.string()),
  location: v.nullable(v.string()),
  importable: v.boolean(),
});

/** One package as Blender itself finds it; version and location are null where it finds none. */
export type Package = v.InferOutput<typeof packageSchema>;

const packagesScript: Script = { name: "packages.py", source: packagesSource };

/** Asks Blender which version of each package it finds, where, and whether it can import it now. */
export function lookUpPackages(
  connection: Connection,
  names: readonly string[],
): Promise<Package[]> {
  return callScript(connection, packagesScript, names, v.array(packageSchema));
}
