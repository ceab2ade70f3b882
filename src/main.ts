// The entry of the executable.

import { version } from "./version.ts";

const argv = process.argv.slice(2);

if (argv.length === 1 && ["--version", "-V", "version"].includes(argv[0] ?? "")) {
  // Asked by scripts again and again: nothing else is loaded for it.
  process.stdout.write(`${version}\n`);
} else {
  const { runCommandLine } = await import("./cli.ts");
  const status = await runCommandLine(argv);
  if (status <= 0xff) process.exitCode = status;
  else (await import("./exit-code.ts")).endWith(status);
}
