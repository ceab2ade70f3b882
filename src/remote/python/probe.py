"""What Blender's Python is, and what it lets a package manager do.

The first call gives what can be said at once and starts a thread for what takes other processes
(which interpreter is Blender's, its pip, its wheel tags, the package index). Later calls ask for
the thread's findings. So no call keeps Blender's main thread for long.
"""

import ast
import json
import ntpath
import os
import platform
import re
import site
import subprocess
import sys
import sysconfig
import threading
import traceback
import types
import uuid
from collections.abc import Callable, Iterable
from typing import Any

import bpy
from masking import masked

IDENTITY_SECONDS = 5
PIP_SECONDS = 20
INDEX_CONNECT_SECONDS = 3
INDEX_SECONDS = 6
DEFAULT_INDEX = "https://pypi.org/simple"
JOBS_MODULE = "_blender_remote_probe_jobs"

Answer = dict[str, Any]


# What can be said at once, on Blender's main thread


def same_path(one: str, other: str) -> bool:
    """Tell whether two paths name the same place, links resolved."""
    return os.path.normcase(os.path.realpath(one)) == os.path.normcase(os.path.realpath(other))


def write_error(folder: str) -> str | None:
    """Try to create a file in a folder, or in the nearest one above that exists.

    Permission bits, read-only mounts, access lists and Windows' virtual folders make every other
    answer a guess. Nothing stays behind. Gives None when it worked, else why not.
    """
    while not os.path.lexists(folder):
        above = os.path.dirname(folder)
        if above == folder:
            break
        folder = above
    # Not tempfile: on Windows it tries again and again where access is denied.
    path = os.path.join(folder, f".blender-remote-{uuid.uuid4().hex}")
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        os.remove(path)
    except OSError as error:
        return error.strerror or str(error)
    return None


def folder_facts(path: str) -> Answer:
    """Give ``{"path", "exists", "writable", "error", "on_path"}`` of a folder for packages."""
    error = write_error(path)
    return {
        "path": path,
        "exists": os.path.isdir(path),
        "writable": error is None,
        "error": error,
        "on_path": any(same_path(path, entry) for entry in sys.path if entry),
    }


def site_folders() -> list[str]:
    """Give the site-packages folders, the one that pip installs into first, each once."""
    found: list[str] = []
    candidates = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    # Missing in the `site` module of old virtual environments.
    candidates += getattr(site, "getsitepackages", list)()
    for path in candidates:
        if path and not any(same_path(path, known) for known in found):
            found.append(path)
    return found


