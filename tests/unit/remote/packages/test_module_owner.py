"""Whose a module is, and what an import of it gets."""

import json
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from installed_files import put
from seen_packages import Blender
from systems import ABSENT


def of(blender: Blender, module: str) -> dict[str, Any]:
    return blender.script.main({"module": module})


def test_a_package_by_what_it_lists(blender: Blender, site: Path) -> None:
    put(site, "br-opencv", files={"br_cv2/__init__.py": "", "br_cv2/gapi/__init__.py": ""})
    found = of(blender, "br_cv2")
    assert found["owners"] == ["br-opencv"]
    assert found["whose"] == ""
    assert found["top"] == found["place"] == str(site / "br_cv2" / "__init__.py")
    inside = of(blender, "br_cv2.gapi")
    assert (inside["owners"], inside["top"]) == (["br-opencv"], found["top"])
    assert inside["place"] == str(site / "br_cv2" / "gapi" / "__init__.py")
    assert "br_cv2" not in sys.modules


def test_a_submodule_that_is_not_there(blender: Blender, site: Path) -> None:
    put(site, "br-alpha", files={"br_alpha.py": ""})
    for name in ("br_alpha.gone", "br_alpha.gone.deeper"):
        assert (of(blender, name)["owners"], of(blender, name)["place"]) == (["br-alpha"], None)


def test_packages_that_share_an_outermost_one(blender: Blender, site: Path) -> None:
    put(site, "br-auth", files={"br_space/auth/__init__.py": ""})
    put(site, "br-cloud", files={"br_space/cloud/store/__init__.py": ""})
    assert of(blender, "br_space.cloud")["owners"] == ["br-cloud"]
    assert of(blender, "br_space.cloud.store")["place"].endswith("__init__.py")
    assert sorted(of(blender, "br_space.none")["owners"]) == ["br-auth", "br-cloud"]


def test_nobodys(blender: Blender, site: Path) -> None:
    (site / "br_loose.py").write_text("")
    found = of(blender, "br_loose")
    assert (found["owners"], found["whose"]) == ([], "")
    assert found["place"] == str(site / "br_loose.py")
    assert of(blender, "br_none")["top"] is None


def test_of_the_standard_library_and_what_hides_it(blender: Blender) -> None:
    found = of(blender, "json.decoder")
    assert (found["whose"], found["own"]) == ("python", json.__file__)
    assert found["top"] == json.__file__
    assert found["place"] == json.decoder.__file__
    sys.path.insert(0, str(blender.on_path("first")))
    (blender.folder / "first" / "json.py").write_text("")
    hidden = of(blender, "json")
    assert (hidden["own"], hidden["top"]) == (
        json.__file__,
        str(blender.folder / "first" / "json.py"),
    )


def test_of_python_and_built_in(blender: Blender) -> None:
    sys.path.insert(0, str(blender.on_path("first")))
    (blender.folder / "first" / "time.py").write_text("")
    found = of(blender, "time")
    assert [found[key] for key in ("whose", "own", "top")] == ["python", "built-in", "built-in"]
    assert time.time() > 0


def test_a_python_that_comes_without_one(blender: Blender) -> None:
    found = of(blender, ABSENT)
    assert [found[key] for key in ("whose", "own", "place")] == ["python", None, None]


def test_blenders_own_scripts(blender: Blender) -> None:
    scripts = blender.on_path("blender-5.0", "5.0", "scripts", "modules")
    (scripts / "br_utils.py").write_text("")
    found = of(blender, "br_utils")
    assert (found["whose"], found["own"]) == ("blender", str(scripts / "br_utils.py"))


def test_blenders_own_library(blender: Blender, monkeypatch: pytest.MonkeyPatch) -> None:
    made_up = ModuleType("br_made_up")
    monkeypatch.setitem(sys.modules, "br_made_up", made_up)
    compiled = ModuleType("br_compiled")
    # A type of C's, as mathutils has them.
    compiled.__dict__["Vector"] = memoryview
    monkeypatch.setitem(sys.modules, "br_compiled", compiled)
    found = of(blender, "br_compiled")
    assert [found[key] for key in ("whose", "own", "loaded")] == ["blender", "built-in", True]
    assert of(blender, "br_made_up")["whose"] == ""
    page = blender.script.main({"rest": None, "seconds": 10})
    names = page["context"]["built_in"]
    assert {"bpy", "br_compiled"} <= set(names)
    assert not {"sys", "time", "br_made_up"} & set(names)


def test_what_is_linked_into_blender_and_not_loaded(
    blender: Blender, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = (*sys.builtin_module_names, "br_linked")
    monkeypatch.setattr(sys, "builtin_module_names", names)
    assert "br_linked" in blender.script.main({"rest": None, "seconds": 10})["context"]["built_in"]


class Liar:
    """What raises whatever it is asked."""

    def __getattribute__(self, name: str) -> object:
        raise RuntimeError(name)


def test_modules_that_code_makes_up(blender: Blender, monkeypatch: pytest.MonkeyPatch) -> None:
    inner, outer, one, other = (ModuleType(f"br_{number}") for number in range(4))
    inner.__dict__["Vector"] = memoryview
    # As bpy holds its parts.
    outer.__dict__["inner"] = inner
    one.__dict__.update(me=one, other=other, liar=Liar())
    other.__dict__["one"] = one
    for module in (outer, one, other):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    names = blender.script.main({"rest": None, "seconds": 10})["context"]["built_in"]
    assert [name for name in names if name.startswith("br_")] == ["br_1"]
