"""Packages that are found through a ``.pth`` file only."""

import sys
from pathlib import Path

from installed_files import put
from package_metadata import Distribution
from seen_packages import Blender
from start_files import start_files, started_modules

FINDER = """
MAPPING: dict[str, str] = {'br_edit': '/src/br_edit', 'br_other.sub': '/src/x'}
"""


def of(info: Path) -> Distribution:
    return Distribution(str(info.parent), info.name)


def test_folders_that_one_puts_on_the_path(blender: Blender, site: Path) -> None:
    files = {
        "br_win.pth": "br_win32\n# a comment\nbr_win32\\lib\n",
        "br_win32/br_api.py": "",
        "br_win32/lib/br_con.py": "",
        "br_win32com/__init__.py": "",
    }
    info = put(site, "br-win", files=files, top_level="br_api\nbr_con\nbr_win32com\n")
    assert start_files(of(info)) == ["br_win.pth"]
    assert started_modules(of(info)) == {"br_api": "br_win.pth", "br_con": "br_win.pth"}
    (look,) = blender.look("br-win")
    # One of its modules is found, but not all.
    assert (look["found"], look["start_file"]) == (False, "br_win.pth")
    sys.path += [str(site / "br_win32"), str(site / "br_win32" / "lib")]
    assert blender.look("br-win")[0]["start_file"] is None


def test_an_editable_install_with_a_finder(blender: Blender, site: Path) -> None:
    name = "__editable___br_edit_1_0_finder"
    files = {
        f"{name}.py": FINDER,
        "__editable__.br_edit-1.0.pth": f"import {name}; {name}.install()",
    }
    put(site, "br-edit", files=files, top_level=f"{name}\n")
    (look,) = blender.look("br-edit")
    assert (look["found"], look["start_file"]) == (False, "__editable__.br_edit-1.0.pth")
    assert look["modules"] == ["br_edit", "br_other"]


def test_an_editable_install_with_a_folder(blender: Blender, site: Path) -> None:
    source = blender.folder / "src"
    (source / "br_source").mkdir(parents=True)
    (source / "br_source" / "__init__.py").write_text("")
    info = put(site, "br-source", files={"_br_source.pth": f"{source}\n"})
    (info / "direct_url.json").write_text('{"url": "file:///x", "dir_info": {"editable": true}}')
    assert blender.one("br-source")["editable"]
    assert blender.look("br-source")[0]["start_file"] == "_br_source.pth"
    sys.path.append(str(source))
    assert blender.look("br-source")[0]["found"]


def test_one_that_only_does_something_at_the_start(blender: Blender, site: Path) -> None:
    files = {"br_hook.pth": "import br_hook; br_hook.start()", "br_hook/__init__.py": ""}
    put(site, "br-hook", files=files)
    (look,) = blender.look("br-hook")
    assert (look["found"], look["start_file"]) == (True, None)
