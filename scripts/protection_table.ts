// The protections that SECURITY.md tells of: how each is taken out, and the test that then fails.

/** A text of a file that stands there once, and what stands in its place without the protection. */
export interface Change {
  file: string;
  was: string;
  becomes: string;
}

/** A test as SECURITY.md names it; without a name any of that file. */
export interface NamedTest {
  file: string;
  name?: string;
}

/** One protection. */
export interface Protection {
  /** What holds no more once it is out. */
  name: string;
  test: NamedTest;
  /** Several where one alone protects as well. */
  out: readonly Change[];
}

const SERVICE = "src/service/bld_remote_mcp";
const SERVICE_TESTS = "tests/unit/service";
const PURGE = "src/remote/wheelhouse/purge.py";
/** Above all: nothing is removed in this copy. */
const PURGES_NOTHING: Change = {
  file: PURGE,
  was: 'if state != "ready" or order["action"] == "look":',
  becomes: "if True:",
};
const PURGE_TEST = "tests/unit/remote/wheelhouse/test_purge.py";

const anotherUser: readonly Protection[] = [
  {
    name: "all but hello needs the token",
    test: {
      file: "tests/e2e/authentication.test.ts",
      name: "without a token nobody gets anything but hello",
    },
    out: [
      {
        file: `${SERVICE}/connection.py`,
        was: "if not self.authorized and kind not in BEFORE_AUTHENTICATION:",
        becomes: "if False:",
      },
    ],
  },
  {
    name: "the service's nonce is fresh",
    test: {
      file: `${SERVICE_TESTS}/test_authentication.py`,
      name: "test_a_recorded_exchange_is_worth_nothing",
    },
    out: [
      {
        file: `${SERVICE}/authentication.py`,
        was: "own = _random(_NONCE_BYTES)",
        becomes: "own = bytes(_NONCE_BYTES)",
      },
    ],
  },
  {
    name: "a wrong proof waits",
    test: {
      file: `${SERVICE_TESTS}/test_authentication.py`,
      name: "test_a_wrong_proof_waits_longer_each_time_and_alone",
    },
    out: [
      {
        file: `${SERVICE}/authentication.py`,
        was: "return min(_FIRST_PAUSE * 2 ** min(count - 1, 10), _LONGEST_PAUSE)",
        becomes: "return 0.0",
      },
    ],
  },
  {
    name: "proofs are compared in constant time",
    test: {
      file: `${SERVICE_TESTS}/test_authentication.py`,
      name: "test_both_proofs_are_compared_in_constant_time",
    },
    out: [
      {
        file: `${SERVICE}/authentication.py`,
        was: 'if not _equal(given.encode("utf-8", "replace"), expected.encode("ascii")):',
        becomes: "if given != expected:",
      },
    ],
  },
  {
    name: "few wrong proofs wait at a time",
    test: {
      file: `${SERVICE_TESTS}/test_authentication.py`,
      name: "test_many_wrong_proofs_hold_few_threads",
    },
    out: [
      {
        file: `${SERVICE}/authentication.py`,
        was: "if self._places.acquire(blocking=False):",
        becomes: "if self._places.acquire(blocking=False) or True:",
      },
    ],
  },
  {
    name: "a token file with other rights isn't used",
    test: {
      file: "tests/e2e/token.test.ts",
      name: "a file that can't be trusted is refused, given or found",
    },
    out: [
      {
        file: "src/local/service/token-file.ts",
        was: "if ((found.mode & 0o077) !== 0) {",
        becomes: "if ((found.mode & 0) !== 0) {",
      },
    ],
  },
  {
    name: "on Windows neither is one that its access list gives to others",
    test: { file: "tests/unit/local/files/windows-access.test.ts" },
    out: [
      {
        file: "src/local/files/windows-access.ts",
        was: "...names.filter((name) => !own.has(name) && !ownerRights.has(name) && name !== owner),",
        becomes: "...names.filter(() => false),",
      },
    ],
  },
  {
    name: "on Windows neither is one that somebody else owns",
    test: { file: "tests/unit/local/files/windows-access.test.ts" },
    out: [
      {
        file: "src/local/files/windows-access.ts",
        was: "const strangers = own.has(owner) ? [] : [owner];",
        becomes: "const strangers: string[] = [];",
      },
    ],
  },
  {
    name: "the token isn't in an environment",
    test: { file: "tests/e2e/token.test.ts", name: "it is never seen" },
    out: [
      {
        file: "src/local/start/launch.ts",
        was: "    BLD_REMOTE_TOKEN_FOLDER: tokenFolder(),\n",
        becomes:
          '    BLD_REMOTE_TOKEN_FOLDER: tokenFolder(),\n    THE_TOKEN: authentication.kind === "given" ? authentication.token : undefined,\n',
      },
    ],
  },
  {
    name: "the service proves itself before it gets anything",
    test: { file: "tests/e2e/authentication.test.ts", name: "a stolen port" },
    out: [
      {
        file: "src/remote/wire/authentication.ts",
        was: 'if (!crypto.timingSafeEqual(proof, proofOf(token.value, "service", nonces)))',
        becomes: "if (proof.length === 0)",
      },
    ],
  },
  {
    name: "a service that asks for no token isn't the one that has one",
    test: { file: "tests/e2e/authentication.test.ts", name: "a stolen port" },
    out: [
      {
        file: "src/remote/wire/authentication.ts",
        was: 'throw notTheService(connection, token, "it asks for none");',
        becomes: "return undefined;",
      },
    ],
  },
  {
    name: "a token is for one address",
    test: {
      file: "tests/unit/cmd/_access.test.ts",
      name: "the token of 127.0.0.1 isn't used for",
    },
    out: [
      {
        file: "src/local/service/token-file.ts",
        was: 'if (host === "127.0.0.1") return',
        becomes: 'if (host !== "") return',
      },
    ],
  },
  {
    name: "a service that knows no tokens isn't started",
    test: {
      file: "tests/e2e/authentication.test.ts",
      name: "a service that knows no tokens yet isn't started without one",
    },
    out: [
      {
        file: "src/cmd/_port.ts",
        was: 'if (authentication.kind === "none" || asks !== "none") return version;',
        becomes: 'if (authentication.kind === "none" || asks !== "") return version;',
      },
    ],
  },
  {
    name: "the oldest newcomer goes",
    test: {
      file: `${SERVICE_TESTS}/test_admission.py`,
      name: "test_the_oldest_newcomer_goes_never_the_newest",
    },
    out: [
      {
        file: `${SERVICE}/admission.py`,
        was: "return next(iter(self._newcomers))",
        becomes: "return next(reversed(self._newcomers))",
      },
    ],
  },
  {
    name: "silent connections have few places",
    test: {
      file: `${SERVICE_TESTS}/test_limits.py`,
      name: "test_silent_connections_lock_nobody_out",
    },
    out: [
      {
        file: `${SERVICE}/admission.py`,
        was: "if len(self._newcomers) >= self._limits.newcomers:",
        becomes: "if False:",
      },
    ],
  },
  {
    name: "half a request has no place of its own",
    test: {
      file: `${SERVICE_TESTS}/test_limits.py`,
      name: "test_half_a_request_locks_nobody_out",
    },
    out: [
      {
        file: `${SERVICE}/admission.py`,
        was: "if len(self._newcomers) >= self._limits.newcomers:",
        becomes: "if False:",
      },
    ],
  },
  {
    name: "hashes aren't remembered beside the wheels",
    test: {
      file: "tests/unit/remote/wheelhouse/test_kept_hashes.py",
      name: "test_what_stands_in_the_wheelhouse_is_not_believed",
    },
    out: [
      {
        file: "src/remote/wheelhouse/kept_hashes.py",
        was: 'return cache_folder() / "hashes" / f"{name}.json"',
        becomes: 'return folder / ".blender-remote-hashes.json" if name else cache_folder()',
      },
      {
        file: "src/remote/wheelhouse/kept_hashes.py",
        was: "            if not private_folder(self._path.parent):\n                return\n            kept",
        becomes: "            kept",
      },
    ],
  },
  {
    name: "remembered hashes that others could write aren't believed",
    test: {
      file: "tests/unit/remote/wheelhouse/test_kept_hashes.py",
      name: "test_a_folder_that_others_could_write_to",
    },
    out: [
      {
        file: "src/remote/wheelhouse/kept_hashes.py",
        was: "            if not private_folder(self._path.parent):\n                return\n            kept",
        becomes: "            kept",
      },
    ],
  },
  {
    name: "what gets a wheel's name is what was hashed",
    test: {
      file: `${SERVICE_TESTS}/test_upload.py`,
      name: "test_a_part_that_is_swapped_gets_no_name",
    },
    out: [
      {
        file: `${SERVICE}/part_file.py`,
        was: "if named is None or not os.path.samestat(ours, named):",
        becomes: "if named is None:",
      },
    ],
  },
  {
    name: "an upload goes through no link",
    test: {
      file: `${SERVICE_TESTS}/test_part_file.py`,
      name: "test_a_link_is_not_written_through",
    },
    out: [
      {
        file: `${SERVICE}/upload_folder.py`,
        was: '    | getattr(os, "O_NOFOLLOW", 0)\n',
        becomes: "",
      },
      // Else it would wait for the link to be gone.
      {
        file: `${SERVICE}/part_file.py`,
        was: "if folder.is_still(file, name):",
        becomes: "if True:",
      },
    ],
  },
  {
    name: "a cache that others could write to is as empty",
    test: { file: "tests/unit/local/files/private-folder.test.ts" },
    out: [
      {
        file: "src/local/files/private-folder.ts",
        was: "return uid === process.getuid?.() && (mode & othersWrite) === 0;",
        becomes: "return uid === process.getuid?.() || (mode & othersWrite) === 0;",
      },
    ],
  },
  {
    name: "pipes and devices are refused",
    test: { file: "tests/e2e/files-that-wait.test.ts" },
    out: [
      {
        file: "src/local/files/whole-file.ts",
        was: "if (other !== undefined && !(await isTaken(info))) throw new Error(other);",
        becomes: 'if (other === "" && !(await isTaken(info))) throw new Error(other);',
      },
    ],
  },
  {
    name: "a wheelhouse that others may write to is warned of",
    test: {
      file: "tests/unit/remote/wheelhouse/test_exposure.py",
      name: "test_the_folder_itself",
    },
    out: [
      {
        file: "src/remote/wheelhouse/exposure.py",
        was: "if not is_sticky and info.st_mode & OTHERS_MAY_WRITE:",
        becomes: "if not is_sticky and info.st_mode & 0:",
      },
    ],
  },
  {
    name: "a password in an address isn't repeated",
    test: { file: "tests/unit/cmd/_target.test.ts", name: "a password in it isn't repeated" },
    out: [
      {
        file: "src/cmd/_target.ts",
        was: 'word.replace(/^.*@/s, "…@")',
        becomes: "word",
      },
    ],
  },
];

