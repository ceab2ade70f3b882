"""What an interpreter's pip is, how it is set up, and which wheels the interpreter takes.

All of this may take other processes, so it runs on a thread of its own, where nothing may touch
bpy.
"""

import json
from typing import TypedDict

from interpreter import WheelSupport
from interpreter_search import Interpreter, NoAnswerError
from masking import masked
from pip_answers import Answer, IndexAnswer, unknown_settings
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
    arguments = json.dumps({"no_probe": no_probe, "index_seconds": INDEX_SECONDS})
    try:
        answer: Answer = interpreter.answer(
            source, ["-I", "-", arguments], PIP_SECONDS + INDEX_SECONDS
        )
    except NoAnswerError as error:
        answer = {"said": None, "error": str(error), "network": unknown_settings(str(error))}
    said, failure, settings = answer["said"], answer["error"], answer["network"]
    url, probe = settings["index_url"], settings["probe"]
    return (
        {
            "said": None if said is None else said.strip(),
            "command": interpreter.pip(),
            "error": _masked(failure),
        },
        {
            "index_url": _masked(url),
            "extra_index_urls": masked(settings["extra_index_urls"]).split(),
            "find_links": masked(settings["find_links"]).split(),
            "no_index": settings["no_index"],
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