def externally_managed() -> str | None:
    """Give the path of the marker of PEP 668; a virtual environment isn't subject to it."""
    if sys.prefix != sys.base_prefix:
        return None
    marker = os.path.join(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED")
    return marker if os.path.isfile(marker) else None


def user_modules() -> Answer | None:
    """Give the facts of the folder under Blender's user scripts that is on its path at every start.

    Blender adds ``scripts/addons/modules`` even while it doesn't exist.
    """
    path = bpy.utils.user_resource("SCRIPTS", path=os.path.join("addons", "modules"))
    return folder_facts(path) if path else None


def site_facts() -> Answer:
    user = site.getusersitepackages()
    return {
        "packages": [folder_facts(path) for path in site_folders()],
        "purelib": sysconfig.get_path("purelib"),
        "user": {
            "path": user,
            "exists": os.path.isdir(user),
            "enabled": bool(site.ENABLE_USER_SITE),
        },
        "user_modules": user_modules(),
        "externally_managed": externally_managed(),
    }


def libc() -> Answer | None:
    """Give name and version of the C library, where they can be told."""
    try:
        name, version = platform.libc_ver()
    # Reads sys.executable, which Blender may leave as None.
    except (OSError, TypeError, ValueError):
        return None
    return {"name": name, "version": version} if name else None


def blender_facts() -> Answer:
    return {
        "version": bpy.app.version_string,
        "version_tuple": list(bpy.app.version),
        "binary": bpy.app.binary_path or None,
        "background": bool(bpy.app.background),
    }


def python_facts() -> Answer:
    # Blender 3.x has no python_args.
    args = getattr(bpy.app, "python_args", None)
    return {
        "version": platform.python_version(),
        "implementation": sys.implementation.name,
        "sys_executable": sys.executable or None,
        "python_args": None if args is None else list(args),
        "platform": sysconfig.get_platform(),
        "machine": platform.machine(),
        "libc": libc(),
        "prefix": sys.prefix,
        "base_prefix": sys.base_prefix,
    }


def online_access() -> bool | None:
    """Give Blender's preference; None for a Blender that has no such setting (before 4.2)."""
    allowed = getattr(bpy.app, "online_access", None)
    return None if allowed is None else bool(allowed)


# What takes other processes, on a thread of its own (where nothing may touch bpy)


class NoAnswerError(Exception):
    """A process that was asked couldn't be started, failed, took too long or spoke nonsense."""


def clean_environment() -> dict[str, str]:
    """Give the environment without what changes how Python starts; proxies and PIP_* stay."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith("PYTHON") and name != "__PYVENV_LAUNCHER__"
    }


def output_of(argv: list[str], seconds: float, text: str = "") -> str:
    """Run a process to its end and give its standard output.

    Raises:
        NoAnswerError: it can't be started, fails, or isn't done in time.
    """
    try:
        done = subprocess.run(
            argv,
            input=text.encode(),
            capture_output=True,
            timeout=seconds,
            env=clean_environment(),
            check=False,
            # Else a console window would open over a Blender with a GUI.
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except subprocess.TimeoutExpired:
        raise NoAnswerError(f"no answer within {seconds:g} s") from None
    except OSError as error:
        raise NoAnswerError(error.strerror or str(error)) from None
    if done.returncode != 0:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        reason = lines[-1].strip() if lines else f"exit status {done.returncode}"
        # Python puts its own path before "No module named pip".
        raise NoAnswerError(masked(re.sub(r"^.*python[\w.]*: ", "", reason)))
    return done.stdout.decode(errors="replace")


class Interpreter:
    """An interpreter's executable, and ``interpreter.py`` to ask it with."""

    def __init__(self, executable: str, source: str) -> None:
        self.executable = executable
        self._source = source

    def ask(self, mode: str, seconds: float, arguments: Answer | None = None) -> Answer:
        """Give the answer of one mode of ``interpreter.py``.

        Raises:
            NoAnswerError: as ``output_of``, or the answer isn't JSON.
        """
        argv = [self.executable, "-I", "-X", "utf8", "-", mode, json.dumps(arguments)]
        output = output_of(argv, seconds, self._source)
        try:
            return json.loads(output)
        except ValueError:
            raise NoAnswerError(f"answered {output[:80]!r}") from None

    def pip(self) -> list[str]:
        """Give the command line that runs pip, to be followed by its arguments."""
        return [self.executable, "-I", "-m", "pip"]


def executable_candidates(prefix: str) -> list[str]:
    """Give the paths that the running Python's executable may have, the likeliest first.

    ``sys.executable`` alone won't do: Blender sets it to the first pythonX.Y on PATH, which may be
    a shim or another installation, or to None.
    """
    name = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    candidates = [
        sys.executable,
        # Blender before 2.91.
        getattr(bpy.app, "binary_path_python", None),
        os.path.join(prefix, "bin", name),
        os.path.join(prefix, "bin", "python3"),
        os.path.join(prefix, "bin", "python"),
        os.path.join(prefix, "bin", "python.exe"),
        os.path.join(prefix, "python.exe"),
        os.path.join(prefix, "Scripts", "python.exe"),
    ]
    # A Blender that takes itself for Python would open a window.
    pythons = [path for path in candidates if path and "python" in ntpath.basename(path).lower()]
    # What lies elsewhere, a shim for instance, is started only when nothing in the prefix fits.
    pythons.sort(key=lambda path: not path.startswith(prefix + os.sep))
    return list(dict.fromkeys(pythons))


def differences(seen: Answer, expected: Answer) -> list[str]:
    """Name what tells an interpreter apart from the running one."""
    found = []
    for key, want in expected.items():
        have = seen.get(key)
        if key in ("prefix", "base_prefix"):
            if not isinstance(have, str) or not same_path(have, want):
                found.append(f"its {key} is {have}, Blender's is {want}")
        elif have != want:
            found.append(f"its {key} is {have!r}, Blender's is {want!r}")
    return found


def running_identity() -> Answer:
    """Give what an interpreter must say of itself to be Blender's (see interpreter.identity)."""
    return {
        "version": list(sys.version_info[:3]),
        "cache_tag": sys.implementation.cache_tag,
        "abiflags": getattr(sys, "abiflags", ""),
        "prefix": sys.prefix,
        "base_prefix": sys.base_prefix,
    }


def find_interpreter(
    candidates: Iterable[str], expected: Answer, source: str
) -> tuple[Interpreter | None, str | None]:
    """Give the first candidate that is the running Python's executable, or why there is none."""
    reasons = []
    for path in candidates:
        if not os.path.isfile(path):
            reasons.append(f"{path}: not there")
            continue
        interpreter = Interpreter(path, source)
        try:
            problems = differences(interpreter.ask("identity", IDENTITY_SECONDS), expected)
        except NoAnswerError as error:
            problems = [str(error)]
        if not problems:
            return interpreter, None
        reasons.append(f"{path}: {problems[0]}")
    return None, "; ".join(reasons) or "no place to look at"


def pip_facts(interpreter: Interpreter) -> Answer:
    """Give whether pip runs there, its version and place."""
    facts: Answer = {"available": False, "version": None, "location": None}
    facts.update(command=None, error=None)
    try:
        output = output_of([*interpreter.pip(), "--version"], PIP_SECONDS).strip()
    except NoAnswerError as error:
        return {**facts, "error": str(error)}
    found = re.match(r"pip (\S+) from (.+) \(python [^)]*\)$", output)
    if found is None:
        return {**facts, "error": f"pip --version answered {output[:80]!r}"}
    version, location = found.groups()
    command = interpreter.pip()
    return {
        **facts,
        "available": True,
        "version": version,
        "location": location,
        "command": command,
    }


def parse_pip_config(listing: str) -> dict[str, str]:
    """Read the output of ``pip config list``: one ``section.name='value'`` a line."""
    config = {}
    for line in listing.splitlines():
        key, _, value = line.partition("=")
        try:
            config[key.strip()] = str(ast.literal_eval(value))
        except (SyntaxError, ValueError):
            continue
    return config


def pip_setting(config: dict[str, str], name: str) -> str | None:
    """Give what ``pip install`` takes: the environment before its own section before global."""
    for section in (":env:", "install", "global"):
        value = config.get(f"{section}.{name}", "").strip()
        if value:
            return value
    return None


def host_of(url: str) -> str:
    """Give host and port of a URL, as they stand."""
    return url.split("://", 1)[-1].split("/", 1)[0].rpartition("@")[2]


def index_facts(interpreter: Interpreter, config: dict[str, str], url: str) -> Answer:
    """Give whether the package index answers, asked as pip would ask it."""
    if url.startswith("file:") or "://" not in url:
        return {"tried": False, "reachable": None, "error": "the index is a local folder"}
    host = host_of(url)
    trusted = (pip_setting(config, "trusted-host") or "").split()
    arguments = {
        "url": url,
        "seconds": INDEX_CONNECT_SECONDS,
        "cert": pip_setting(config, "cert"),
        "proxy": pip_setting(config, "proxy"),
        "trusted": host in trusted or host.partition(":")[0] in trusted,
    }
    try:
        answer = interpreter.ask("index", INDEX_SECONDS, arguments)
    except NoAnswerError as error:
        return {"tried": True, "reachable": False, "error": str(error)}
    error = answer["error"]
    return {
        "tried": True,
        "reachable": answer["reachable"],
        "error": None if error is None else masked(str(error)),
    }


def network_facts(interpreter: Interpreter, probe: str | None) -> Answer:
    """Give pip's settings for the network and whether its index answers.

    ``probe`` is why the index isn't to be asked, None when it is.
    """

    def urls(name: str) -> list[str]:
        return masked(pip_setting(config, name) or "").split()

    def untried(reason: str) -> Answer:
        return {"tried": False, "reachable": None, "error": reason}

    try:
        listing = output_of([*interpreter.pip(), "config", "list"], PIP_SECONDS)
    except NoAnswerError as error:
        return {
            "index_url": None,
            "extra_index_urls": [],
            "find_links": [],
            "no_index": False,
            "probe": untried(f"pip config list: {error}"),
        }
    config = parse_pip_config(listing)
    url = pip_setting(config, "index-url") or DEFAULT_INDEX
    no_index = pip_setting(config, "no-index") in ("1", "true", "True", "yes", "on")
    if probe is None and no_index:
        probe = "pip is set to use no index"
    return {
        "index_url": masked(url),
        "extra_index_urls": urls("extra-index-url"),
        "find_links": urls("find-links"),
        "no_index": no_index,
        "probe": untried(probe) if probe else index_facts(interpreter, config, url),
    }


def together(works: dict[str, Callable[[], Answer]]) -> dict[str, Answer]:
    """Run several works at once; a work that raises makes this raise."""
    results: dict[str, Answer] = {}
    errors: list[BaseException] = []

    def run(name: str, work: Callable[[], Answer]) -> None:
        try:
            results[name] = work()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=item, daemon=True) for item in works.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return results