const network: readonly Protection[] = [
  {
    name: "an address that others reach is asked for twice",
    test: {
      file: "tests/e2e/authentication.test.ts",
      name: "start --listen --allow-remote",
    },
    out: [
      {
        file: "src/cmd/start.ts",
        was: "if (listen === undefined || !allowed) {",
        becomes: "if (listen === undefined) {",
      },
    ],
  },
  {
    name: "ssh's own check of the host key isn't switched off",
    test: {
      file: "tests/e2e/ssh.test.ts",
      name: "a host key that has changed, and one that nobody knows",
    },
    out: [
      {
        file: "src/remote/ssh/command.ts",
        was: 'const ours = ["RemoteCommand=none", ',
        becomes:
          'const ours = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "RemoteCommand=none", ',
      },
    ],
  },
];

const throughSsh: readonly Protection[] = [
  {
    name: "a machine's name is checked before ssh sees it",
    test: {
      file: "tests/e2e/ssh.test.ts",
      name: "neither a machine's name nor its user's can be an option or a command",
    },
    out: [
      {
        file: "src/remote/wire/address.ts",
        was: "const hostPattern = /^[\\p{L}\\p{N}_][\\p{L}\\p{N}._-]*$/u;",
        becomes: "const hostPattern = /^[^]+$/u;",
      },
    ],
  },
  {
    name: "a token there that others could read isn't used",
    test: {
      file: "tests/e2e/ssh.test.ts",
      name: "is used only where nobody else can read or replace it",
    },
    out: [
      {
        file: "src/remote/ssh/token-file.ts",
        was: "if (why === undefined) return",
        becomes: 'if (why !== "") return',
      },
    ],
  },
  {
    name: "the service proves itself through ssh as well",
    test: {
      file: "tests/e2e/ssh.test.ts",
      name: "keeps code from what has taken the port there",
    },
    out: [
      {
        file: "src/remote/wire/authentication.ts",
        was: 'throw notTheService(connection, token, "it asks for none");',
        becomes: "return undefined;",
      },
    ],
  },
  {
    name: "the token there isn't on ssh's command line",
    test: {
      file: "tests/e2e/ssh.test.ts",
      name: "isn't in the process list, nor told with --verbose",
    },
    out: [
      {
        file: "src/remote/ssh/route.ts",
        was: 'sshCommand(this.#settings, [...options, "-W", target], !this.#isShared)',
        becomes:
          'sshCommand(this.#settings, [...options, "-o", "SetEnv=TOKEN=" + (await this.#expected?.answer)?.output.split("\\n")[4], "-W", target], !this.#isShared)',
      },
    ],
  },
  {
    name: "a given token isn't told to ssh's environment",
    test: { file: "tests/e2e/ssh.test.ts", name: "that was given isn't in ssh's environment" },
    out: [
      {
        file: "src/remote/ssh/command.ts",
        was: "const { BLENDER_REMOTE_TOKEN: _, ...rest } = process.env;",
        becomes: "const { ...rest } = process.env;",
      },
    ],
  },
  {
    name: "the executable there is checked by its hash",
    test: {
      file: "tests/e2e/ssh-there.test.ts",
      name: "that was changed, or can be, isn't run",
    },
    out: [
      {
        file: "src/remote/ssh/executable.ts",
        // biome-ignore lint/suspicious/noTemplateCurlyInString: it stands so in that file
        was: 'case "$sum" in ${sha256}*) touch',
        becomes: 'case "$sum" in *) touch',
      },
    ],
  },
];

