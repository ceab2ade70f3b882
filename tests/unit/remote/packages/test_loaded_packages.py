"""Which packages Blender has loaded."""

import base64
import hashlib
import importlib
import importlib.util
import shutil
import sys
import types
from pathlib import Path

import pytest
from installed_files import age, put
from seen_packages import Blender


def test_loaded_as_it_says(blender: Blender, site: Path) -> None:
    put(site, "br-alpha", "1.0", {"br_alpha.py": "__version__ = '1.0'"})
    importlib.import_module("br_alpha")
    loaded = {"version": "1.0", "location": str(site), "replaced": False}
    assert blender.one("br-alpha")["loaded"] == loaded


@pytest.mark.parametrize("code", ["", "__version__ = (1, 0)", "def __getattr__(name): raise Exit"])
def test_loaded_without_a_word_of_its_version(blender: Blender, site: Path, code: str) -> None:
    put(site, "br-alpha", "1.0", {"br_alpha.py": code})
    importlib.import_module("br_alpha")
    loaded = {"version": None, "location": str(site), "replaced": False}
    assert blender.one("br-alpha")["loaded"] == loaded


def test_a_module_that_says_less_than_its_metadata(blender: Blender, site: Path) -> None:
    put(site, "br-alpha", "4.8.1.78", {"br_alpha.py": "__version__ = '4.8.1'"})
    importlib.import_module("br_alpha")
    assert blender.one("br-alpha")["loaded"]["version"] == "4.8.1.78"


def test_a_part_of_a_namespace(blender: Blender, site: Path) -> None:
    put(site, "br-one", "1.0", {"br_space/one/__init__.py": "__version__ = '1.0'"})
    put(site, "br-two", "2.0", {"br_space/two.py": ""})
    importlib.import_module("br_space.one")
    assert blender.one("br-one")["loaded"]["version"] == "1.0"
    assert blender.one("br-two")["loaded"] is None


def test_an_egg_info_by_its_top_level(blender: Blender, site: Path) -> None:
    info = site / "br_alpha-1.egg-info"
    info.mkdir()
    (info / "PKG-INFO").write_text("Name: br-alpha\nVersion: 1\n")
    (info / "top_level.txt").write_text("br_other\n")
    (site / "br_other.py").write_text("")
    assert blender.one("br-alpha")["loaded"] is None
    importlib.import_module("br_other")
    assert blender.one("br-alpha")["loaded"] is not None


def test_what_a_pth_file_imports_at_every_start(blender: Blender, site: Path) -> None:
    put(site, "br-alpha", files={"_br_hook/__init__.py": "", "br_alpha.py": ""})
    (site / "br.pth").write_text("import os; __import__('_br_hook')\n")
    importlib.import_module("_br_hook")
    assert blender.one("br-alpha")["loaded"] is None
    importlib.import_module("br_alpha")
    assert blender.one("br-alpha")["loaded"] is not None


def upgrade(folder: Path, info: Path, version: str, code: str) -> None:
    shutil.rmtree(info)
    put(folder, "br-alpha", version, {"br_alpha.py": code})


@pytest.mark.parametrize("new", ["2.0", "1.0"])
def test_replaced_since_the_last_look(blender: Blender, site: Path, new: str) -> None:
    info = put(site, "br-alpha", "1.0", {"br_alpha.py": ""})
    age(info)
    importlib.import_module("br_alpha")
    assert not blender.one("br-alpha")["loaded"]["replaced"]
    upgrade(site, info, new, "")
    row = blender.one("br-alpha")
    assert row["version"] == new
    assert row["loaded"] == {"version": "1.0", "location": str(site), "replaced": True}


def install_hashed(site: Path, version: str, code: str) -> None:
    """Install with hashes in RECORD, as pip writes them, over what is there."""
    for old in site.glob("br_alpha-*.dist-info"):
        shutil.rmtree(old)
    info = put(site, "br-alpha", version, {"br_alpha/__init__.py": code})
    digest = base64.urlsafe_b64encode(hashlib.sha256(code.encode()).digest()).decode().rstrip("=")
    rows = [f"br_alpha/__init__.py,sha256={digest},{len(code)}", "br_alpha/x.cpython-311.pyc,,"]
    rows += [f"{info.name}/METADATA,,", f"{info.name}/RECORD,,"]
    (info / "RECORD").write_text("\n".join(rows))


def test_replaced_and_back_again_is_what_is_loaded(blender: Blender, site: Path) -> None:
    install_hashed(site, "1.0", "")
    importlib.import_module("br_alpha")
    blender.all()
    install_hashed(site, "2.0", "x = 2")
    age(site / "br_alpha-2.0.dist-info")
    assert blender.one("br-alpha")["loaded"]["replaced"]
    install_hashed(site, "1.0", "")
    age(site / "br_alpha-1.0.dist-info")
    assert not blender.one("br-alpha")["loaded"]["replaced"]
    # The same version with other files: built again.
    install_hashed(site, "1.0", "x = 1")
    age(site / "br_alpha-1.0.dist-info")
    assert blender.one("br-alpha")["loaded"]["replaced"]


def test_imported_anew_after_it_was_replaced(blender: Blender, site: Path) -> None:
    info = put(site, "br-alpha", "1.0", {"br_alpha.py": ""})
    importlib.import_module("br_alpha")
    blender.all()
    upgrade(site, info, "2.0", "__version__ = '2.0'")
    del sys.modules["br_alpha"]
    assert blender.one("br-alpha")["loaded"] is None
    shutil.rmtree(site / "__pycache__", ignore_errors=True)
    importlib.import_module("br_alpha")
    loaded = {"version": "2.0", "location": str(site), "replaced": False}
    assert blender.one("br-alpha")["loaded"] == loaded


def test_the_notes_keep_no_module_alive(blender: Blender, site: Path) -> None:
    put(site, "br-alpha", files={"br_alpha.py": ""})
    importlib.import_module("br_alpha")
    blender.all()
    note = blender.module("loaded_packages").notes()["br-alpha"]
    del sys.modules["br_alpha"]
    importlib.invalidate_caches()
    assert note["object"]() is None


def test_another_copy_than_the_one_that_wins_now(blender: Blender, site: Path) -> None:
    put(site, "br-alpha", "1.0")
    importlib.import_module("br_alpha")
    blender.all()
    first = blender.on_path("first")
    put(first, "br-alpha", "2.0")
    sys.path.insert(0, str(first))
    (look,) = blender.look("br-alpha")
    assert look["package"]["location"] == str(first)
    assert look["package"]["loaded"] == {
        "version": "1.0",
        "location": str(site),
        "replaced": False,
    }


def test_what_our_scripts_load_for_a_moment(blender: Blender, site: Path) -> None:
    put(site, "br-vendor")
    module = types.ModuleType("_blender_remote_vendor")
    module.__file__ = str(site / "br_vendor" / "__init__.py")
    sys.modules[module.__name__] = module
    try:
        assert blender.one("br-vendor")["loaded"] is None
    finally:
        del sys.modules[module.__name__]
