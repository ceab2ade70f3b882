// What can go wrong with ssh, told apart by what it says.

import { Failure, type FailureKind } from "../../failure.ts";
import type { Text } from "../../text.ts";
import type { Endpoint } from "../wire/connection.ts";
import { addressOf, closed, refused } from "../wire/failures.ts";
import { type Destination, machineOf } from "./destination.ts";
import { lastWords, oneLine } from "./words.ts";

/** How ssh itself ends when it has failed; any other status is the far end's. */
export const sshFailed = 255;

interface SshTrouble {
  said: RegExp;
  code: string;
  kind: FailureKind;
  what: string;
  hint: (to: Destination) => Text;
}

/** ssh as one types it, without our options. */
function typed({ user, host, port }: Destination): string {
  const at = user === undefined ? host : `${user}@${host}`;
  return `ssh${port === undefined ? "" : ` -p ${port}`} ${at} true`;
}

const byHand = (to: Destination) => `see what '${typed(to)}' says`;

/** In the order in which they are looked for. */
const troubles: readonly SshTrouble[] = [
  {
    said: /REMOTE HOST IDENTIFICATION HAS CHANGED|host key for .* has changed/i,
    code: "ssh-host-key-changed",
    kind: "not-authorised",
    what: "the machine shows another host key than before: it was set up anew, or it is another one",
    hint: () =>
      "find out which; where it was set up anew, 'ssh-keygen -R HOST' forgets the old key",
  },
  {
    said: /Host key verification failed|No \S+ host key is known|authenticity of host/i,
    code: "ssh-host-key-unknown",
    kind: "usage",
    what: "ssh doesn't know the machine's host key, and can't ask here",
    hint: (to) =>
      `run '${typed(to)}' once in a terminal, or give --ssh-option StrictHostKeyChecking=accept-new`,
  },
  {
    said: /Bad configuration option|command-line( line \d+)?:|command line: line|Bad number|Unsupported option|no argument after keyword/i,
    code: "ssh-option-refused",
    kind: "usage",
    what: "ssh doesn't take its configuration",
    hint: () => "mend --ssh-option, or ssh's own configuration (man ssh_config)",
  },
  {
    said: /Permission denied|Too many authentication failures|No supported authentication|Authentication failed/i,
    code: "ssh-permission-denied",
    kind: "not-authorised",
    what: "ssh wasn't let in",
    hint: (to) =>
      `see what '${typed(to)}' says in a terminal; a key with a passphrase needs an agent (ssh-add) where ssh can't ask`,
  },
  {
    said: /Could not resolve hostname|Name or service not known|nodename nor servname|No such host is known/i,
    code: "ssh-unknown-host",
    kind: "no-service",
    what: "there is no such machine",
    hint: () => "check --ssh: a name of ssh's configuration, a host name, or an address",
  },
  {
    said: /Connection timed out|Operation timed out|No route to host|unreachable/i,
    code: "ssh-unreachable",
    kind: "no-service",
    what: "the machine can't be reached",
    hint: byHand,
  },
  {
    said: /connect to host \S+ port \d+: |open failed: connect failed: Connection refused/i,
    code: "ssh-refused",
    kind: "no-service",
    what: "no ssh server answers there",
    hint: (to) => `start sshd there, or give its port; ${byHand(to)}`,
  },
  {
    said: /kex_exchange_identification|Connection (closed|reset)|Broken pipe|not responding|disconnect|mux_client/i,
    code: "ssh-lost",
    kind: "no-service",
    what: "the ssh connection broke",
    hint: byHand,
  },
];

/**
 * Why ssh didn't get to the machine, or lost it.
 *
 * @param said its stderr.
 * @param status its exit code or the signal that ended it.
 */
export function sshFailure(to: Destination, said: string, status: number | string): Failure {
  const machine = machineOf(to);
  const words = lastWords(said);
  const quoted = words === "" ? ` (it ended with ${status})` : `: ${words}`;
  const found = troubles.find((trouble) => trouble.said.test(said));
  if (found !== undefined) {
    const { code, kind, what, hint } = found;
    return new Failure(code, `ssh to ${machine}: ${what}${quoted}`, { kind, hint: hint(to) });
  }
  return new Failure(
    typeof status === "string" ? "ssh-lost" : "ssh-failed",
    `ssh to ${machine} failed${quoted}`,
    { kind: "no-service", hint: byHand(to) },
  );
}

/**
 * Why a connection through ssh has ended.
 *
 * @param said the stderr of that ssh and of the one whose connection it shares.
 */
export function forwardingFailure(
  endpoint: Endpoint,
  to: Destination,
  said: string,
  status: number | string,
): Failure {
  const machine = machineOf(to);
  if (status === 0) return closed(endpoint);
  // A jump host says the same of the machine behind it; then the whole connection fails as well.
  const reached = !/kex_exchange|Connection closed by/.test(said);
  if (reached && /administratively prohibited|open failed: unknown channel type/.test(said)) {
    return new Failure(
      "ssh-forwarding-refused",
      `ssh to ${machine}: the server there allows no forwarding to ${endpoint.host}:${endpoint.port}`,
      {
        kind: "no-service",
        hint: "its administrator can: AllowTcpForwarding and PermitOpen in sshd_config, no-port-forwarding in authorized_keys",
      },
    );
  }
  const failed = /open failed: connect failed: (.*)/.exec(said)?.[1];
  if (reached && failed !== undefined && !/refused/i.test(failed)) {
    return new Failure(
      "connection-failed",
      `can't connect to ${addressOf(endpoint)}: ${oneLine(failed)}`,
      { kind: "no-service", hint: "check --host and --port" },
    );
  }
  // Through a connection of the user's own, ssh doesn't say more than that.
  if (reached && (failed !== undefined || /refused by peer/.test(said))) {
    return refused(endpoint, Object.assign(new Error(lastWords(said)), { code: "ECONNREFUSED" }));
  }
  return sshFailure(to, said, status);
}

/** ssh got nowhere in time. */
export function sshTimeout(to: Destination, seconds: number, said: string): Failure {
  const machine = machineOf(to);
  const words = lastWords(said);
  const what = `ssh to ${machine} got nowhere within ${seconds} s${words === "" ? "" : `: ${words}`}`;
  return new Failure("ssh-timeout", what, { kind: "no-service", hint: byHand(to) });
}

/** ssh got to a machine, and no `sh` answered there; `said`: what came on stderr. */
export function noRemoteShell(to: Destination, said: string): Failure {
  const words = lastWords(said);
  return new Failure(
    "no-remote-shell",
    `ssh got to ${machineOf(to)}, but no POSIX shell answers there${words === "" ? "" : `: ${words}`}`,
    {
      kind: "no-service",
      hint: "a Windows machine, or an account for forwarding only: give the service's token with --token-file",
    },
  );
}

/** There is no OpenSSH, or it can't be started. */
export function noSsh(why: string): Failure {
  return new Failure("no-ssh", `--ssh needs OpenSSH's ssh: ${why}`, {
    kind: "no-service",
    hint:
      process.platform === "win32"
        ? "install Windows' optional feature 'OpenSSH Client'"
        : "install your system's openssh-client, so that 'ssh -V' works",
  });
}
