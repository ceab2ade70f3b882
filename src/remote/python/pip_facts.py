"""What an interpreter's pip is, how it is set up, and which wheels the interpreter takes.

All of this takes other processes, so it runs on a thread of its own, where nothing may touch bpy.
"""

import ast
from typing import TypedDict

from interpreter import WheelSupport
from interpreter_search import Interpreter, NoAnswerError, output_of
from masking import masked
from wheel_tags import tags_inside

PIP_SECONDS = 20
INDEX_CONNECT_SECONDS = 3
INDEX_SECONDS = 6
DEFAULT_INDEX = "https://pypi.org/simple"


class Pip(TypedDict):
    """How pip is run, and what it says of its version; ``error`` says why it says nothing."""

    said: str | None
    command: list[str]
    error: str | None


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
    try:
        said = output_of([*command, "--version"], PIP_SECONDS).strip()
    except NoAnswerError as error:
        return {"said": None, "command": command, "error": str(error)}
    return {"said": said, "command": command, "error": None}


def parse_pip_config(listing: str) -> dict[str, str]:
    """Read the output of ``pip config list``: one ``section.name='value'`` a line."""
    config: dict[str, str] = {}
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


def index_facts(interpreter: Interpreter, config: dict[str, str], url: str) -> IndexProbe:
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


def network_facts(interpreter: Interpreter, probe: str | None) -> Network:
    """Give pip's settings for the network and whether its index answers.

    ``probe`` is why the index isn't to be asked, None when it is.
    """

    def urls(name: str) -> list[str]:
        return masked(pip_setting(config, name) or "").split()

    def untried(reason: str) -> IndexProbe:
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


def wheels_of(interpreter: Interpreter) -> WheelSupport:
    """Give the wheel tags, or why they aren't known; starts the interpreter only if it must."""
    inside = tags_inside(interpreter.executable)
    if inside is not None:
        return inside
    try:
        return interpreter.ask("wheels", PIP_SECONDS)
    except NoAnswerError as error:
        return {"tags": None, "source": None, "error": str(error), "ensurepip": False}