def wheels_of(interpreter: Interpreter) -> Answer:
    try:
        return interpreter.ask("wheels", PIP_SECONDS)
    except NoAnswerError as error:
        return {"tags": None, "source": None, "error": str(error), "ensurepip": False}


def find_out(candidates: list[str], source: str, parts: list[str], probe: str | None) -> Answer:
    """Give the thread's findings: the interpreter, and of ``parts`` what there is to say of it.

    ``wheels``, ``pip`` and ``network`` are None where they aren't among the parts, or where there
    is no interpreter to ask.
    """
    interpreter, error = find_interpreter(candidates, running_identity(), source)
    found: Answer = {
        "executable": None if interpreter is None else interpreter.executable,
        "executable_error": error,
    }
    found = {**found, "pip": None, "wheels": None, "network": None}
    if interpreter is None:
        return found
    asked = {
        "pip": lambda: pip_facts(interpreter),
        "wheels": lambda: wheels_of(interpreter),
        "network": lambda: network_facts(interpreter, probe),
    }
    return {**found, **together({part: asked[part] for part in parts})}


# Between the calls


class Job:
    """The thread's findings, once they are there."""

    def __init__(self, work: Callable[[], Answer]) -> None:
        self.done = threading.Event()
        self.findings: Answer | None = None
        self.error: str | None = None
        self._work = work

    def run(self) -> None:
        try:
            self.findings = self._work()
        except BaseException:
            self.error = traceback.format_exc()
        self.done.set()

    def answer(self) -> Answer:
        return {"done": self.done.is_set(), "findings": self.findings, "error": self.error}


