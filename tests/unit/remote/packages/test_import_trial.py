"""Which modules are tried of a package."""

from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest
from installed_files import put
from seen_packages import Blender

PKGUTIL = "# Licence\n__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n"


@pytest.mark.parametrize(
    ("files", "modules"),
    [
        ({"br_alpha/__init__.py": "", "br_alpha/more.py": ""}, ["br_alpha"]),
        ({"br_one.py": "", "br_two/__init__.py": ""}, ["br_one", "br_two"]),
        # Namespaces: an import of one always works.
        ({"br_ns/sub/__init__.py": "", "br_ns/sub/more.py": ""}, ["br_ns.sub"]),
        ({"br_ns/a/b/c.py": "", "br_ns/a/d.py": ""}, ["br_ns.a.b.c", "br_ns.a.d"]),
        ({"br_ns/__init__.py": PKGUTIL, "br_ns/part.py": ""}, ["br_ns.part"]),
        ({"br_ns/__init__.py": f"{PKGUTIL}a = 1\n" * 9, "br_ns/part.py": ""}, ["br_ns"]),
        # A package beside single files that may be anything.
        ({"br_one.py": "", "examples/run.py": "", "examples/odd-name.py": ""}, ["br_one"]),
        ({"br_ns/sub/__init__.py": "", "br_ns/setup.py": ""}, ["br_ns.sub"]),
        # Nothing to import.
        ({}, []),
        ({"br_alpha-stubs/__init__.pyi": "", "br_alpha-stubs/more.py": ""}, []),
        ({"br_data/table.csv": "", "../../share/notes.txt": ""}, []),
        ({"br_closed/code.pyc": ""}, ["br_closed.code"]),
        ({f"br_ns/fast{EXTENSION_SUFFIXES[0]}": "", "br_ns/libfast.so": ""}, ["br_ns.fast"]),
        # For another Python.
        ({"br_ns/fast.cpython-27-x86_64-linux-gnu.so": ""}, []),
    ],
)
def test_by_its_files(
    blender: Blender, site: Path, files: dict[str, str], modules: list[str]
) -> None:
    put(site, "br-alpha", files=files)
    assert blender.look("br-alpha")[0]["modules"] == modules


@pytest.mark.parametrize(
    ("files", "declared", "modules"),
    [
        ({"br_alpha-stubs/__init__.pyi": ""}, "br_alpha-stubs\n", []),
        ({}, "\n", []),
        # Declared, and not there.
        ({"br_one.py": ""}, "br_gone\nbr_one\n", ["br_one"]),
        ({"elsewhere/br_one.py": ""}, "br_one\n", ["elsewhere.br_one"]),
    ],
)
def test_by_what_is_declared(
    blender: Blender, site: Path, files: dict[str, str], declared: str, modules: list[str]
) -> None:
    put(site, "br-alpha", files=files, top_level=declared)
    assert blender.look("br-alpha")[0]["modules"] == modules


def test_another_package_brings_the_init_file(blender: Blender, site: Path) -> None:
    put(site, "br-alpha")
    put(site, "br-addons", files={"br_alpha/extra/helper.py": ""})
    assert blender.look("br-addons")[0]["modules"] == ["br_alpha"]


def test_without_a_list_of_files(blender: Blender, site: Path) -> None:
    info = put(site, "br-alpha")
    (info / "RECORD").unlink()
    assert blender.look("br-alpha")[0]["modules"] == ["br_alpha"]
