"""What an interpreter's pip says of itself, and whether its index answers.

``pip_facts.py`` starts the interpreter with this text on standard input: ``python -I - JSON``. It
prints one JSON value. All of it is one process, since pip takes long to be imported.
"""

import contextlib
import io
import json
import os
import re
import runpy
import sys
import threading
import traceback
from collections.abc import Mapping
from typing import TypedDict

INDEX_CONNECT_SECONDS = 3


class IndexAnswer(TypedDict):
    """Whether a package index answers, or why not; ``reachable`` is None where it wasn't asked."""

    tried: bool
    reachable: bool | None
    error: str | None


class Answer(TypedDict):
    """What pip says of its version, or why it says nothing, its index, and whether that answers."""

    said: str | None
    error: str | None
    index_url: str | None
    probe: IndexAnswer


class PipError(Exception):
    """pip failed, in its own last words."""


def pip_output(*arguments: str) -> str:
    """Run pip as ``python -m pip`` does, but in this process, and give what it printed.

    Raises:
        PipError: it isn't there, or failed.
    """
    out, errors = io.StringIO(), io.StringIO()
    # `alter_sys` gives it its own sys.argv[0]; the rest is taken from here.
    sys.argv[1:] = arguments
    code: object = None
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
        try:
            runpy.run_module("pip", run_name="__main__", alter_sys=True)
        except SystemExit as end:
            code = end.code
        except ImportError as error:
            raise PipError(str(error)) from None
        # Whatever a damaged pip raises.
        except Exception as error:
            raise PipError(traceback.format_exception_only(error)[-1].strip()) from None
    if code in (None, 0):
        return out.getvalue()
    lines = errors.getvalue().strip().splitlines()
    raise PipError(lines[-1].strip() if lines else f"exit status {code}")


def host_of(url: str) -> str:
    """Give host and port of a URL, as they stand."""
    return url.split("://", 1)[-1].split("/", 1)[0].rpartition("@")[2]


def untried(reason: str) -> IndexAnswer:
    return {"tried": False, "reachable": None, "error": reason}


def index_facts(settings: Mapping[str, str], url: str, seconds: float) -> IndexAnswer:
    """Give whether the package index answers in time, asked as pip would ask it."""
    if url.startswith("file:") or "://" not in url:
        return untried("the index is a local folder")
    host = host_of(url)
    trusted = settings.get("trusted-host", "").split()
    found: IndexAnswer = {
        "tried": True,
        "reachable": False,
        "error": f"no answer within {seconds:g} s",
    }

    def ask() -> None:
        error = index_error(
            url,
            settings.get("cert"),
            settings.get("proxy"),
            host in trusted or host.partition(":")[0] in trusted,
        )
        found.update({"reachable": error is None, "error": error})

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(seconds)
    return {**found}


def innermost(error: BaseException) -> str:
    """Give the last reason in a chain of urllib3's and requests' errors, without their framing."""
    reason = error
    while True:
        inner: object = getattr(reason, "reason", None) or (reason.args[0] if reason.args else None)
        if not isinstance(inner, BaseException):
            break
        reason = inner
    text = re.sub(r"\[(?:Errno|WinError) -?\d+\] ", "", str(reason))
    return text.split(">: ", 1)[-1] or type(reason).__name__


def index_error(url: str, cert: str | None, proxy: str | None, trusted: bool) -> str | None:
    """Ask a package index (PEP 503) for the page of pip, as the pip that is here would ask.

    So with pip's certificates and its own ``requests``, which honours proxies and ``.netrc``. Gives
    why it doesn't answer, or None.
    """
    try:
        from pip._vendor import requests

        answer = requests.get(
            f"{url.rstrip('/')}/pip/",
            headers={"Accept": "application/vnd.pypi.simple.v1+json, text/html; q=0.5"},
            timeout=INDEX_CONNECT_SECONDS,
            verify=False if trusted else cert or True,
            proxies={"http": proxy, "https": proxy} if proxy else None,
            stream=True,
        )
    except Exception as error:
        return innermost(error)
    status = answer.status_code
    answer.close()
    # An index that has no pip is still an index.
    if status < 400 or status == 404:
        return None
    return f"HTTP {status} {answer.reason or ''}".rstrip()


def usual_index() -> str | None:
    """Give the index that this pip asks unless it is told another one."""
    # A pip of another kind may keep it elsewhere.
    try:
        from pip._internal.models.index import PyPI

        return str(PyPI.simple_url)
    except Exception:
        return None


def pip_answer(
    index_url: str | None, settings: dict[str, str], no_probe: str | None, index_seconds: float
) -> Answer:
    """Give what pip says, its index, and whether that answers.

    ``index_url`` is the index that it is set up to use, None for its usual one; ``no_probe`` why
    the index isn't to be asked, None when it is.
    """
    # From 24.2 on pip trusts the certificates of the system as well; before it imports requests.
    with contextlib.suppress(Exception):
        from pip._vendor import truststore

        truststore.inject_into_ssl()
    # Settings may mean another Python (PIP_PYTHON), or ask for a virtual environment.
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        del os.environ[name]
    os.environ["PIP_CONFIG_FILE"] = os.devnull
    said, failure = None, None
    try:
        said = pip_output("--version")
    except PipError as error:
        failure = str(error)
        no_probe = no_probe or failure
    url = index_url or usual_index()
    if no_probe:
        probe = untried(no_probe)
    elif url is None:
        probe = untried("this pip doesn't say which index it uses")
    else:
        probe = index_facts(settings, url, index_seconds)
    return {"said": said, "error": failure, "index_url": url, "probe": probe}


def main(argv: list[str]) -> None:
    """Print the answer; ``argv`` has the arguments of ``pip_answer`` as JSON."""
    # What else writes on standard output, such as a program that pip starts, is not the answer.
    with os.fdopen(os.dup(1), "w") as out:
        os.dup2(2, 1)
        out.write(json.dumps(pip_answer(**json.loads(argv[0]))))


if __name__ == "__main__":
    main(sys.argv[1:])