const browserAndClients: readonly Protection[] = [
  {
    name: "another protocol gets no answer",
    test: {
      file: `${SERVICE_TESTS}/test_connection.py`,
      name: "test_another_protocol_gets_no_answer",
    },
    out: [
      {
        file: `${SERVICE}/connection.py`,
        was: 'if not data.startswith(b"{"):',
        becomes: "if not data:",
      },
    ],
  },
  {
    name: "all requests together have a bound",
    test: {
      file: `${SERVICE_TESTS}/test_budget.py`,
      name: "test_all_together_hold_no_more_than_the_limit",
    },
    out: [
      {
        file: `${SERVICE}/budget.py`,
        was: "if more > 0 and self._held + more > self.limit:",
        becomes: "if more > 0 and after > self.limit:",
      },
    ],
  },
  {
    name: "unfinished requests count together",
    test: {
      file: `${SERVICE_TESTS}/test_limits.py`,
      name: "test_all_unfinished_requests_together",
    },
    out: [
      {
        file: `${SERVICE}/connection.py`,
        was: "self._held.hold(len(self._received))",
        becomes: "self._held.hold(0)",
      },
    ],
  },
  {
    name: "who isn't authenticated may not send much",
    test: {
      file: `${SERVICE_TESTS}/test_limits.py`,
      name: "test_who_is_not_authenticated_may_not_send_much",
    },
    out: [
      {
        file: `${SERVICE}/connection.py`,
        was: "self._received.size_limit = house.limits.greeting_size",
        becomes: "self._received.size_limit = house.limits.request.size",
      },
    ],
  },
  {
    name: "values are counted while they come",
    test: {
      file: `${SERVICE_TESTS}/test_framing.py`,
      name: "test_what_would_take_long_to_read",
    },
    out: [
      {
        file: `${SERVICE}/framing.py`,
        was: "if max(self._signs, self._strings) > limits.values:",
        becomes: "if False:",
      },
    ],
  },
  {
    name: "levels of nesting are counted while they come",
    test: {
      file: `${SERVICE_TESTS}/test_framing.py`,
      name: "test_what_would_take_long_to_read",
    },
    out: [
      {
        file: `${SERVICE}/framing.py`,
        was: "if self._depth > limits.depth:",
        becomes: "if False:",
      },
    ],
  },
  {
    name: "escapes are counted while they come",
    test: {
      file: `${SERVICE_TESTS}/test_framing.py`,
      name: "test_what_would_take_long_to_read",
    },
    out: [
      {
        file: `${SERVICE}/framing.py`,
        was: "if self._escapes > self._limits.escapes:",
        becomes: "if False:",
      },
    ],
  },
  {
    name: "each connection has a thread of its own",
    test: {
      file: `${SERVICE_TESTS}/test_connection.py`,
      name: "test_a_client_that_does_not_read_holds_up_nobody",
    },
    out: [
      {
        file: `${SERVICE}/connection.py`,
        was: "        send_all(self._socket, data, self._limits.stall_seconds)",
        becomes:
          "        with _parsing_large:\n            send_all(self._socket, data, self._limits.stall_seconds)",
      },
    ],
  },
  {
    name: "a client that doesn't take its answer is ended",
    test: {
      file: `${SERVICE_TESTS}/test_limits.py`,
      name: "test_a_client_that_does_not_take_its_answer",
    },
    out: [
      {
        file: `${SERVICE}/sending.py`,
        was: "    sock.wait_at_most(send=seconds)\n",
        becomes: "    sock.wait_at_most(send=3600)\n",
      },
    ],
  },
  {
    name: "a connection that has ended makes room",
    test: {
      file: `${SERVICE_TESTS}/test_wire_fuzz.py`,
      name: "test_inputs_that_nobody_would_send",
    },
    out: [
      {
        file: `${SERVICE}/listener.py`,
        was: "        self._admission.leave(connection)\n",
        becomes: "",
      },
    ],
  },
  {
    name: "a connection that has ended leaves nothing open",
    test: { file: "tests/e2e/service-soak.test.ts" },
    out: [
      {
        file: `${SERVICE}/connection.py`,
        was: "            self._held.release()\n            self._close()\n",
        becomes: "            self._held.release()\n",
      },
      {
        file: `${SERVICE}/listener.py`,
        was: "            self._connections.pop(connection, None)\n",
        becomes: "            pass\n",
      },
    ],
  },
  {
    name: "uploads have only wheels' names",
    test: { file: `${SERVICE_TESTS}/test_part_file.py`, name: "test_only_wheels_and_their_parts" },
    out: [
      {
        file: `${SERVICE}/upload_folder.py`,
        was: "if is_wheel or (_PLAIN.fullmatch(name) and _is_temporary(folder)):",
        becomes: 'if is_wheel or (_PLAIN.fullmatch(name) and folder != ""):',
      },
    ],
  },
];

