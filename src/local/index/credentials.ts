// Names and passwords for indexes: in their addresses, or in the user's netrc file.

import { join } from "node:path";
import { homeFolder } from "../files/os-folders.ts";
import { wholeText } from "../files/whole-file.ts";

/** Bytes of a netrc file. */
const most = 10_000_000;

/** A header for one host, and an address without what it says of the user. */
export interface Credentials {
  /** `Basic …`; undefined where none are known. */
  of(url: URL): string | undefined;
  /** The address as it may be shown and asked for; what it told is remembered for its host. */
  without(address: string): string;
}

/** Reads the user's netrc file, where there is one (`NETRC`, `~/.netrc`, `~/_netrc`), as curl does. */
export async function credentials(env: NodeJS.ProcessEnv = process.env): Promise<Credentials> {
  const home = homeFolder(env);
  const named = env["NETRC"];
  const places = named ? [named] : [join(home, ".netrc"), join(home, "_netrc")];
  let machines = new Map<string, string>();
  for (const path of places) {
    const text = await wholeText(path, most).catch(() => undefined);
    if (text === undefined) continue;
    machines = netrcMachines(text);
    break;
  }
  const told = new Map<string, string>();
  return {
    of: (url) => told.get(url.host) ?? machines.get(url.hostname) ?? machines.get(""),
    without: (address) => {
      const url = new URL(address);
      if (url.username === "" && url.password === "") return address;
      told.set(url.host, basic(decoded(url.username), decoded(url.password)));
      url.username = "";
      url.password = "";
      return url.href;
    },
  };
}

function decoded(word: string): string {
  try {
    return decodeURIComponent(word);
  } catch {
    return word;
  }
}

function basic(name: string, password: string): string {
  return `Basic ${Buffer.from(`${name}:${password}`).toString("base64")}`;
}

/** By host, "" for all others; macros are passed over. */
function netrcMachines(text: string): Map<string, string> {
  const found = new Map<string, string>();
  // A macro ends at an empty line.
  const words =
    text.replace(/\bmacdef\b[\s\S]*?(?:\n\s*\n|$)/g, "").match(/"(?:\\.|[^"])*"|\S+/g) ?? [];
  const plain = words.map((word) =>
    word.startsWith('"') ? word.slice(1, -1).replace(/\\(.)/g, "$1") : word,
  );
  let host: string | undefined;
  let login = "";
  for (let index = 0; index < plain.length; index++) {
    const word = plain[index];
    if (word === "default") [host, login] = ["", ""];
    else if (word === "machine") [host, login] = [plain[++index], ""];
    else if (word === "login") login = plain[++index] ?? "";
    else if (word === "account") index += 1;
    else if (word === "password" && host !== undefined) {
      const password = plain[++index] ?? "";
      // As curl has it, the first that is said for a host counts.
      if (!found.has(host)) found.set(host, basic(login, password));
    }
  }
  return found;
}
