"""Runs one script of the command line's inside Blender: one JSON value in, one out.

A script is a Python module with ``main(arguments) -> JSON value``; its source comes as a value of
the call, ``{"name": str, "source": str, "arguments": Any, "modules": [module]}``. A module is what
scripts share: ``{"name": "file_lock.py", "source": str, "imports": [name]}``, those that it imports
before it. Scripts and modules import them by their bare names, and nobody else does: they aren't in
``sys.modules``, where another add-on's module may have the same name.

A background Blender on this machine imports ``run`` from here. A running Blender gets this text
with the first call, followed by a line that keeps it as a module and calls ``answer``; later calls
find it there, and what came before by the SHA-256 of its source, ``"script": sha256`` in the place
of ``"source"``. A module runs once, and stays.
"""

import builtins
import errno
import hashlib
import json
import sys
import traceback
from collections.abc import Mapping
from types import CodeType, ModuleType
from typing import Any, TypedDict

# By the SHA-256 of the source. Few: each program that calls has some dozen scripts and modules.
_KEPT_SCRIPTS = 200
_scripts: dict[str, CodeType] = {}
# By the SHA-256 of the source and of what it imports.
_modules: dict[str, ModuleType] = {}
# What didn't fit into one answer, by its nonce. Few: each program fetches the rest at once.
_KEPT_OUTCOMES = 4
_outcomes: dict[str, str] = {}


class _Source(TypedDict, total=False):
    source: str
    script: str


class _Module(_Source):
    name: str
    imports: list[str]


class _Modules(_Source, total=False):
    modules: list[_Module]


class _Call(_Modules):
    name: str
    arguments: Any


class UnknownScriptError(Exception):
    """The call names a script that isn't kept here: it must come with its source."""


def run(call: _Call) -> dict[str, Any]:
    """Give ``{"value": …}``, or ``{"error": {"type", "message", "errno", "path", "traceback"}}``.

    ``errno`` is symbolic (``ENOSPC``), null as ``path`` is where the error has none.
    """
    try:
        modules = _modules_of(call.get("modules", []))
        namespace: dict[str, Any] = {
            "__name__": call["name"],
            "__builtins__": _builtins_with(modules),
        }
        exec(_code_of(call)[0], namespace)
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


def _modules_of(parts: list[_Module]) -> dict[str, ModuleType]:
    """Give the modules of a call by the names under which they are imported."""
    modules: dict[str, ModuleType] = {}
    keys: dict[str, str] = {}
    for part in parts:
        code, digest = _code_of(part)
        name = part["name"].removesuffix(".py")
        keys[name] = _digest("\n".join([name, digest, *(keys[one] for one in part["imports"])]))
        module = _modules.get(keys[name])
        if module is None:
            module = ModuleType(name)
            known = {one: modules[one] for one in part["imports"]}
            module.__dict__["__builtins__"] = _builtins_with(known)
            exec(code, module.__dict__)
            if len(_modules) >= _KEPT_SCRIPTS:
                _modules.clear()
            _modules[keys[name]] = module
        modules[name] = module
    return modules


def _builtins_with(modules: Mapping[str, ModuleType]) -> dict[str, Any]:
    """Give the builtins of a script, whose import statements find these modules first."""

    def find(
        name: str,
        own: Mapping[str, object] | None = None,
        local: Mapping[str, object] | None = None,
        names: tuple[str, ...] = (),
        level: int = 0,
    ) -> ModuleType:
        # Level 1: a module of the service imports from beside itself.
        if level <= 1 and name in modules:
            return modules[name]
        return builtins.__import__(name, own, local, names, level)

    return {**vars(builtins), "__import__": find}


def _code_of(part: _Module | _Call) -> tuple[CodeType, str]:
    """Give the code of a script or module, and the digest of its source."""
    digest = _digest(part["source"]) if "source" in part else part.get("script", "")
    # Another thread may clear them meanwhile.
    code = _scripts.get(digest)
    if code is None:
        if "source" not in part:
            raise UnknownScriptError(part["name"])
        # Takes longer than most scripts do, so not for each command that brings the same again.
        code = compile(part["source"], f"<{part['name']}>", "exec")
        if len(_scripts) >= _KEPT_SCRIPTS:
            _scripts.clear()
        _scripts[digest] = code
    return code, digest


def keep(name: str) -> ModuleType:
    """Let later calls import ``answer`` from a module of this name; gives the one to use now."""
    module = ModuleType(name)
    module.__dict__.update(answer=answer, rest=rest)
    return sys.modules.setdefault(name, module)


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
