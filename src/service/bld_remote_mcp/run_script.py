"""Runs one script of the command line's inside Blender: one JSON value in, one out.

A script is a Python module with ``main(arguments) -> JSON value``; its source comes as a value of
the call, ``{"name": str, "source": str, "arguments": Any}``. A background Blender on this machine
imports ``run`` from here. A running Blender gets this text with the first call, followed by a line
that keeps it as a module and calls ``answer``; later calls find it there, and scripts that came
before by the SHA-256 of their source, ``{"name", "script": sha256, "arguments"}``.
"""

import errno
import hashlib
import json
import sys
import traceback
from types import CodeType, SimpleNamespace
from typing import Any

# By the SHA-256 of the source. Few: each program that calls has a dozen scripts.
_KEPT_SCRIPTS = 50
_scripts: dict[str, CodeType] = {}
# What didn't fit into one answer, by its nonce. Few: each program fetches the rest at once.
_KEPT_OUTCOMES = 4
_outcomes: dict[str, str] = {}


class UnknownScriptError(Exception):
    """The call names a script that isn't kept here: it must come with its source."""


def run(call: dict[str, Any]) -> dict[str, Any]:
    """Give ``{"value": …}``, or ``{"error": {"type", "message", "errno", "path", "traceback"}}``.

    ``errno`` is symbolic (``ENOSPC``), null as ``path`` is where the error has none.
    """
    name = f"<{call['name']}>"
    try:
        namespace: dict[str, Any] = {"__name__": call["name"]}
        exec(_code_of(call, name), namespace)
        return {"value": namespace["main"](call["arguments"])}
    # A script of ours must never end Blender, so SystemExit is caught as well.
    except BaseException as error:
        number = getattr(error, "errno", None)
        path = getattr(error, "filename", None)
        return {
            "error": {
                "type": type(error).__name__,
                "message": getattr(error, "strerror", None) or str(error),
                "errno": errno.errorcode.get(number) if isinstance(number, int) else None,
                "path": path if isinstance(path, str) else None,
                "traceback": traceback.format_exc(),
            }
        }


def _code_of(call: dict[str, Any], name: str) -> CodeType:
    if "source" not in call:
        if call["script"] not in _scripts:
            raise UnknownScriptError(name)
        return _scripts[call["script"]]
    code = compile(call["source"], name, "exec")
    if len(_scripts) >= _KEPT_SCRIPTS:
        _scripts.clear()
    _scripts[_digest(call["source"])] = code
    return code


def keep(module: str) -> Any:  # noqa: ANN401
    """Let later calls import ``answer`` from a module of this name; gives the one to use now."""
    return sys.modules.setdefault(module, SimpleNamespace(answer=answer, rest=rest))


def answered(document: str, digest: str, data: str = "") -> tuple[str, str]:
    """Run the call that a JSON document describes; its outcome as ASCII JSON, and its digest.

    ``data``, where there is any, becomes the argument of that name. A call whose SHA-256, that of
    both texts together, isn't ``digest`` was damaged on its way and isn't run: its outcome is an
    error of type ``DamagedCall``.
    """
    if _digest(document + data) == digest:
        call = json.loads(document)
        if data:
            call["arguments"]["data"] = data
        outcome = run(call)
    else:
        outcome = {"error": {**_NO_ERROR, "type": "DamagedCall", "message": "the call was damaged"}}
    text = json.dumps(outcome)
    return text, _digest(text)


def answer(document: str, digest: str, nonce: str, limit: int = 0, data: str = "") -> None:
    """Do as ``answered``, and print digest and outcome as one line.

    The line begins with ``nonce``, so that nothing that add-ons or other threads print meanwhile
    can be taken for it. Of an outcome with more than ``limit`` characters, unless that is 0, only
    so many are printed; all its length stands behind the digest then, ``DIGEST:LENGTH``, and
    ``rest`` gives the others.
    """
    text, own = answered(document, digest, data)
    if limit == 0 or len(text) <= limit:
        _print(nonce, f"{own} {text}")
        return
    while len(_outcomes) >= _KEPT_OUTCOMES:
        del _outcomes[next(iter(_outcomes))]
    _outcomes[nonce] = text
    _print(nonce, f"{own}:{len(text)} {text[:limit]}")


def rest(call_nonce: str, begin: int, limit: int, nonce: str) -> None:
    """Print, behind ``nonce``, characters of the outcome of the call that had ``call_nonce``.

    Nothing where it isn't kept any more; it is kept until its last character was asked for.
    """
    text = _outcomes.get(call_nonce, "")
    if begin + limit >= len(text):
        _outcomes.pop(call_nonce, None)
    _print(nonce, text[begin : begin + limit])


def _print(nonce: str, words: str) -> None:
    # One write, so that output of other threads can't land inside the line.
    sys.stdout.write(f"\n{nonce}{words}\n")


_NO_ERROR = {"type": "", "message": "", "errno": None, "path": None, "traceback": ""}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
