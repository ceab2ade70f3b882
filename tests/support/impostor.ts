// Stands on a service's port in its place, and keeps all that is sent to it.

import { createHmac, randomBytes } from "node:crypto";

/** What an impostor answers to whatever comes; undefined for nothing. */
type Answer = (request: Record<string, unknown>) => object | undefined;

const hello = {
  protocol: 1,
  server: "bld_remote_mcp",
  service_version: "2.0.0",
  capabilities: ["status", "run_script", "upload", "client", "jobs", "interrupt", "shutdown_quit"],
  blender_version: "5.0.1",
  pid: 4711,
  background: true,
};

function greeting(more: object): Answer {
  return () => ({ status: "success", result: { ...hello, ...more } });
}

/** What somebody can try who has the port but not the token. */
export const impostors: Readonly<Record<string, Answer>> = {
  "asks for no token": greeting({ authentication: "none" }),
  "proves with a token of its own": (request) => {
    const nonce = randomBytes(32).toString("hex");
    const { nonce: theirs } = Object(request["params"]);
    const nonces = Buffer.from(`${theirs}${nonce}`, "hex");
    const hmac = createHmac("sha256", "x".repeat(64)).update("blender-remote service\0");
    const proof = hmac.update(nonces).digest("hex");
    return greeting({ authentication: "hmac-sha256", nonce, proof })(request);
  },
  "proves nothing": greeting({ authentication: "hmac-sha256" }),
  "is a plain server": ({ type }) =>
    type === "execute_code"
      ? { status: "success", result: { executed: true, result: "", output: { stdout: "" } } }
      : { status: "error", message: `Unknown command type: ${type}` },
};

export interface Impostor extends Disposable {
  /** All that came, as it came. */
  received(): string;
}

/** Listens on a port of this machine and answers each piece that is a whole request. */
export function impostorOn(port: number, answer: Answer): Impostor {
  let received = "";
  const listener = Bun.listen({
    hostname: "127.0.0.1",
    port,
    socket: {
      data(socket, piece) {
        received += piece.toString("latin1");
        const reply = answer(JSON.parse(piece.toString()));
        if (reply !== undefined) socket.write(JSON.stringify(reply));
      },
    },
  });
  return { received: () => received, [Symbol.dispose]: () => listener.stop(true) };
}
