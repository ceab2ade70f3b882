// How a command gets into a service on another machine: with the token that is kept there.

import { checkToken } from "../local/service/token-file.ts";
import type { SshRoute } from "../remote/ssh/route.ts";
import { expectTokenFile, tokenFileThere } from "../remote/ssh/token-file.ts";
import type { Access } from "../remote/wire/authentication.ts";
import { text } from "../text.ts";
import { giveIt } from "./_access.ts";

/**
 * With the token that the service on a port of another machine keeps for the user there; the shell
 * that reads it is the ssh server's, which ssh knows by its host key.
 */
export function accessThere(route: SshRoute, port: number): Access {
  expectTokenFile(route, port);
  return {
    token: async () => {
      const file = await tokenFileThere(route, port);
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
