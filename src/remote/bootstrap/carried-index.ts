// The package index that pip asks unless it is told another one, as the carried pip names it.

import { fromBufferPromise } from "yauzl";
import { carriedPip } from "./pip-wheel.ts";

const file = "pip/_internal/models/index.py";

/** The address of its simple API (PEP 503). */
export async function carriedIndex(): Promise<string> {
  // It is a file only for Bun.
  const bytes = Buffer.from(await Bun.file(carriedPip.path).arrayBuffer());
  const zip = await fromBufferPromise(bytes, { autoClose: false });
  try {
    for await (const entry of zip.eachEntry()) {
      if (entry.fileName !== file) continue;
      const pieces: Buffer[] = await Array.fromAsync(await zip.openReadStreamPromise(entry));
      const text = Buffer.concat(pieces).toString("utf8");
      const [, address] = /^PyPI = PackageIndex\(\s*"(https:\/\/[^"]+)"/m.exec(text) ?? [];
      if (address !== undefined) return new URL("simple/", address).href;
    }
    throw new Error(`the carried pip names no index in ${file}`);
  } finally {
    zip.close();
  }
}
