import { expect, test } from "bun:test";
import { mkdir, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Failure, messageOf, systemCodeBehind } from "../../src/failure.ts";
import { RemoteError } from "../../src/remote/script/failures.ts";
import { systemWords } from "../../src/system-words.ts";
import { isEmulated, isWindows, posixOnly } from "../support/systems.ts";

const codes =
  "EACCES ENOENT ENOTFOUND ECONNREFUSED ENOSPC EPIPE EISDIR ENOTDIR EPERM EROFS EMFILE ETIMEDOUT EHOSTUNREACH EAI_AGAIN EBUSY ETXTBSY ELOOP ENAMETOOLONG EEXIST EXDEV ENETUNREACH EADDRINUSE EFBIG ENOTEMPTY EDQUOT ECONNRESET WSAEACCES WSAECONNREFUSED";

for (const code of codes.split(" ")) {
  test(`${code} has words`, () => {
    expect(systemWords(code)).toMatch(/^[a-z][a-z' -]*(, [a-z' -]+)*$/);
  });
}

test("what isn't a system's code has none", () => {
  for (const code of ["", "UNKNOWN", "remote-error", "ERR_INVALID_ARG_TYPE", "toString"]) {
    expect(systemWords(code)).toBeUndefined();
  }
});

async function thrownBy(work: () => Promise<unknown>): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

posixOnly("its examples are files of POSIX systems")(
  "errors of the system are told in words, without the code and the call",
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "system-words-"));
    const loop = `${folder}/loop`;
    await symlink(loop, loop);
    const cases: [string, () => Promise<unknown>][] = [
      ["no such file or folder", () => readFile(`${folder}/missing`)],
      ["it is a folder", () => readFile(folder)],
      ["it, or a part of its path, isn't a folder", () => readFile("/etc/hostname/x")],
      ["its links lead in a circle", () => readFile(loop)],
      ["name too long", () => readFile(`${folder}/${"x".repeat(300)}`)],
      ["it exists already", () => mkdir(folder)],
      [
        "nothing listens there",
        () => Bun.connect({ hostname: "127.0.0.1", port: 1, socket: { data() {} } }),
      ],
    ];
    for (const [words, work] of cases) expect(messageOf(await thrownBy(work))).toBe(words);
    await rm(folder, { recursive: true });
  },
);

test.skipIf(isWindows || isEmulated)(
  "that a program may not be started, too (POSIX only, and not by QEMU, which loses the reason)",
  async () => {
    const error = await thrownBy(async () => Bun.spawn(["/etc/passwd"]));
    expect(messageOf(error)).toBe("permission denied");
  },
);

test("a failure keeps its own message, and the code behind it can be found", async () => {
  const cause = await thrownBy(() => readFile("/missing"));
  const failure = new Failure("outer", "a message", {
    cause: new Failure("inner", "x", { cause }),
  });
  expect(messageOf(failure)).toBe("a message");
  expect(systemCodeBehind(failure)).toBe("ENOENT");
  expect(systemCodeBehind(new Failure("plain", "x"))).toBeUndefined();
});

test("an error of Python's has the system's words, or Windows' own that say more", () => {
  const error = { type: "PermissionError", path: null, traceback: "" };
  const reasonOf = (errno: string | null, message: string) =>
    new RemoteError({ ...error, errno, message }).reason;
  expect(reasonOf("EACCES", "Permission denied")).toBe("permission denied");
  expect(reasonOf("EACCES", "The process cannot access the file")).toBe(
    "The process cannot access the file",
  );
  expect(reasonOf("ENOSPC", "No space left on device")).toBe("the disk is full");
  expect(reasonOf(null, "odd")).toBe("odd");
  expect(systemCodeBehind(new RemoteError({ ...error, errno: "EROFS", message: "" }))).toBe(
    "EROFS",
  );
});
