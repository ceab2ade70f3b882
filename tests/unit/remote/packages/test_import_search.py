"""Whether an import finds a package."""

import importlib
import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from installed_files import put
from seen_packages import Blender


def test_a_package_by_its_file_list(blender: Blender, site: Path) -> None:
    put(site, "br-alpha", "1.2", {"br_alpha/__init__.py": "", "../bin/br-alpha": ""})
    (look,) = blender.look("BR_alpha")
    assert look["name"] == "br-alpha"
    assert look["package"]["version"] == "1.2"
    assert (look["found"], look["instead"]) == (True, None)


def test_it_is_not_imported_for_that(blender: Blender, site: Path) -> None:
    put(site, "br-alpha", files={"br_alpha/__init__.py": "raise SystemExit"})
    assert blender.look("br-alpha")[0]["found"]
    assert "br_alpha" not in sys.modules


def test_modules_by_top_level_and_extension(blender: Blender, site: Path) -> None:
    put(site, "br-alpha", "1.0", {"other_name.py": ""}, top_level="other_name\n")
    native = f"br_beta{importlib.machinery.EXTENSION_SUFFIXES[0]}"
    put(site, "br-beta", "2.0", {native: ""})
    assert [one["found"] for one in blender.look("br-alpha", "br-beta")] == [True, True]


def test_installed_since_the_last_look(blender: Blender, site: Path) -> None:
    missing = {
        "name": "br-alpha",
        "package": None,
        "found": False,
        "instead": None,
        "whose": "",
        "start_file": None,
        "modules": [],
    }
    assert blender.look("br-alpha") == [missing]
    put(site, "br-alpha")
    assert blender.look("br-alpha")[0]["found"]


def test_metadata_without_its_module(blender: Blender, site: Path) -> None:
    put(site, "br-alpha")
    (site / "br_alpha" / "__init__.py").unlink()
    (site / "br_alpha" / "__pycache__").mkdir()
    assert not blender.look("br-alpha")[0]["found"]


def test_another_module_of_the_same_name_comes_first(blender: Blender, site: Path) -> None:
    put(site, "br-alpha")
    first = blender.on_path("first")
    sys.path.insert(0, str(first))
    (first / "br_alpha.py").write_text("")
    (look,) = blender.look("br-alpha")
    assert (look["found"], look["instead"]) == (False, str(first / "br_alpha.py"))
    assert look["whose"] == ""


def test_a_backport_for_an_older_python(blender: Blender, site: Path) -> None:
    put(site, "tomllib", files={"tomllib/__init__.py": ""})
    (look,) = blender.look("tomllib")
    assert (look["found"], look["whose"]) == (False, "python")
    assert look["instead"].endswith(os.path.join("tomllib", "__init__.py"))


def test_what_is_built_in_comes_first(blender: Blender, site: Path) -> None:
    put(site, "time", files={"time.py": ""})
    (look,) = blender.look("time")
    assert (look["found"], look["instead"], look["whose"]) == (False, "built-in", "python")


def test_what_a_running_blender_has_compiled_in(
    blender: Blender, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(site, "br-utils")
    compiled = ModuleType("br_utils")
    compiled.__dict__["Vector"] = memoryview
    monkeypatch.setitem(sys.modules, "br_utils", compiled)
    (look,) = blender.look("br-utils")
    assert (look["found"], look["instead"], look["whose"]) == (False, "built-in", "blender")


def test_a_module_that_lies_deeper_in_its_package(blender: Blender, site: Path) -> None:
    put(site, "br-deep", files={"br_deep/__init__.py": "", "br_deep/scripts/br_deep.py": ""})
    sys.path.insert(0, str(site / "br_deep" / "scripts"))
    assert blender.look("br-deep")[0]["found"]


def test_only_some_modules(blender: Blender, site: Path) -> None:
    put(site, "br-two", files={"br_one.py": "", "br_other.py": ""})
    first = blender.on_path("first")
    sys.path.insert(0, str(first))
    (first / "br_other.py").write_text("")
    assert blender.look("br-two")[0]["found"]
    (look,) = blender.look("br-two", modules=["br_other"])
    assert (look["modules"], look["instead"]) == (["br_other"], str(first / "br_other.py"))


def test_stubs_of_bpy_where_blender_is_a_module(blender: Blender, site: Path) -> None:
    put(site, "fake-bpy-module", files={"bpy/__init__.py": ""})
    library = blender.on_path("blender", "bpy") / "__init__.py"
    library.write_text("")
    sys.path.insert(0, str(blender.folder / "blender"))
    blender.bpy.__file__ = str(library)
    (look,) = blender.look("fake-bpy-module")
    assert (look["instead"], look["whose"]) == (str(library), "blender")


@pytest.mark.parametrize("recorded", [True, False])
def test_names_that_no_file_goes_with(blender: Blender, site: Path, recorded: bool) -> None:
    names = "br_left\nbr_tool\n"
    info = put(site, "br-tool", files={"br_tool.py": "", "br_more.py": ""}, top_level=names)
    if not recorded:
        (info / "RECORD").unlink()
    # Somebody else's.
    (blender.on_path("first") / "br_left.py").write_text("")
    sys.path.insert(0, str(blender.folder / "first"))
    (look,) = blender.look("br-tool")
    assert (look["found"], look["modules"]) == (True, ["br_tool"])


def test_an_editable_install(blender: Blender, site: Path) -> None:
    put(site, "br-alpha", files={}, top_level="br_alpha\n")
    (blender.on_path("checkout") / "br_alpha.py").write_text("")
    assert blender.look("br-alpha")[0]["found"]


def test_an_editable_install_with_a_finder(blender: Blender, site: Path) -> None:
    files = {"__editable___br_alpha_1_0_finder.py": "", "sources/br_alpha/__init__.py": ""}
    put(site, "br-alpha", files=files, top_level="br_alpha\n")
    assert blender.look("br-alpha")[0]["modules"] == ["br_alpha"]


class Finder:
    """A finder that an add-on or an editable install puts in front."""

    def __init__(self, answer: Callable[[], Any]) -> None:
        self.asked: list[str] = []
        self._answer = answer

    def find_spec(self, name: str, *_: object) -> Any:
        if name.startswith("br_"):
            self.asked.append(name)
            return self._answer()
        return None


@pytest.fixture
def in_front(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], Finder]:
    def put_in_front(answer: Callable[[], Any]) -> Finder:
        finder = Finder(answer)
        monkeypatch.setattr(sys, "meta_path", [finder, *sys.meta_path])
        return finder

    return put_in_front


def test_other_finders_are_asked_only_for_what_is_not_on_the_path(
    blender: Blender, site: Path, in_front: Callable[[Callable[[], Any]], Finder]
) -> None:
    put(site, "br-alpha")
    put(site, "br-editable", files={}, top_level="br_editable\n")
    checkout = blender.folder / "br_editable.py"
    checkout.write_text("")
    finder = in_front(lambda: importlib.util.spec_from_file_location("br_editable", checkout))
    assert [one["found"] for one in blender.look("br-alpha", "br-editable")] == [True, True]
    assert finder.asked == ["br_editable"]


def test_a_finder_that_fails(
    blender: Blender, site: Path, in_front: Callable[[Callable[[], Any]], Finder]
) -> None:
    put(site, "br-alpha", files={}, top_level="br_alpha\n")
    finder = in_front(lambda: 1 / 0)
    assert not blender.look("br-alpha")[0]["found"]
    assert finder.asked == ["br_alpha"]