def jobs() -> dict[str, Job]:
    """Give the jobs of this Blender: each call runs this text anew, so they are kept by sys."""
    module = sys.modules.setdefault(JOBS_MODULE, types.ModuleType(JOBS_MODULE))
    return module.__dict__.setdefault("jobs", {})


def start(arguments: Answer) -> Answer:
    """Give what can be said at once, and the job that finds out the rest."""
    access = online_access()
    if access is False:
        probe = "Blender's online access is off"
    elif not arguments["network_probe"]:
        probe = "not asked for"
    else:
        probe = None
    candidates = executable_candidates(sys.prefix)
    source, parts = arguments["interpreter"], arguments["parts"]
    job = Job(lambda: find_out(candidates, source, parts, probe))
    name = uuid.uuid4().hex
    known = jobs()
    for old in [key for key, value in known.items() if value.done.is_set()]:
        del known[old]
    known[name] = job
    threading.Thread(target=job.run, name="blender-remote probe", daemon=True).start()
    facts = {
        "blender": blender_facts(),
        "python": python_facts(),
        "site": site_facts(),
        "online_access": access,
        "pid": os.getpid(),
    }
    # Often the interpreter is known by now: that saves a call.
    job.done.wait(arguments["wait"])
    return {"facts": facts, "job": name, **job.answer()}


def main(arguments: dict[str, Any]) -> dict[str, Any]:
    """Start a job or ask one (``{"job"}``).

    To start takes ``{"interpreter", "parts", "network_probe", "wait"}``: the text of
    ``interpreter.py``, what to look at ("pip", "wheels", "network"), whether to ask pip's index,
    seconds to wait for the job.
    """
    if "job" not in arguments:
        return start(arguments)
    job = jobs().get(arguments["job"])
    if job is None:
        raise LookupError("the probe's findings are gone")
    return job.answer()
