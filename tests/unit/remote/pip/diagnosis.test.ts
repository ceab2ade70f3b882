import { describe, expect, test } from "bun:test";
import { diagnosePip, type PipDiagnosis } from "../../../../src/remote/pip/diagnosis.ts";
import { again, rendered, text } from "../../../../src/text.ts";
import { quoted } from "../../../support/systems.ts";

function hintOf(found: PipDiagnosis | undefined): string {
  return rendered(found?.hint ?? "");
}

// What pip 23 to 26 write in these cases, shortened to the lines that matter.
const cases: [code: string, output: string, detail: string][] = [
  [
    "no-matching-distribution",
    "ERROR: Could not find a version that satisfies the requirement brone>=9 (from versions: 1.0)\nERROR: No matching distribution found for brone>=9",
    "brone>=9",
  ],
  [
    "no-network",
    "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError(': Failed to establish a new connection: [Errno -3] Temporary failure in name resolution')': /simple/brone/\nERROR: Could not find a version that satisfies the requirement brone (from versions: none)\nERROR: No matching distribution found for brone",
    "can't be reached",
  ],
  [
    "certificate",
    "Could not fetch URL: There was a problem confirming the ssl certificate: SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed'))\nERROR: No matching distribution found for brone",
    "certificate",
  ],
  [
    "proxy",
    "WARNING: Retrying after connection broken by 'ProxyError('Cannot connect to proxy.', NewConnectionError('refused'))'",
    "proxy",
  ],
  [
    "resolution-impossible",
    "ERROR: Cannot install a==1 and b==2 because these package versions have conflicting dependencies.\nERROR: ResolutionImpossible: for help visit the documentation",
    "contradict",
  ],
  [
    "hash-mismatch",
    "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.",
    "hash",
  ],
  [
    "hash-mismatch",
    "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If you have updated\n    brone==1.0 from file:///w/brone-1.0-py3-none-any.whl (from -r /tmp/x/own/requirements.txt (line 1)):\n        Expected sha256 00",
    "brone==1.0 has another hash",
  ],
  [
    "hash-missing",
    "ERROR: Hashes are required in --require-hashes mode, but they are missing from some requirements. Here is\n    brone==1.0 --hash=sha256:c1",
    "brone lacks them",
  ],
  [
    "hash-missing",
    "ERROR: In --require-hashes mode, all requirements must have their versions pinned with ==. These do not:\n    brtwo from file:///w/brtwo-1.0-py3-none-any.whl (from brone==1.0->-r /tmp/x/own/requirements.txt (line 1))",
    "brtwo lacks them",
  ],
  [
    "no-matching-distribution",
    "ERROR: Could not find a version that satisfies the requirement brone==9 (from -r /var/tmp (1)/own/requirements.txt (line 1)) (from versions: 1.0)\nERROR: No matching distribution found for brone==9 (from -r /var/tmp (1)/own/requirements.txt (line 1))",
    "no version fits brone==9; the newest are 1.0",
  ],
  [
    "no-matching-distribution",
    "ERROR: Could not find a version that satisfies the requirement brtwo>2 (from brone->-r /tmp/x/own/requirements.txt (line 1)) (from versions: 1.0)\nERROR: No matching distribution found for brtwo>2",
    "no version fits brtwo>2, which brone needs,; the newest are 1.0",
  ],
  [
    "permission",
    "ERROR: Could not install packages due to an OSError: [Errno 13] Permission denied: '/opt/blender/5.0/python/lib/python3.11/site-packages/x'",
    "/opt/blender/5.0/python/lib/python3.11/site-packages/x",
  ],
  [
    "in-use",
    "ERROR: Could not install packages due to an OSError: [WinError 5] Access is denied: 'C:\\\\B\\\\site-packages\\\\numpy\\\\core\\\\_multiarray.cp311-win_amd64.pyd'",
    "go of C:\\B\\site-packages\\numpy\\core\\_multiarray.cp311-win_amd64.pyd while",
  ],
  [
    "in-use",
    "ERROR: Could not install packages due to an OSError: [WinError 32] The process cannot access the file because it is being used by another process: 'C:\\\\B\\\\br.txt'",
    "go of C:\\B\\br.txt while",
  ],
  [
    "permission",
    "ERROR: Could not install packages due to an OSError: [WinError 5] Access is denied: 'C:\\\\Program Files\\\\B\\\\site-packages\\\\br'",
    "write to C:\\Program Files\\B\\site-packages\\br install",
  ],
  [
    "no-space",
    "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
    "full",
  ],
  [
    "externally-managed",
    "error: externally-managed-environment\n\n× This environment is",
    "system",
  ],
  [
    "bad-wheel",
    "ERROR: Wheel 'brone' located at /w/brone-1.0-py3-none-any.whl is invalid.",
    "corrupt",
  ],
  ["bad-wheel", "zipfile.BadZipFile: Bad CRC-32 for file 'one/two.py'", "one/two.py"],
  [
    "untrusted-host",
    "WARNING: The repository located at h.example is not a trusted or secure host and is being ignored. If this repository is available via HTTPS we recommend you use HTTPS instead, otherwise you may silence this warning and allow it anyway with '--trusted-host h.example'.\nERROR: Could not find a version that satisfies the requirement xx (from versions: none)\nERROR: No matching distribution found for xx",
    "--trusted-host h.example",
  ],
  [
    "uninstall-no-record-file",
    "ERROR: Cannot uninstall norec 1.0, RECORD file not found. You might be able to recover from this via: 'pip install --force-reinstall --no-deps norec==1.0'.",
    "pkg pip -- install --ignore-installed --no-deps norec==1.0",
  ],
  [
    "uninstall-no-record-file",
    "error: uninstall-no-record-file\n\n× Cannot uninstall norec 1.0\n╰─> The package's contents are unknown: no RECORD file was found for norec.\n\nhint: You might be able to recover from this via: pip install --force-reinstall --no-deps norec==1.0",
    "norec 1.0",
  ],
  [
    "uninstall-no-record-file",
    "ERROR: Cannot uninstall norec 1.0, RECORD file not found. Hint: The package was installed by debian.",
    "package manager (debian)",
  ],
  [
    "uninstall-distutils-installed-package",
    "ERROR: Cannot uninstall 'disty'. It is a distutils installed project and thus we cannot accurately determine which files belong to it which would lead to only a partial uninstall.",
    "disty",
  ],
  [
    "uninstall-distutils-installed-package",
    "error: uninstall-distutils-installed-package\n\n× Cannot uninstall disty 1.0\n╰─> It is a distutils installed project and thus we cannot",
    "disty",
  ],
  [
    "bad-pip-config",
    "ERROR: Configuration file could not be loaded.\nFile contains no section headers.\nfile: '/etc/pip.conf', line: 1\n'nonsense\\n'",
    "/etc/pip.conf",
  ],
  [
    "bad-pip-config",
    "ERROR: Configuration file contains invalid utf-8 characters in /etc/pip.conf.",
    ": /etc/pip.conf ",
  ],
  [
    "hash-missing",
    "ERROR: Hashes are required in --require-hashes mode, but they are missing from some requirements. Here is a list of those requirements along with the hashes their downloaded archives actually had. Add lines like these to your requirements files to prevent tampering. (If you did not enable --require-hashes manually, note that it turns on automatically when any package has a hash.)\n    brone==1.0 --hash=sha256:aa\n",
    "brone lacks them",
  ],
  ["no-pip", "/opt/blender/python3.11: No module named pip", "pip"],
  ["no-pip", "ModuleNotFoundError: No module named 'pip._internal'", "pip"],
  ["old-pip", "no such option: --report", "--report"],
  [
    "build-failed",
    "error: subprocess-exited-with-error\n  note: This is an issue with the package mentioned above, not pip.\nERROR: Failed building wheel for pycrypto\n",
    "no wheel of pycrypto fits",
  ],
  [
    "build-failed",
    "error: subprocess-exited-with-error\nERROR: Failed to build 'pycrypto' when getting it",
    "no wheel of pycrypto fits",
  ],
  [
    "no-input",
    "Exception: No input was expected ($PIP_NO_INPUT set); question: Proceed (Y/n)? ",
    "uninstall -y",
  ],
];

