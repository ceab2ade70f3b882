"""What an interpreter's pip is, how it is set up, and which wheels the interpreter takes.

All of this may take other processes, so it runs on a thread of its own, where nothing may touch
bpy.
"""

import json
from typing import TypedDict

from interpreter import WheelSupport
from interpreter_search import Interpreter, NoAnswerError, clean_environment
from masking import masked
from pip_answers import Answer, IndexAnswer, untried
from pip_settings import PipConfigError, effective, is_off, pip_settings
from wheel_tags import tags_inside

PIP_SECONDS = 20
INDEX_SECONDS = 6


class Pip(TypedDict):
    """How pip is run, and what it says of its version; ``error`` says why it says nothing."""

    said: str | None
    command: list[str]
    error: str | None


class Network(TypedDict):
    """pip's settings for the network, with passwords masked."""

    index_url: str | None
    extra_index_urls: list[str]
    find_links: list[str]
    no_index: bool
    probe: IndexAnswer


def pip_facts(interpreter: Interpreter, source: str, no_probe: str | None) -> tuple[Pip, Network]:
    """Give what pip is, its settings for the network, and whether its index answers.

    ``source`` is the text of ``pip_answers.py``, ``no_probe`` why the index isn't to be asked, None
    when it is.
    """
    settings: dict[str, str] = {}
    unreadable: str | None = None
    try:
        settings = effective(pip_settings("install", clean_environment()))
    except PipConfigError as error:
        unreadable = f"pip's configuration can't be read: {error}"
    no_index = not is_off(settings.get("no-index", ""))
    if unreadable is not None:
        no_probe = unreadable
    elif no_probe is None and no_index:
        no_probe = "pip is set to use no index"
    arguments = {
        "index_url": settings.get("index-url"),
        "settings": settings,
        "no_probe": no_probe,
        "index_seconds": INDEX_SECONDS,
    }
    try:
        answer: Answer = interpreter.answer(
            source, ["-I", "-", json.dumps(arguments)], PIP_SECONDS + INDEX_SECONDS
        )
    except NoAnswerError as error:
        answer = {
            "said": None,
            "error": str(error),
            "index_url": settings.get("index-url"),
            "probe": untried(no_probe or str(error)),
        }
    said, failure, probe = answer["said"], answer["error"], answer["probe"]
    url = answer["index_url"]
    return (
        {
            "said": None if said is None else said.strip(),
            "command": interpreter.pip(),
            "error": _masked(failure),
        },
        {
            "index_url": _masked(None if unreadable is not None else url),
            "extra_index_urls": masked(settings.get("extra-index-url", "")).split(),
            "find_links": masked(settings.get("find-links", "")).split(),
            "no_index": no_index,
            "probe": {**probe, "error": _masked(probe["error"])},
        },
    )


def _masked(text: str | None) -> str | None:
    return None if text is None else masked(text)


def wheels_of(interpreter: Interpreter) -> WheelSupport:
    """Give the wheel tags, or why they aren't known; starts the interpreter only if it must."""
    inside = tags_inside(interpreter.executable)
    if inside is not None:
        return inside
    try:
        return interpreter.ask("wheels", PIP_SECONDS)
    except NoAnswerError as error:
        return {"tags": None, "source": None, "error": str(error), "ensurepip": False}