const hostileService: readonly Protection[] = [
  {
    name: "what others wrote is shown instead of done",
    test: {
      file: "tests/e2e/server-hostile.test.ts",
      name: "do nothing on a terminal, and become no paths here",
    },
    out: [
      {
        file: "src/ui/harmless.ts",
        was: 'return text.replace(actingInText, visible).replace(posing, "  ");',
        becomes: 'return text.replace(posing, "  ");',
      },
    ],
  },
  {
    name: "answers are checked as a whole",
    test: {
      file: "tests/e2e/server-hostile.test.ts",
      name: "is named, with a hint; nothing is written here, and nothing runs on",
    },
    out: [
      {
        file: "src/remote/checked.ts",
        was: "if (read.success) return read.output;",
        becomes: "if (read.success || value !== read) return value as v.InferOutput<S>;",
      },
    ],
  },
  {
    name: "only a process that the system shows at the other end is ended",
    test: {
      file: "tests/e2e/server-hostile.test.ts",
      name: "a process that the server names is never ended",
    },
    out: [
      {
        file: "src/cmd/_stopping.ts",
        was: "new LocalProcess(pid, { certain: peers.has(pid) })",
        becomes: "new LocalProcess(pid, { certain: true })",
      },
    ],
  },
  {
    name: "stop --force ends only a Blender",
    test: {
      file: "tests/e2e/stop.test.ts",
      name: "another program that doesn't answer is named by nobody, nor ended",
    },
    out: [
      {
        file: "src/cmd/_silent-blender.ts",
        was: "|| others.length > 0 || !(await isBlenderProcess(pid))",
        becomes: "|| others.length > 0",
      },
    ],
  },
  {
    name: "only the configured Blender is started by what nobody has proved",
    test: {
      file: "tests/unit/cmd/_own-start.test.ts",
      name: "but the configured Blender alone, in this folder",
    },
    out: [
      {
        file: "src/cmd/_own-start.ts",
        was: "if (isPlain(record, local)) return { ...record, folder: process.cwd() };",
        becomes: "if (isPlain(record, local)) return record;",
      },
    ],
  },
  {
    name: "nothing else is",
    test: {
      file: "tests/unit/cmd/_own-start.test.ts",
      name: "what nobody has proved isn't started",
    },
    out: [
      {
        file: "src/cmd/_own-start.ts",
        was: "if (isPlain(record, local)) return",
        becomes: "if (isPlain(record, local) || true) return",
      },
    ],
  },
  {
    name: "and that with a token",
    test: {
      file: "tests/unit/cmd/_own-start.test.ts",
      name: "what nobody has proved isn't started",
    },
    out: [
      {
        file: "src/cmd/_own-start.ts",
        was: 'record.authentication === "own" &&',
        becomes: "",
      },
    ],
  },
];