describe("diagnosePip", () => {
  test.each(cases)("%s", (code, output, detail) => {
    const found = diagnosePip(`Looking in links: /w\n${output}\n`, { wheelhouse: undefined });
    expect(found?.code).toBe(code);
    expect(`${found?.message} ${hintOf(found)}`).toContain(detail);
    expect(hintOf(found).length).toBeGreaterThan(10);
  });

  test("a failure that isn't known stays without a guess", () => {
    expect(diagnosePip("ERROR: something new", { wheelhouse: "/w" })).toBeUndefined();
  });

  test("versions that don't go with what Blender brings", () => {
    const output =
      "The conflict is caused by:\n    xx 1.0 depends on numpy>=2\n    The user requested (constraint) numpy==1.26.4\n\nERROR: ResolutionImpossible: for help visit";
    const found = diagnosePip(output, { wheelhouse: "/w", pins: "numpy==1.26.4\n" });
    expect(found?.code).toBe("resolution-impossible");
    expect(found?.message).toBe(
      "no versions go together: xx 1.0 needs numpy>=2; Blender brings numpy 1.26.4, which is kept",
    );
    expect(found?.hint).toEqual(
      text`ask for a version that goes with what Blender brings, or allow to replace that: '${again("--replace-bundled")}'`,
    );
    const theirs = diagnosePip(output, { wheelhouse: "/w" });
    expect(theirs?.message).toContain("a constraint asks for numpy==1.26.4");
    expect(hintOf(theirs)).not.toContain("--replace-bundled");
  });

  test("a wheel that pip doesn't name", () => {
    const output = "ERROR: Exception:\nzlib.error: Error -3 while decompressing data";
    const message = (...damaged: string[]) =>
      diagnosePip(output, { wheelhouse: "/w", damaged })?.message;
    expect(message("a.whl")).toBe("a.whl is corrupt");
    expect(message("a.whl", "b.whl")).toBe("one of these wheels is corrupt: a.whl, b.whl");
    expect(message()).toBe("a wheel is corrupt");
  });

  test("the same over it, from the wheelhouse", () => {
    const output = "ERROR: Cannot uninstall norec 1.0, RECORD file not found.";
    expect(hintOf(diagnosePip(output, { wheelhouse: "/w w" }))).toContain(
      `install --ignore-installed --no-deps --no-index --find-links ${quoted("/w w")} norec==1.0`,
    );
  });

  test("the way on differs online and offline", () => {
    const output = "ERROR: No matching distribution found for x";
    const online = hintOf(diagnosePip(output, { wheelhouse: undefined }));
    const offline = hintOf(diagnosePip(output, { wheelhouse: "/w" }));
    expect(online).toContain("spelling");
    expect(offline).toContain("pkg download PACKAGE");
  });

  // pip 23.0 and 26.3, word for word.
  const notFound = (requirement: string, versions: string) =>
    `ERROR: Could not find a version that satisfies the requirement ${requirement} (from versions: ${versions})\nERROR: No matching distribution found for ${requirement.split(" ")[0]}\n`;
  const online = { wheelhouse: undefined };

  test("a name that the index doesn't know: the spelling, no wheels", () => {
    const found = diagnosePip(notFound("numpyy", "none"), online);
    expect(found?.message).toBe("the package index has nothing of the name numpyy for this Python");
    expect(hintOf(found)).toContain("spelling");
    expect(hintOf(found)).toContain("--index-url");
    expect(hintOf(found)).not.toContain("push");
  });

  test("a version that it doesn't have: the newest that it has", () => {
    const found = diagnosePip(notFound("colorama==99", "0.4.3, 0.4.4, 0.4.5, 0.4.6"), online);
    expect(found?.message).toBe("no version fits colorama==99; the newest are 0.4.6, 0.4.5, 0.4.4");
    expect(hintOf(found)).toBe("ask for one of these");
  });

  test("pre-releases only where there is nothing else", () => {
    const found = diagnosePip(notFound("a>9", "1.0, 1.1rc1, 1.1, 2.0.dev3"), online);
    expect(found?.message).toEndWith("the newest are 1.1, 1.0");
    const early = diagnosePip(notFound("a>9", "1.0a1, 1.0rc1"), online);
    expect(early?.message).toEndWith("the newest are 1.0rc1, 1.0a1");
  });

  test("something that another package needs: which one", () => {
    const output = notFound("brmissing>=2 (from brneedy)", "none");
    const found = diagnosePip(output, { wheelhouse: "/w" });
    expect(found?.message).toBe(
      "nothing that fits brmissing>=2, which brneedy needs, is in the wheelhouse",
    );
  });
});
