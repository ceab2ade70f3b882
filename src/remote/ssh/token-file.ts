// Reads a service's token on its machine, as its owner keeps it there.

import { Failure } from "../../failure.ts";
import { posixWord } from "../../text.ts";
import type { SshRoute } from "./route.ts";

/**
 * Prints the file's path, our user id, what `ls` says of its folder and of itself, and its bytes: its
 * place is that of `ownFolders` and of the service's token_file.py. The first of the names that is there.
 */
const readingScript = (names: readonly string[]) => `case "$(uname -s)" in
  Darwin) d="$HOME/Library/Application Support";;
  *) case "$XDG_STATE_HOME" in /*) d="$XDG_STATE_HOME";; *) d="$HOME/.local/state";; esac;;
esac
d="$d/blender-remote-cli/tokens"
for n in ${names.join(" ")}; do f="$d/$n"; if [ -e "$f" ] || [ -h "$f" ]; then break; fi; done
echo "$f"; id -u
if [ -e "$f" ] || [ -h "$f" ]; then
  LC_ALL=C ls -ldn "$d/."; LC_ALL=C ls -ldn "$f"
  if [ -f "$f" ] && [ ! -h "$f" ]; then dd if="$f" bs=2048 count=1; fi
fi`;

/** Has the token file read as soon as somebody connects there. `names`: of letters, digits, `@._`. */
export function expectTokenFile(route: SshRoute, names: readonly string[]): void {
  route.expect(readingScript(names));
}

/** A token file there, which only its owner can use. */
export interface TokenFileThere {
  path: string;
  content: string;
}

/**
 * The token file of a service there by the names that it may have; undefined where there is none, or no shell to look.
 *
 * @throws Failure `unsafe-token-file` (kind `not-authorised`); as `SshRoute.ask`.
 */
export async function tokenFileThere(
  route: SshRoute,
  names: readonly string[],
): Promise<TokenFileThere | undefined> {
  const answer = await route.ask(readingScript(names)).catch((error: unknown) => {
    if (error instanceof Failure && error.code === "no-remote-shell") return undefined;
    throw error;
  });
  if (answer === undefined) return undefined;
  const [path = "", uid = "", folder = "", file, ...content] = answer.output.split("\n");
  if (file === undefined) return undefined;
  const why = unsafeness(folder, file, uid);
  if (why === undefined) return { path, content: content.join("\n") };
  throw new Failure(
    "unsafe-token-file",
    `the token in ${path} on ${route.machine} isn't used: ${why}`,
    {
      kind: "not-authorised",
      hint: `see to it there: ls -l ${posixWord(path)}, chmod 600 ${posixWord(path)}`,
    },
  );
}

/** Why lines of `ls -ldn` tell that others may read or replace it; undefined where they can't. */
function unsafeness(folder: string, file: string, uid: string): string | undefined {
  const [mode = "", , owner = ""] = file.split(/ +/);
  if (mode.startsWith("l")) return "it is a link";
  if (!mode.startsWith("-")) return "it is no regular file";
  if (![uid, "0"].includes(owner)) return `it belongs to another user (uid ${Number(owner)})`;
  // Behind the nine letters `+` tells of an access list, `.` of SELinux, `@` of attributes on macOS.
  if (!/^-.{3}------[.@]?$/.test(mode)) return `others may use it (${mode.slice(0, 11)})`;
  const [around = "", , keeper = ""] = folder.split(/ +/);
  if (!/^d.{4}-..-.[.@]?$/.test(around) || ![uid, "0"].includes(keeper))
    return "others may change its folder";
  return undefined;
}