const ARCHIVES = {
  file: "tests/unit/local/addon-source/source.test.ts",
  name: "archives that must not be unpacked",
};

const archives: readonly Protection[] = [
  {
    name: "an archive stays in its folder",
    test: ARCHIVES,
    out: [
      {
        file: "src/local/addon-source/file-tree.ts",
        was: 'if (parts.includes("..")) throw unsafe(path, "leads out of the source");',
        becomes: "",
      },
    ],
  },
  {
    name: "an archive brings no links",
    test: ARCHIVES,
    out: [
      {
        file: "src/local/addon-source/archive.ts",
        was: 'if (type === 0o120000) return "link";',
        becomes: 'if (type === 0o120000) return "file";',
      },
    ],
  },
  {
    name: "an archive has bounds",
    test: ARCHIVES,
    out: [
      {
        file: "src/local/addon-source/archive.ts",
        was: "if (tree.total > bounds.small && tree.total > bounds.ratio * size) {",
        becomes: "if (tree.total < 0) {",
      },
    ],
  },
  {
    name: "an extension's id is no device",
    test: {
      file: "tests/unit/local/addon-source/source.test.ts",
      name: "an extension whose id Windows has for a device",
    },
    out: [
      {
        file: "src/local/addon-source/extension-manifest.ts",
        was: '    v.check((id) => !isDevice(id), "it is the name of a device on Windows"),\n',
        becomes: "",
      },
    ],
  },
];

