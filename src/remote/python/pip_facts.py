"""What an interpreter's pip is, how it is set up, and which wheels the interpreter takes.

All of this takes other processes, so it runs on a thread of its own, where nothing may touch bpy.
"""

import os
from collections.abc import Mapping
from typing import TypedDict

from interpreter_search import Interpreter, NoAnswerError, clean_environment, output_of
from masking import masked
from pip_settings import PipConfigError, effective, is_off, pip_settings

PIP_SECONDS = 20
INDEX_CONNECT_SECONDS = 3
INDEX_SECONDS = 6
DEFAULT_INDEX = "https://pypi.org/simple"


class Pip(TypedDict):
    """How pip is run, and what it says of its version; ``error`` says why it says nothing."""

    said: str | None
    command: list[str]
    error: str | None


class Wheels(TypedDict):
    """The wheel tags that an interpreter takes, best first, and who computed them."""

    tags: list[str] | None
    source: str | None
    error: str | None
    ensurepip: bool


class IndexProbe(TypedDict):
    """Whether the package index answers; ``reachable`` is None where it wasn't asked."""

    tried: bool
    reachable: bool | None
    error: str | None


class Network(TypedDict):
    """pip's settings for the network, with passwords masked."""

    index_url: str | None
    extra_index_urls: list[str]
    find_links: list[str]
    no_index: bool
    probe: IndexProbe


def pip_facts(interpreter: Interpreter) -> Pip:
    """Start pip and give what it says of its version."""
    command = interpreter.pip()
    # Settings may mean another Python (PIP_PYTHON), or ask for a virtual environment.
    without = {"PIP_CONFIG_FILE": os.devnull}
    bare = {k: v for k, v in clean_environment().items() if not k.startswith("PIP_")} | without
    try:
        said = output_of([*command, "--version"], PIP_SECONDS, env=bare).strip()
    except NoAnswerError as error:
        return {"said": None, "command": command, "error": str(error)}
    return {"said": said, "command": command, "error": None}


def host_of(url: str) -> str:
    """Give host and port of a URL, as they stand."""
    return url.split("://", 1)[-1].split("/", 1)[0].rpartition("@")[2]


def index_facts(interpreter: Interpreter, config: Mapping[str, str], url: str) -> IndexProbe:
    """Give whether the package index answers, asked as pip would ask it."""
    if url.startswith("file:") or "://" not in url:
        return {"tried": False, "reachable": None, "error": "the index is a local folder"}
    host = host_of(url)
    trusted = config.get("trusted-host", "").split()
    arguments = {
        "url": url,
        "seconds": INDEX_CONNECT_SECONDS,
        "cert": config.get("cert"),
        "proxy": config.get("proxy"),
        "trusted": host in trusted or host.partition(":")[0] in trusted,
    }
    try:
        answer = interpreter.ask("index", INDEX_SECONDS, arguments)
    except NoAnswerError as error:
        # pip itself asks.
        tried = "No module named" not in str(error)
        return {"tried": tried, "reachable": False if tried else None, "error": str(error)}
    error = answer["error"]
    return {
        "tried": True,
        "reachable": answer["reachable"],
        "error": None if error is None else masked(str(error)),
    }


def network_facts(interpreter: Interpreter, probe: str | None) -> Network:
    """Give pip's settings for the network and whether its index answers.

    ``probe`` is why the index isn't to be asked, None when it is.
    """

    def untried(reason: str) -> IndexProbe:
        return {"tried": False, "reachable": None, "error": reason}

    try:
        config = effective(pip_settings("install", clean_environment()))
    except PipConfigError as error:
        return {
            "index_url": None,
            "extra_index_urls": [],
            "find_links": [],
            "no_index": False,
            "probe": untried(f"pip's configuration can't be read: {error}"),
        }

    def urls(name: str) -> list[str]:
        return masked(config.get(name, "")).split()

    url = config.get("index-url", DEFAULT_INDEX)
    no_index = not is_off(config.get("no-index", ""))
    if probe is None and no_index:
        probe = "pip is set to use no index"
    return {
        "index_url": masked(url),
        "extra_index_urls": urls("extra-index-url"),
        "find_links": urls("find-links"),
        "no_index": no_index,
        "probe": untried(probe) if probe else index_facts(interpreter, config, url),
    }


def wheels_of(interpreter: Interpreter) -> Wheels:
    """Give the wheel tags, or why they aren't known."""
    try:
        return interpreter.ask("wheels", PIP_SECONDS)
    except NoAnswerError as error:
        return {"tags": None, "source": None, "error": str(error), "ensurepip": False}
