// Exit 0 when node_modules holds what package-lock.json pins. Plain JavaScript for Node, because
// Bun itself is one of the packages in question. Compares contents: dates lie after a checkout.
import { readFileSync } from "node:fs";

function packages(file) {
  const { "": _root, ...rest } = JSON.parse(readFileSync(file, "utf8")).packages;
  return rest;
}

function current() {
  const pinned = packages("package-lock.json");
  const installed = packages("node_modules/.package-lock.json");
  const complete = Object.entries(pinned).every(
    // Other platforms' binaries are pinned, optional and rightly absent.
    ([path, { version, optional }]) =>
      installed[path]?.version === version || (optional && !installed[path]),
  );
  return complete && Object.keys(installed).every((path) => path in pinned);
}

try {
  process.exitCode = current() ? 0 : 1;
} catch {
  process.exitCode = 1;
}