const indexes: readonly Protection[] = [
  {
    name: "every wheel is checked by its hash",
    test: { file: "tests/unit/local/index/fetch-wheels.test.ts", name: "nothing is kept" },
    out: [
      {
        file: "src/local/index/fetch-wheels.ts",
        was: "if (told.hash !== undefined && told.hash !== hash)",
        becomes: 'if (told.hash === "")',
      },
    ],
  },
  {
    name: "what an index says of a hash counts for its own files",
    test: {
      file: "tests/unit/local/index/hostile.test.ts",
      name: "what one index says of a hash isn't believed of another's wheel",
    },
    out: [
      {
        file: "src/local/index/wheel-metadata.ts",
        // biome-ignore lint/suspicious/noTemplateCurlyInString: it stands so in that file
        was: " ${told.hash} ${file.url}`",
        // biome-ignore lint/suspicious/noTemplateCurlyInString: as above
        becomes: " ${told.hash}`",
      },
    ],
  },
  {
    name: "a package comes from the first index that has it",
    test: {
      file: "tests/unit/local/index/hostile.test.ts",
      name: "an index whose files are of no use keeps the next one out all the same",
    },
    out: [
      {
        file: "src/local/index/projects.ts",
        was: "return left.length === 0 ? files.slice(0, 1) : left;",
        becomes: "return left;",
      },
    ],
  },
  {
    name: "a password goes to its host alone",
    test: {
      file: "tests/unit/local/index/plan.test.ts",
      name: "a name and a password go to that host, and nowhere else",
    },
    out: [
      {
        file: "src/local/index/credentials.ts",
        was: "of: (url) => told.get(url.host) ??",
        becomes: "of: (url) => [...told.values()][0] ??",
      },
    ],
  },
  {
    name: "a password doesn't follow a redirect to another host",
    test: {
      file: "tests/unit/local/index/followed.test.ts",
      name: "a name and password go no farther than the server that they are for",
    },
    out: [
      {
        file: "src/local/index/followed.ts",
        was: "if (next.origin !== at.origin) {",
        becomes: 'if (next.origin === "") {',
      },
    ],
  },
  {
    name: "no redirect leads through an address that others may write",
    test: {
      file: "tests/unit/local/index/followed.test.ts",
      name: "no step in between goes through an address that others may write",
    },
    out: [
      {
        file: "src/local/index/followed.ts",
        was: "    check(at);\n",
        becomes: "    if (steps === 0) check(at);\n",
      },
    ],
  },
  {
    name: "a file of an index has a bound",
    test: {
      file: "tests/unit/local/index/hostile.test.ts",
      name: "or of which it says too large a one, isn't asked for",
    },
    out: [
      {
        file: "src/local/index/client.ts",
        was: "if (size !== null && size > this.#mostOfFile) throw",
        becomes: "if (size === -1) throw",
      },
    ],
  },
];

