"""What an add-on raised is told whole, with what helps."""

import sys
from pathlib import Path

import pytest
from fake_blender import FakeBlender
from systems import ABSENT


def refused_for(addons: Path, name: str, files: dict[str, str]) -> tuple[str, str, str]:
    """Code, message and subject for a package that can't be enabled."""
    from addon_records import Addon
    from addon_state import enable
    from preferences import RefusedError

    folder = addons / name
    for file, text in files.items():
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    addon = Addon(name, "legacy", "user", str(folder), str(folder / "__init__.py"))
    with pytest.raises(RefusedError) as caught:
        enable(addon)
    return caught.value.reason, caught.value.detail, caught.value.about


def raised(addons: Path, code: str) -> tuple[str, str, str]:
    source = f"import sys\nbl_info = {{'blender': (3, 0, 0)}}\ndef register():\n    {code}\n"
    return refused_for(addons, "raises", {"__init__.py": source})


def test_all_lines_with_the_type(blender: FakeBlender) -> None:
    code, message, _ = raised(blender.addons, "raise ValueError('one\\ntwo\\n')")
    assert (code, message) == ("enable-failed", "ValueError: one\ntwo")


def test_the_previous_error_is_shown(blender: FakeBlender) -> None:
    before = "print('TypeError: the real one', file=sys.stderr)"
    _, message, _ = raised(
        blender.addons, f"{before}; raise RuntimeError('failed (see previous error)')"
    )
    assert message == (
        "RuntimeError: failed (see previous error); the previous error: TypeError: the real one"
    )
    assert sys.stderr.__class__.__name__ != "Ear"


@pytest.mark.parametrize(
    "code",
    [
        "raise SystemError('GPU functions for drawing are not available in background mode')",
        "keyconfig = None; keyconfig.keymaps",
        "windows = []; windows[0]",
        "raise RuntimeError('Operator bpy.ops.x.y() failed, context is incorrect')",
    ],
)
def test_what_seems_to_need_a_window(blender: FakeBlender, code: str) -> None:
    assert raised(blender.addons, code)[0] == "needs-window"


@pytest.mark.parametrize(
    "code", ["None.name", "from sys import window", "window", "raise ValueError('no')"]
)
def test_what_fails_everywhere(blender: FakeBlender, code: str) -> None:
    assert raised(blender.addons, code)[0] == "enable-failed"


@pytest.mark.parametrize(
    ("statement", "code", "about"),
    [
        ("import requests_not_here", "missing-module", "requests_not_here"),
        ("import cv2.nothing", "missing-module", "opencv-python"),
        ("from yaml_not_here.a import b", "missing-module", "yaml_not_here"),
        ("import google.protobuf", "enable-failed", ""),
        ("import bgl", "unknown-module", "bgl"),
        (f"import {ABSENT}", "unknown-module", ABSENT),
        ("from . import nothing", "enable-failed", ""),
        ("from .nothing import more", "enable-failed", ""),
        ("import json.nothing", "enable-failed", ""),
    ],
)
def test_a_module_that_is_missing(
    blender: FakeBlender, statement: str, code: str, about: str
) -> None:
    told = refused_for(blender.addons, "wants", {"__init__.py": f"bl_info = {{}}\n{statement}\n"})
    assert (told[0], told[2]) == (code, about)


def test_an_add_on_that_calls_itself_something_else(blender: FakeBlender) -> None:
    files = {"__init__.py": "bl_info = {}\nfrom . import a\n", "b/__init__.py": ""}
    for name, statement in (("Blender_PTX_main", "from PTX import b"), ("other", "import PTX.b.c")):
        told = refused_for(blender.addons, name, {**files, "a.py": f"{statement}\n"})
        assert (told[0], told[2]) == ("other-name", "PTX")
    # One that only seems so by its name.
    told = refused_for(blender.addons, "my_PTX", {**files, "a.py": "import PTX\n"})
    assert (told[0], told[2]) == ("missing-module", "PTX")


def test_exceptions_that_raise_when_they_are_asked(blender: FakeBlender) -> None:
    source = """bl_info = {'blender': (3, 0, 0)}
class Bad(Exception):
    def __str__(self): raise KeyError('inner')
    __repr__ = __str__
def register(): raise Bad()
"""
    told = refused_for(blender.addons, "hostile", {"__init__.py": source})
    assert told[0] == "enable-failed"
    assert "Bad" in told[1]
    long = raised(blender.addons, "raise ValueError('x' * 10**6)")[1]
    assert len(long) < 10_000
    odd = "raise ModuleNotFoundError('odd', name=3)"
    assert raised(blender.addons, odd)[0] == "enable-failed"
