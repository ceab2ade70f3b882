// What answers at a port of this machine, before and after a Blender is started for it.

import { createServer } from "node:net";
import { Failure, systemCodeOf, wrongUsage } from "../failure.ts";
import { portInUse, type StartAuthentication } from "../local/start/launch.ts";
import { diagnose } from "../remote/service/diagnose.ts";
import { describeLoad } from "../remote/service/running.ts";
import type { Endpoint } from "../remote/wire/connection.ts";
import { Session } from "../remote/wire/session.ts";
import { ours, text } from "../text.ts";
import { accessToOwn } from "./_access.ts";
import { aboutSilent, blenderListeningAt } from "./_silent-blender.ts";

/** Time limits for looking at a port on this machine. */
export const quick = { connect: 2, firstAnswer: 2, total: 5 };

const stoppable = text`use it as it is, end it with '${ours("stop")}'`;

async function silentThere(endpoint: Endpoint): Promise<Failure> {
  const { port } = endpoint;
  const process = await blenderListeningAt(endpoint);
  if (process === undefined) return portInUse(port, "a program that doesn't answer listens there");
  const { what, way } = aboutSilent(process);
  return portInUse(port, `a Blender that doesn't answer listens there; ${what}`, way);
}

/** @throws Failure `bad-address`, kind `usage`, where this machine doesn't have the address. */
async function requireOwnAddress(host: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const server = createServer();
  server.once("error", (error) => resolve(systemCodeOf(error)));
  server.listen({ host, port: 0 }, () => server.close(() => resolve(undefined)));
  if ((await promise) !== "EADDRNOTAVAIL") return;
  const what = `the service can't listen on ${host}: this machine doesn't have that address`;
  throw wrongUsage(
    "bad-address",
    what,
    "give one of this machine's own, or 0.0.0.0 for all of them",
  );
}

/** What answers there, to whoever has the token that is meant or the one that is kept here. */
async function answering(endpoint: Endpoint, signal: AbortSignal) {
  const found = await diagnose(endpoint, quick, signal);
  if (found.state !== "not-authorised") return found;
  const access = accessToOwn(endpoint);
  const again = await diagnose({ ...endpoint, access }, quick, signal);
  return again.state === "not-authorised" ? found : again;
}

/**
 * Sees to it that a service can listen there. What is on another machine isn't spoken to.
 *
 * @throws Failure `port-in-use`, which says by what; `bad-address`, kind `usage`.
 */
export async function requireFreePort(endpoint: Endpoint, signal: AbortSignal): Promise<void> {
  const { port } = endpoint;
  await requireOwnAddress(endpoint.host);
  const found = await answering(endpoint, signal);
  switch (found.state) {
    case "nothing":
      return;
    case "service": {
      const { blender_version: version, pid } = found.server.hello;
      if (found.load.stopping === true) {
        const waits = describeLoad(found.load) ?? "its end";
        throw portInUse(port, `a Blender ${version} (pid ${pid}) is ending there, after ${waits}`);
      }
      throw portInUse(
        port,
        `a Blender ${version} with our service (pid ${pid}) is there`,
        stoppable,
      );
    }
    case "plain": {
      const { blender_version: version, pid } = found.blender;
      const detail = `a Blender ${version} with an older or another service (pid ${pid}) is there`;
      throw portInUse(port, detail, stoppable);
    }
    case "silent":
      throw await silentThere(endpoint);
    case "closed":
      throw portInUse(port, "a program listens there that closes connections, as SSH tunnels do");
    case "other":
      throw portInUse(port, "a program that isn't a Blender service listens there");
    case "not-authorised":
      throw portInUse(port, found.failure.message);
  }
}

/**
 * The version of the Blender with this process id, once its service answers at the address.
 *
 * @param authentication what it was told to ask for.
 * @throws Failure `port-in-use` where another program answers; `addon-old` where the service is one
 *   that knows no tokens.
 */
export async function versionServing(
  endpoint: Endpoint,
  pid: number,
  authentication: StartAuthentication,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const session = await Session.open(endpoint, quick, signal);
    session.close();
    const { server } = session;
    if (server.kind === "service" && server.hello.pid === pid) {
      const { authentication: asks, blender_version: version } = server.hello;
      if (authentication.kind === "none" || asks !== "none") return version;
      throw new Failure(
        "addon-old",
        "the service add-on in that Blender is older: it asks for no token",
        {
          kind: "not-configured",
          hint: text`${ours("install")} updates it`,
        },
      );
    }
  } catch (error) {
    if (error instanceof Failure && error.kind === "no-service") return undefined;
    throw error;
  }
  throw portInUse(endpoint.port, "another program answers there");
}