const thisMachine: readonly Protection[] = [
  {
    name: "the executable reads no .env and no bunfig.toml",
    test: { file: "tests/e2e/current-folder.test.ts" },
    out: [
      { file: "build.ts", was: "autoloadDotenv: false", becomes: "autoloadDotenv: true" },
      { file: "build.ts", was: "autoloadBunfig: false", becomes: "autoloadBunfig: true" },
    ],
  },
  {
    name: "Blender's Python takes no modules of the folder",
    test: { file: "tests/e2e/current-folder.test.ts" },
    out: [
      {
        file: "src/remote/python/interpreter.ts",
        was: 'pip: [executable, "-I", ',
        becomes: "pip: [executable, ",
      },
    ],
  },
  {
    name: "no program is looked for in the folder",
    test: { file: "tests/e2e/current-folder.test.ts" },
    out: [
      {
        file: "src/local/files/programs.ts",
        was: "filter((folder) => /^([/\\\\]|[A-Za-z]:[/\\\\])/.test(folder))",
        becomes: "filter((folder) => folder !== undefined)",
      },
    ],
  },
  {
    name: "a configuration has a bound",
    test: { file: "tests/unit/local/config/config.test.ts", name: "too long, to read or to write" },
    out: [
      {
        file: "src/local/config/config.ts",
        was: "return await wholeText(path, longestConfiguration);",
        becomes: "return await wholeText(path, Infinity);",
      },
    ],
  },
  {
    name: "a manifest has a bound",
    test: {
      file: "tests/unit/local/files/toml.test.ts",
      name: "a text that is too long for a manifest",
    },
    out: [
      {
        file: "src/local/files/toml.ts",
        was: "if (source.length > longestText)",
        becomes: "if (source.length < 0)",
      },
    ],
  },
  {
    name: "a lock has no table with very many keys",
    test: { file: "tests/unit/wheels/toml.test.ts", name: "too many for Bun's parser" },
    out: [
      {
        file: "src/wheels/toml.ts",
        was: "if (hasTooManyKeys(text)) return",
        becomes: 'if (hasTooManyKeys(text) && text === "") return',
      },
    ],
  },
];

