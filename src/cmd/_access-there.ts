// How a command gets into a service on another machine: with the token that is kept there.

import { checkToken, tokenNames } from "../local/service/token-file.ts";
import type { SshRoute } from "../remote/ssh/route.ts";
import { expectTokenFile, tokenFileThere } from "../remote/ssh/token-file.ts";
import type { Access } from "../remote/wire/authentication.ts";
import type { Endpoint } from "../remote/wire/connection.ts";
import { text } from "../text.ts";
import { giveIt } from "./_access.ts";

/**
 * With the token that the service at an address of another machine keeps for the user there; the shell
 * that reads it is the ssh server's, which ssh knows by its host key.
 */
export function accessThere(route: SshRoute, address: Endpoint): Access {
  const names = tokenNames(address);
  expectTokenFile(route, names);
  return {
    token: async () => {
      const file = await tokenFileThere(route, names);
      if (file === undefined) return undefined;
      const { path, content } = file;
      const from = `${path} on ${route.machine}`;
      const value = checkToken(content.replace(/\r?\n$/, ""), from);
      const otherwise = `where that file is left over from a Blender that was killed, remove it there; --no-auth speaks to a service that asks for no token`;
      return { value, whose: `whose token is in ${from}`, otherwise };
    },
    missing: text`another user of ${route.machine} started it, or it has no token file there for you; ${giveIt}`,
  };
}