// With these out, the tests are still to touch nothing but their own temporary folders.
const purging: readonly Protection[] = [
  {
    name: "pkg purge-cache refuses the root",
    test: { file: PURGE_TEST, name: "test_the_root" },
    out: [
      PURGES_NOTHING,
      { file: PURGE, was: "if folder == Path(folder.anchor):", becomes: "if False:" },
    ],
  },
  {
    name: "it refuses the home folder",
    test: { file: PURGE_TEST, name: "test_home_and_what_holds_it" },
    out: [
      PURGES_NOTHING,
      { file: PURGE, was: "if folder == home or folder in home.parents:", becomes: "if False:" },
    ],
  },
  {
    name: "it refuses mount points with other things",
    test: { file: PURGE_TEST, name: "test_a_mount_point" },
    out: [
      PURGES_NOTHING,
      {
        file: PURGE,
        was: 'if order["names"] is None and foreign and os.path.ismount(folder):',
        becomes: "if False:",
      },
    ],
  },
  {
    name: "it refuses Blender's own folders",
    test: { file: PURGE_TEST, name: "test_blenders_own" },
    out: [
      PURGES_NOTHING,
      { file: PURGE, was: '(blender_folders(), "Blender")', becomes: '(set[Path](), "Blender")' },
    ],
  },
  {
    name: "it refuses Python's own folders",
    test: { file: PURGE_TEST, name: "test_the_user_site" },
    out: [
      PURGES_NOTHING,
      { file: PURGE, was: '(python_folders(), "Python")', becomes: '(set[Path](), "Python")' },
    ],
  },
  {
    name: "it follows no link",
    test: { file: PURGE_TEST, name: "test_a_link_to_a_wheelhouse" },
    out: [{ file: PURGE, was: "if given.is_symlink():", becomes: "if False:" }],
  },
  {
    name: "it takes only what wheelhouses hold",
    test: { file: PURGE_TEST, name: "test_files_stay" },
    out: [
      {
        file: PURGE,
        was: "elif is_of_a_wheelhouse(entry.name, info):",
        becomes: "elif stat.S_ISREG(info.st_mode):",
      },
    ],
  },
];

/** In the order of SECURITY.md. */
export const protections: readonly Protection[] = [
  ...anotherUser,
  ...network,
  ...throughSsh,
  ...browserAndClients,
  ...hostileService,
  ...archives,
  ...indexes,
  ...thisMachine,
  ...purging,
];
